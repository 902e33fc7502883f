# The libraries that hal9000's are made of: found by its build, and by find_package(hal9000) in the
# builds of its users, who link the static libraries with all that these need.
include(CMakeFindDependencyMacro)

find_dependency(Threads)
find_dependency(Boost 1.81 COMPONENTS json url)
find_dependency(Protobuf)
find_dependency(fmt)
find_dependency(yaml-cpp)
find_dependency(OpenSSL 3.0)
find_dependency(ZLIB)
find_dependency(PkgConfig)
pkg_check_modules(NGHTTP2 QUIET IMPORTED_TARGET libnghttp2)
if(NOT NGHTTP2_FOUND)
  set(${CMAKE_FIND_PACKAGE_NAME}_NOT_FOUND_MESSAGE "pkg-config finds no libnghttp2")
  set(${CMAKE_FIND_PACKAGE_NAME}_FOUND FALSE)
endif()
