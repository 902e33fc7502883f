#include "generator.hpp"

#include "check.hpp"
#include "names.hpp"

#include <google/protobuf/compiler/cpp/names.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/printer.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>

namespace hal::protoc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using google::protobuf::SourceLocation;
using google::protobuf::compiler::cpp::QualifiedClassName;
using google::protobuf::compiler::cpp::StripProto;
using google::protobuf::io::Printer;
using Variables = std::map<std::string, std::string>;

bool is_unary(const MethodDescriptor& method) {
  return !method.client_streaming() && !method.server_streaming();
}

std::string kind(const MethodDescriptor& method) {
  if (is_unary(method)) return "kUnary";
  if (!method.server_streaming()) return "kClientStreaming";
  return method.client_streaming() ? "kBidiStreaming" : "kServerStreaming";
}

template <class D>
bool has_comment(const D& descriptor) {
  SourceLocation place;
  return descriptor.GetSourceLocation(&place) &&
         !(place.leading_comments + place.trailing_comments).empty();
}

/// The .proto's comment in front of a service or method, and the one behind it on its line.
template <class D>
void print_comment(const D& descriptor, Printer& printer) {
  SourceLocation place;
  if (!descriptor.GetSourceLocation(&place)) return;
  std::istringstream text{place.leading_comments + place.trailing_comments};
  for (std::string line; std::getline(text, line);) {
    // A backslash at the end of a line would pull the next one into the comment.
    line.erase(line.find_last_not_of(" \t\r\\") + 1);
    printer.Print("///$line$\n", "line", line.empty() || line.starts_with(' ') ? line : " " + line);
  }
}

Variables variables(const MethodDescriptor& method) {
  return {{"method", method.name()},
          {"function", function_name(method.name())},
          {"kind", kind(method)},
          {"path", "/" + method.service()->full_name() + "/" + method.name()},
          {"request", QualifiedClassName(method.input_type())},
          {"response", QualifiedClassName(method.output_type())}};
}

class ServicePrinter {
 public:
  ServicePrinter(const ServiceDescriptor& service, Printer& printer)
      : service_{service},
        printer_{printer},
        class_{{"server", std::string{class_stem(service.name())} + "Service"},
               {"client", std::string{class_stem(service.name())} + "Client"},
               {"full_name", service.full_name()}} {}

  void print_server() {
    print_comment(service_, printer_);
    if (has_streams()) {
      if (has_comment(service_)) printer_.Print("///\n");
      printer_.Print(
          "/// Streaming methods have no function here: calls to them end with UNIMPLEMENTED.\n");
    }
    printer_.Print(class_,
                   "class $server$ : public ::hal::rpc::Service {\n"
                   " public:\n");
    printer_.Indent();
    print_aliases();
    for (int i = 0; i < service_.method_count(); ++i) print_virtual(*service_.method(i));
    printer_.Print(class_,
                   "[[nodiscard]] ::std::string_view full_name() const noexcept override {\n"
                   "  return \"$full_name$\";\n"
                   "}\n");
    print_table();
    printer_.Outdent();
    printer_.Print("};\n");
  }

  void print_client() {
    printer_.Print(class_,
                   "/// Calls $full_name$. A cheap copyable handle, as its channel is.\n"
                   "class $client$ {\n"
                   " public:\n");
    printer_.Indent();
    print_aliases();
    printer_.Print(
        class_,
        "explicit $client$(::hal::rpc::Channel channel) : channel_{::std::move(channel)} {}\n");
    for (int i = 0; i < service_.method_count(); ++i) print_call(*service_.method(i));
    printer_.Outdent();
    printer_.Print(
        "\n private:\n"
        "  ::hal::rpc::Channel channel_;\n"
        "};\n");
  }

 private:
  bool has_streams() const {
    for (int i = 0; i < service_.method_count(); ++i) {
      if (!is_unary(*service_.method(i))) return true;
    }
    return false;
  }

  /// Short names for the messages, so that a class derived from the service reads as the .proto.
  /// Left out where one would have two meanings.
  void print_aliases() {
    std::map<std::string, std::set<std::string>> types;
    for (int i = 0; i < service_.method_count(); ++i) {
      const MethodDescriptor& method = *service_.method(i);
      types[method.input_type()->name()].insert(QualifiedClassName(method.input_type()));
      types[method.output_type()->name()].insert(QualifiedClassName(method.output_type()));
    }
    for (int i = 0; i < service_.method_count(); ++i) {
      types.erase(function_name(service_.method(i)->name()));
    }
    bool any = false;
    for (const auto& [name, qualified] : types) {
      if (qualified.size() > 1 || name == class_.at("server") || name == class_.at("client")) {
        continue;
      }
      if (!qualified.begin()->ends_with(name)) continue;  // protoc had to rename it
      printer_.Print("using $name$ = $type$;\n", "name", name, "type", *qualified.begin());
      any = true;
    }
    if (any) printer_.Print("\n");
  }

  void print_virtual(const MethodDescriptor& method) {
    if (!is_unary(method)) return;
    print_comment(method, printer_);
    printer_.Print(variables(method),
                   "virtual ::hal::Task<::hal::Result<$response$>> $function$(\n"
                   "    $request$ request) = 0;\n"
                   "\n");
  }

  void print_table() {
    if (service_.method_count() == 0) {
      printer_.Print(
          "[[nodiscard]] ::std::span<const ::hal::rpc::Method> methods() const noexcept override "
          "{\n"
          "  return {};\n"
          "}\n");
      return;
    }
    printer_.Print(
        "[[nodiscard]] ::std::span<const ::hal::rpc::Method> methods() const noexcept override {\n"
        "  static constexpr ::hal::rpc::Method kMethods[] = {\n");
    for (int i = 0; i < service_.method_count(); ++i) print_row(*service_.method(i));
    printer_.Print(
        "  };\n"
        "  return kMethods;\n"
        "}\n");
  }

  void print_row(const MethodDescriptor& method) {
    Variables values = variables(method);
    values.insert(class_.begin(), class_.end());
    if (is_unary(method)) {
      printer_.Print(values,
                     "      {.name = \"$method$\",\n"
                     "       .kind = ::hal::rpc::MethodKind::$kind$,\n"
                     "       .run = &::hal::rpc::detail::run_unary<\n"
                     "           $server$, $request$, $response$,\n"
                     "           &$server$::$function$>},\n");
    } else {
      printer_.Print(values,
                     "      {.name = \"$method$\",\n"
                     "       .kind = ::hal::rpc::MethodKind::$kind$,\n"
                     "       .run = &::hal::rpc::detail::run_streaming},\n");
    }
  }

  void print_call(const MethodDescriptor& method) {
    if (!is_unary(method)) return;
    printer_.Print("\n");
    print_comment(method, printer_);
    printer_.Print(variables(method),
                   "[[nodiscard]] ::hal::Task<::hal::Result<$response$>> $function$(\n"
                   "    $request$ request, ::hal::rpc::CallOptions options = {}) const {\n"
                   "  return ::hal::rpc::detail::call_unary<$response$>(\n"
                   "      &channel_, \"$path$\", ::std::move(request),\n"
                   "      ::std::move(options));\n"
                   "}\n");
  }

  const ServiceDescriptor& service_;
  Printer& printer_;
  const Variables class_;
};

void print_file(const FileDescriptor& file, Printer& printer) {
  printer.Print(
      "// Generated by protoc-gen-hal from $file$: change that instead.\n"
      "#pragma once\n"
      "\n"
      "#include <hal/rpc/channel.hpp>\n"
      "#include <hal/rpc/service.hpp>\n"
      "\n"
      "#include \"$stem$.pb.h\"\n",
      "file", file.name(), "stem", StripProto(file.name()));
  if (file.service_count() == 0) return;
  printer.Print(
      "\n"
      "#include <span>\n"
      "#include <string_view>\n"
      "#include <utility>\n");
  const std::string space = cpp_namespace(file.package());
  if (!space.empty()) printer.Print("\nnamespace $space$ {\n", "space", space);
  for (int i = 0; i < file.service_count(); ++i) {
    ServicePrinter service{*file.service(i), printer};
    printer.Print("\n");
    service.print_server();
    printer.Print("\n");
    service.print_client();
  }
  if (!space.empty()) printer.Print("\n}  // namespace $space$\n", "space", space);
}

}  // namespace

bool Generator::Generate(const FileDescriptor* file, const std::string& parameter,
                         google::protobuf::compiler::GeneratorContext* context,
                         std::string* error) const {
  if (!parameter.empty()) {
    *error = "protoc-gen-hal has no parameter '" + parameter + "'";
    return false;
  }
  *error = first_problem(*file);
  if (!error->empty()) return false;
  const std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> out{
      context->Open(StripProto(file->name()) + ".hal.hpp")};
  Printer printer{out.get(), '$'};
  print_file(*file, printer);
  return true;
}

}  // namespace hal::protoc
