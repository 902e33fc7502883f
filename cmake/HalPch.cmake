# Two precompiled headers for the whole build: hal_pch for libraries and programs, hal_test_pch for
# tests. A target takes one with hal_use_pch(<target> <pch>).
include_guard()

function(hal_pch_target name header)
  add_library(${name} OBJECT "${CMAKE_SOURCE_DIR}/cmake/pch.cpp")
  target_link_libraries(${name} PRIVATE hal_warnings fmt::fmt ${ARGN})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}")
  # In angle brackets the generated header names no absolute path: see compiler-cache.
  target_precompile_headers(${name} PRIVATE <${header}>)
  target_compile_options(${name} PRIVATE -Xclang -fno-pch-timestamp)
  if(HAL_PCH_SUM)
    get_target_property(folder ${name} BINARY_DIR)
    file(CONFIGURE OUTPUT "${folder}/CMakeFiles/${name}.dir/cmake_pch.hxx.pch.sum"
      CONTENT "@HAL_PCH_SUM@\n" @ONLY)
  endif()
endfunction()

# What ccache hashes in place of the precompiled headers: the content of every header inside them.
# A change of any of them configures again, so the sum is never stale.
function(hal_pch_sum result)
  set(${result} "" PARENT_SCOPE)
  set(root cmake/pch.hpp)
  if(HAL_TESTS)
    set(root cmake/test_pch.hpp)
  endif()
  execute_process(
    COMMAND ${CMAKE_CXX_COMPILER} -std=c++23 -DFMT_SHARED -I. -M -MT x ${root}
    WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}"
    OUTPUT_VARIABLE rule RESULT_VARIABLE failed ERROR_QUIET)
  if(failed)
    return()
  endif()
  string(REGEX MATCHALL "[^ :\\\n]+" headers "${rule}")
  list(REMOVE_AT headers 0)
  set(sums "")
  foreach(header IN LISTS headers)
    get_filename_component(header "${header}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
    file(SHA256 "${header}" sum)
    string(APPEND sums "${sum}")
    set_property(DIRECTORY "${CMAKE_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
      "${header}")
  endforeach()
  string(SHA256 sum "${sums}")
  set(${result} "${sum}" PARENT_SCOPE)
endfunction()

function(hal_pch_targets)
  if(HAL_CCACHE)
    hal_pch_sum(HAL_PCH_SUM)
  endif()
  hal_pch_target(hal_pch cmake/pch.hpp)
  if(HAL_TESTS)
    hal_pch_target(hal_test_pch cmake/test_pch.hpp GTest::gmock)
  endif()
endfunction()

function(hal_use_pch target pch)
  target_compile_options(${target} PRIVATE -Xclang -fno-pch-timestamp)
  target_precompile_headers(${target} REUSE_FROM ${pch})
endfunction()
