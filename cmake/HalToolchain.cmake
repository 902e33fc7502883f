# The compiler, the warnings and the libraries every module shares.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    message(FATAL_ERROR "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles aggregate temporaries in "
      "co_await expressions (it frees a bad pointer): use clang 19, as the presets do")
  endif()
  message(WARNING "g++ ${CMAKE_CXX_COMPILER_VERSION} is untested with hal9000: clang 19 is the "
    "compiler it is built and tested with")
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

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(Protobuf REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
if(HAL_TESTS)
  find_package(GTest REQUIRED)
endif()

add_library(hal_warnings INTERFACE)
target_compile_options(hal_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
