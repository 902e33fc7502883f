# hal_module(NAME [NO_INSTALL] [DEPS module...] [LIBS target...] [PRIVATE_LIBS target...]
#            [TEST_DEPS target...] [PRIVATE_HEADERS file...])
#
# One folder, one library hal_<NAME> (alias hal9000::<NAME>), its unit tests and, where there is a
# folder testing/, its test doubles hal_<NAME>_testing. Sources are all *.cpp of the folder;
# *_test.cpp are the tests, linked into one program hal_<NAME>_test.
# DEPS name hal modules of lower layers; LIBS are seen by users of the module, PRIVATE_LIBS not;
# TEST_DEPS are linked into the tests only.
# Users of an installed hal9000 see neither PRIVATE_HEADERS, which no other header may include, nor
# modules with NO_INSTALL, which are parts of our own programs.
include_guard()

include(HalPch)
include(HalTest)

function(hal_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NO_INSTALL" ""
    "DEPS;LIBS;PRIVATE_LIBS;TEST_DEPS;PRIVATE_HEADERS")
  file(GLOB sources CONFIGURE_DEPENDS *.cpp */*.cpp */*/*.cpp)
  set(tests ${sources})
  set(doubles ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER doubles INCLUDE REGEX "/testing/[^/]*\\.cpp$")
  list(FILTER doubles EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(_test\\.cpp$|/testing/)")
  list(TRANSFORM arg_DEPS PREPEND hal_ OUTPUT_VARIABLE deps)

  if(sources)
    add_library(hal_${name} STATIC ${sources})
    target_include_directories(hal_${name} PUBLIC "$<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>")
    target_compile_features(hal_${name} PUBLIC cxx_std_23)  # what users compile with at least
    target_link_libraries(hal_${name} PUBLIC ${deps} ${arg_LIBS} fmt::fmt Threads::Threads
      PRIVATE $<BUILD_INTERFACE:hal_warnings> ${arg_PRIVATE_LIBS})
    set_target_properties(hal_${name} PROPERTIES OUTPUT_NAME hal9000-${name})
    hal_use_pch(hal_${name} hal_pch)
    set(scope PUBLIC)
  else()
    add_library(hal_${name} INTERFACE)
    target_include_directories(hal_${name} INTERFACE "$<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>")
    target_link_libraries(hal_${name} INTERFACE ${deps} ${arg_LIBS} fmt::fmt Threads::Threads)
  endif()
  add_library(hal9000::${name} ALIAS hal_${name})
  if(NOT arg_NO_INSTALL)
    hal_install_module(${name} ${arg_PRIVATE_HEADERS})
  endif()

  if(doubles)
    add_library(hal_${name}_testing STATIC ${doubles})
    target_link_libraries(hal_${name}_testing PUBLIC hal_${name} PRIVATE hal_warnings)
    hal_use_pch(hal_${name}_testing hal_pch)
  endif()
  if(HAL_TESTS AND tests)
    add_executable(hal_${name}_test ${tests})
    target_link_libraries(hal_${name}_test PRIVATE hal_${name} ${arg_TEST_DEPS} ${arg_PRIVATE_LIBS})
    foreach(module ${name} ${arg_DEPS})
      if(TARGET hal_${module}_testing)
        target_link_libraries(hal_${name}_test PRIVATE hal_${module}_testing)
      endif()
    endforeach()
    hal_unit_test(hal_${name}_test ${name})
  endif()
endfunction()
