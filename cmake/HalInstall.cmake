# `cmake --install <build> --prefix <prefix>`, and what find_package(hal9000) finds there: the
# modules as hal9000::<name>, the protoc plugin, hal_proto(). The prefix may be moved afterwards.
# Headers lie in include/hal9000, a folder that only these targets add to the include path.
include_guard()

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(HAL_INSTALL_INCLUDEDIR "${CMAKE_INSTALL_INCLUDEDIR}/hal9000")
set(HAL_INSTALL_CMAKEDIR "${CMAKE_INSTALL_LIBDIR}/cmake/hal9000")

# hal_install_library(target name): as hal9000::<name>.
function(hal_install_library target name)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  install(TARGETS ${target} EXPORT hal9000
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    INCLUDES DESTINATION "${HAL_INSTALL_INCLUDEDIR}")
endfunction()

# hal_install_module(name private_header...): the library and the headers of the calling folder,
# without its test doubles and the private ones.
function(hal_install_module name)
  hal_install_library(hal_${name} ${name})
  set(private "")
  foreach(header IN LISTS ARGN)
    if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${header}")
      message(FATAL_ERROR "hal_module(${name}): there is no private header ${header}")
    endif()
    list(APPEND private PATTERN "${header}" EXCLUDE)
  endforeach()
  install(DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/"
    DESTINATION "${HAL_INSTALL_INCLUDEDIR}/hal/${name}"
    FILES_MATCHING PATTERN "*.hpp"
    REGEX "/test(ing|data)$" EXCLUDE
    ${private})
endfunction()

# The programs, the documents and the package itself, once all modules are defined.
function(hal_install_package)
  install(TARGETS hal hal9000-api hal9000-auth hal9000-greeter
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  install(TARGETS protoc-gen-hal EXPORT hal9000 RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  install(EXPORT hal9000 NAMESPACE hal9000:: FILE hal9000Targets.cmake
    DESTINATION "${HAL_INSTALL_CMAKEDIR}")

  set(config "${CMAKE_BINARY_DIR}/hal9000Config.cmake")
  configure_package_config_file("${CMAKE_SOURCE_DIR}/cmake/hal9000Config.cmake.in" "${config}"
    INSTALL_DESTINATION "${HAL_INSTALL_CMAKEDIR}" NO_SET_AND_CHECK_MACRO)
  # Below 1.0 a minor version may change what users see.
  set(version "${CMAKE_BINARY_DIR}/hal9000ConfigVersion.cmake")
  write_basic_package_version_file("${version}" COMPATIBILITY SameMinorVersion)
  install(FILES "${config}" "${version}" "${CMAKE_SOURCE_DIR}/cmake/HalCompiler.cmake"
    "${CMAKE_SOURCE_DIR}/cmake/HalDependencies.cmake" "${CMAKE_SOURCE_DIR}/cmake/HalProto.cmake"
    DESTINATION "${HAL_INSTALL_CMAKEDIR}")

  install(FILES LICENSE README.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
  install(DIRECTORY docs DESTINATION "${CMAKE_INSTALL_DOCDIR}" FILES_MATCHING PATTERN "*.md")
endfunction()
