# The compiler, the warnings and the libraries every module shares.
include(HalCompiler)
hal_check_compiler(reason)
if(reason)
  message(FATAL_ERROR "${reason}")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(THREADS_PREFER_PTHREAD_FLAG ON)

find_program(HAL_CCACHE ccache)
if(HAL_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_SOURCE_DIR}/cmake/compiler-cache" "${HAL_CCACHE}"
    "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}")
endif()

# As find_package(hal9000 REQUIRED) does it for users of an installed hal9000.
set(CMAKE_FIND_PACKAGE_NAME hal9000)
set(hal9000_FIND_REQUIRED ON)
include(HalDependencies)
if(hal9000_NOT_FOUND_MESSAGE)
  message(FATAL_ERROR "${hal9000_NOT_FOUND_MESSAGE}")
endif()
if(HAL_TESTS)
  find_package(GTest REQUIRED)
endif()

add_library(hal_warnings INTERFACE)
target_compile_options(hal_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
