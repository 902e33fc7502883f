// Private to the module: the descriptors that reflection serves, under the services' public names.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <optional>
#include <string>
#include <vector>

namespace hal::rpc {

/// Immutable once it is filled; thread-safe then.
class ReflectionIndex {
 public:
  /// Copies the file of a service, and what it imports, out of the generated pool. A service whose
  /// `proto_name` is not its `full_name` is served as if its .proto had been written in the package
  /// of `full_name`: "grpc.health.v1.Health" lies in "grpc/health/v1/health.proto". A service
  /// without descriptors (lite) is left out.
  void add(std::string_view full_name, std::string_view proto_name);

  /// These return null for a name that is not known.
  [[nodiscard]] const google::protobuf::FileDescriptor* file(const std::string& name) const;
  [[nodiscard]] const google::protobuf::FileDescriptor* file_with_symbol(
      const std::string& symbol) const;
  [[nodiscard]] const google::protobuf::FileDescriptor* file_with_extension(const std::string& type,
                                                                            int number) const;
  /// In ascending order; nullopt for a type that is not known.
  [[nodiscard]] std::optional<std::vector<int>> extensions(const std::string& type) const;

 private:
  void add_file(const google::protobuf::FileDescriptor& file);
  void add_renamed(const google::protobuf::FileDescriptor& file, const std::string& package);

  google::protobuf::DescriptorPool pool_;
};

}  // namespace hal::rpc
