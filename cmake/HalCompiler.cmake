# hal_check_compiler(result): sets <result> to why this C++ compiler cannot build hal9000, or what
# uses it; to nothing when it can. Warns of one that nobody has tried. Part of the installed package
# too.
include_guard()

function(hal_check_compiler result)
  set(compiler "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
  set(use "use clang 19: -DCMAKE_CXX_COMPILER=clang++-19")
  set(reason "")
  if(NOT CMAKE_CXX_COMPILER_LOADED)
    set(reason "hal9000 needs the language CXX: name it in project() or enable_language()")
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      set(reason "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles aggregate temporaries in co_await "
        "expressions (it frees a bad pointer): ${use}")
    else()
      message(WARNING "g++ ${CMAKE_CXX_COMPILER_VERSION} is untested with hal9000: clang 19 is the "
        "compiler it is built and tested with")
    endif()
  elseif(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(WARNING "${compiler} is untested with hal9000: clang 19 is the compiler it is built "
      "and tested with")
  elseif(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
    set(reason "clang ${CMAKE_CXX_COMPILER_VERSION} lacks C++23 that hal9000 is written in "
      "(std::expected of libstdc++): ${use}")
  endif()
  list(JOIN reason "" reason)
  set(${result} "${reason}" PARENT_SCOPE)
endfunction()
