#include "check.hpp"

#include "names.hpp"

#include <google/protobuf/descriptor.pb.h>

#include <fmt/format.h>

#include <map>

namespace hal::protoc {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using google::protobuf::SourceLocation;

template <class Descriptor>
std::string at(const Descriptor& descriptor, const std::string& problem) {
  SourceLocation place;
  const int line = descriptor.GetSourceLocation(&place) ? place.start_line + 1 : 0;
  return fmt::format("{}:{}: {}", descriptor.file()->name(), line, problem);
}

std::string check_methods(const ServiceDescriptor& service) {
  std::map<std::string, const MethodDescriptor*> functions;
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& method = *service.method(i);
    const auto [before, added] = functions.emplace(function_name(method.name()), &method);
    if (!added) {
      return at(method, fmt::format("rpc {} and rpc {} would both be the function {}()",
                                    before->second->name(), method.name(), before->first));
    }
  }
  return {};
}

/// Who has this name in the file's namespace already; empty when it is free.
std::string owner_of(const FileDescriptor& file, const std::string& name) {
  if (file.FindMessageTypeByName(name) != nullptr) return "message " + name;
  if (file.FindEnumTypeByName(name) != nullptr) return "enum " + name;
  // protoc's own service classes, see cc_generic_services in descriptor.proto.
  if (file.options().cc_generic_services() && file.FindServiceByName(name) != nullptr) {
    return "the class that cc_generic_services makes of service " + name;
  }
  return {};
}

}  // namespace

std::string first_problem(const FileDescriptor& file) {
  std::map<std::string, const ServiceDescriptor*> classes;
  for (int i = 0; i < file.service_count(); ++i) {
    const ServiceDescriptor& service = *file.service(i);
    for (const char* const suffix : {"Service", "Client"}) {
      const std::string name = std::string{class_stem(service.name())} + suffix;
      if (const std::string owner = owner_of(file, name); !owner.empty()) {
        return at(service, fmt::format("service {} would be the class {}, which {} is already",
                                       service.name(), name, owner));
      }
      const auto [before, added] = classes.emplace(name, &service);
      if (!added) {
        return at(service, fmt::format("service {} and service {} would both be the class {}",
                                       before->second->name(), service.name(), name));
      }
    }
    if (std::string problem = check_methods(service); !problem.empty()) return problem;
  }
  return {};
}

}  // namespace hal::protoc
