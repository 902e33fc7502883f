# hal_proto(TARGET file.proto... [IMPORT_DIRS dir...] [LIBS target...])
#
# A static library TARGET of the messages, clients and services of .proto files: <name>.pb.h and
# <name>.hal.hpp. A file lies in the calling folder or below; it is included, and imported by other
# .proto files, by its path from there. IMPORT_DIRS are more places to import from; LIBS are the
# hal_proto targets that hold the imported files.
# The plugin and hal9000::rpc may be defined later in the same build: they are looked up when it is
# generated. Generated code is compiled without warnings, its headers count as system headers.
include_guard()

function(hal_proto target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "IMPORT_DIRS;LIBS")
  set(protos ${arg_UNPARSED_ARGUMENTS})
  if(NOT protos)
    message(FATAL_ERROR "hal_proto(${target}): no .proto file is given")
  endif()
  set(imports "--proto_path=${CMAKE_CURRENT_SOURCE_DIR}")
  foreach(folder IN LISTS arg_IMPORT_DIRS)
    get_filename_component(folder "${folder}" ABSOLUTE)
    list(APPEND imports "--proto_path=${folder}")
  endforeach()
  set(plugin protoc-gen-hal)
  if(TARGET hal9000::protoc-gen-hal)  # installed, found by find_package(hal9000)
    set(plugin hal9000::protoc-gen-hal)
  endif()
  # A folder of its own: two targets of one CMakeLists.txt see just their own headers.
  set(out "${CMAKE_CURRENT_BINARY_DIR}/${target}.dir")
  file(MAKE_DIRECTORY "${out}")

  set(sources "")
  foreach(proto IN LISTS protos)
    get_filename_component(proto "${proto}" ABSOLUTE)
    file(RELATIVE_PATH name "${CMAKE_CURRENT_SOURCE_DIR}" "${proto}")
    if(name MATCHES "^\\.\\./" OR NOT name MATCHES "\\.proto$")
      message(FATAL_ERROR "hal_proto(${target}): ${name} is no .proto of this folder")
    endif()
    string(REGEX REPLACE "\\.proto$" "" stem "${name}")
    set(outputs "${out}/${stem}.pb.cc" "${out}/${stem}.pb.h" "${out}/${stem}.hal.hpp")
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND protobuf::protoc ${imports} "--cpp_out=${out}"
        "--plugin=protoc-gen-hal=$<TARGET_FILE:${plugin}>" "--hal_out=${out}" "${name}"
      DEPENDS "${proto}" ${plugin}
      WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
      COMMENT "Generating ${stem}.pb.h and ${stem}.hal.hpp"
      VERBATIM)
    list(APPEND sources ${outputs})
  endforeach()

  add_library(${target} STATIC ${sources})
  target_include_directories(${target} SYSTEM PUBLIC "$<BUILD_INTERFACE:${out}>")
  target_link_libraries(${target} PUBLIC hal9000::rpc protobuf::libprotobuf ${arg_LIBS})
  target_compile_options(${target} PRIVATE -w)
endfunction()
