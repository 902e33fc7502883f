#include <hal/rpc/reflection_index.hpp>

#include <algorithm>
#include <string_view>

namespace hal::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::DescriptorProto;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;

/// ".old.Type" -> ".new.Type"; other types stay.
void move_type(const std::string& from, const std::string& to, std::string& type) {
  if (type.starts_with(from)) type.replace(0, from.size(), to);
}

void move_types(const std::string& from, const std::string& to, DescriptorProto& message) {
  for (auto& field : *message.mutable_field()) {
    if (field.has_type_name()) move_type(from, to, *field.mutable_type_name());
  }
  for (auto& nested : *message.mutable_nested_type()) move_types(from, to, nested);
}

std::string package_of(std::string_view full_name) {
  const auto dot = full_name.rfind('.');
  return std::string{full_name.substr(0, dot == std::string_view::npos ? 0 : dot)};
}

/// "grpc.health.v1" and "hal/internal/health.proto" -> "grpc/health/v1/health.proto"
std::string path_in(std::string package, std::string_view file) {
  std::ranges::replace(package, '.', '/');
  return package + std::string{file.substr(std::min(file.rfind('/'), file.size()))};
}

}  // namespace

void ReflectionIndex::add(std::string_view full_name, std::string_view proto_name) {
  const auto* const service =
      DescriptorPool::generated_pool()->FindServiceByName(std::string{proto_name});
  if (service == nullptr) return;
  if (full_name == proto_name) return add_file(*service->file());
  // A .proto of the user's may import the public file: then it is here already.
  if (pool_.FindServiceByName(std::string{full_name}) != nullptr) return;
  add_renamed(*service->file(), package_of(full_name));
}

void ReflectionIndex::add_file(const FileDescriptor& file) {
  if (pool_.FindFileByName(file.name()) != nullptr) return;
  for (int i = 0; i < file.dependency_count(); ++i) add_file(*file.dependency(i));
  FileDescriptorProto proto;
  file.CopyTo(&proto);
  file.CopyJsonNameTo(&proto);
  pool_.BuildFile(proto);
}

void ReflectionIndex::add_renamed(const FileDescriptor& file, const std::string& package) {
  for (int i = 0; i < file.dependency_count(); ++i) add_file(*file.dependency(i));
  FileDescriptorProto proto;
  file.CopyTo(&proto);
  const std::string from = "." + file.package() + ".";
  const std::string to = "." + package + ".";
  for (auto& message : *proto.mutable_message_type()) move_types(from, to, message);
  for (auto& service : *proto.mutable_service()) {
    for (auto& method : *service.mutable_method()) {
      move_type(from, to, *method.mutable_input_type());
      move_type(from, to, *method.mutable_output_type());
    }
  }
  proto.set_name(path_in(package, file.name()));
  proto.set_package(package);
  if (pool_.FindFileByName(proto.name()) == nullptr) pool_.BuildFile(proto);
}

const FileDescriptor* ReflectionIndex::file(const std::string& name) const {
  return pool_.FindFileByName(name);
}

const FileDescriptor* ReflectionIndex::file_with_symbol(const std::string& symbol) const {
  return pool_.FindFileContainingSymbol(symbol);
}

const FileDescriptor* ReflectionIndex::file_with_extension(const std::string& type,
                                                           int number) const {
  const Descriptor* const extended = pool_.FindMessageTypeByName(type);
  if (extended == nullptr) return nullptr;
  const auto* const extension = pool_.FindExtensionByNumber(extended, number);
  return extension == nullptr ? nullptr : extension->file();
}

std::optional<std::vector<int>> ReflectionIndex::extensions(const std::string& type) const {
  const Descriptor* const extended = pool_.FindMessageTypeByName(type);
  if (extended == nullptr) return std::nullopt;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  pool_.FindAllExtensions(extended, &fields);
  std::vector<int> numbers;
  for (const auto* field : fields) numbers.push_back(field->number());
  std::ranges::sort(numbers);
  return numbers;
}

}  // namespace hal::rpc
