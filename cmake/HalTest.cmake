# hal_unit_test(target name): makes the program <target>, whose sources are GoogleTest cases, the
# ctest test <name>. HAL_TESTDATA is the folder testdata/ beside the CMakeLists.txt that calls it.
# `ninja hal_unit_tests` builds all of them; their results land in <build>/test-results/<name>.json.
include_guard()

if(HAL_TESTS)
  add_custom_target(hal_unit_tests)
  add_library(hal_test_main STATIC "${CMAKE_SOURCE_DIR}/cmake/test_main.cpp")
  target_link_libraries(hal_test_main PRIVATE hal_warnings PUBLIC GTest::gmock)
  target_compile_definitions(hal_test_main PRIVATE HAL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
endif()

function(hal_unit_test target name)
  file(RELATIVE_PATH folder "${CMAKE_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE hal_warnings hal_test_main)
  target_compile_definitions(${target} PRIVATE HAL_TESTDATA="${folder}/testdata")
  hal_use_pch(${target} hal_test_pch)
  add_test(NAME ${name} COMMAND ${target})
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300
    ENVIRONMENT "GTEST_OUTPUT=json:${CMAKE_BINARY_DIR}/test-results/${name}.json")
  add_dependencies(hal_unit_tests ${target})
endfunction()

# hal_script_test(script): a python program of tests that closes with "N passed, N failed" becomes
# the ctest test of its name: `ctest -L tidy`.
find_program(HAL_PYTHON python3)

function(hal_script_test script)
  if(HAL_TESTS AND HAL_PYTHON)
    get_filename_component(name "${script}" NAME_WE)
    add_test(NAME ${name} COMMAND "${HAL_PYTHON}" "${CMAKE_CURRENT_SOURCE_DIR}/${script}")
    set_tests_properties(${name} PROPERTIES LABELS tidy TIMEOUT 120)
  endif()
endfunction()
