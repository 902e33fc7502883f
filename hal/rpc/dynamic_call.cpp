#include <hal/rpc/dynamic_call.hpp>

#include <hal/rpc/json.hpp>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/struct.pb.h>

#include <hal/internal/reflection.pb.h>

#include <map>

namespace hal::rpc {
namespace {

using google::protobuf::FileDescriptorProto;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using internal::reflection::ServerReflectionRequest;
using internal::reflection::ServerReflectionResponse;

constexpr std::string_view kReflection =
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
constexpr std::size_t kFilesMax = 256;

std::string methods_of(const ServiceDescriptor& service) {
  std::string names;
  for (int i = 0; i < service.method_count(); ++i) {
    names += fmt::format("{}{}", i == 0 ? "" : ", ", service.method(i)->name());
  }
  return names;
}

}  // namespace

class DynamicCall::Impl {
 public:
  Impl(Channel channel, std::string_view path) : channel_{std::move(channel)}, path_{path} {}

  Task<Result<>> prepare() {
    const auto slash = path_.rfind('/');
    const std::string service{path_.substr(1, slash - 1)};
    ServerReflectionRequest wanted;
    wanted.set_file_containing_symbol(service);
    auto asked = co_await ask(&wanted);
    if (!asked && asked.error().code() == Code::kUnimplemented) {
      as_json_ = true;
      co_return Result<>{};
    }
    const std::string file = co_await or_return(std::move(asked));
    co_await or_return(fetch_imports());
    co_await or_return(build(file));
    const auto* const found = pool_.FindServiceByName(service);
    if (found == nullptr)
      co_return error(Code::kInternal, "reflection gave files without " + service);
    method_ = found->FindMethodByName(std::string{path_.substr(slash + 1)});
    if (method_ == nullptr) {
      co_return error(Code::kNotFound, fmt::format("{} has no method {}; it has {}", service,
                                                   path_.substr(slash + 1), methods_of(*found)));
    }
    if (method_->client_streaming() || method_->server_streaming()) {
      co_return error(Code::kUnimplemented, fmt::format("{} has streams", method_->full_name()));
    }
    co_return Result<>{};
  }

  Task<Result<std::string>> send(std::string json) {
    if (as_json_) co_return co_await send_as_json(std::move(json));
    expects(method_ != nullptr, "a dynamic call is prepared before it is sent");
    const std::unique_ptr<google::protobuf::Message> request{
        messages_.GetPrototype(method_->input_type())->New()};
    const std::unique_ptr<google::protobuf::Message> response{
        messages_.GetPrototype(method_->output_type())->New()};
    if (const auto read = from_json(json, *request); !read) {
      co_return error(Code::kInvalidArgument, read.error().message());
    }
    co_await or_return(channel_.unary(path_, *request, *response));
    co_return to_json(*response);
  }

 private:
  /// One question; keeps the files of the answer and returns the name of the first one. A stream
  /// with one message either way looks like a unary call.
  Task<Result<std::string>> ask(const ServerReflectionRequest* request) {
    ServerReflectionResponse response;
    co_await or_return(channel_.unary(kReflection, *request, response));
    if (response.has_error_response()) {
      const auto& failure = response.error_response();
      co_return error(code_from_number(static_cast<std::uint64_t>(failure.error_code())),
                      "reflection: " + failure.error_message());
    }
    std::string first;
    for (const auto& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      FileDescriptorProto file;
      if (!file.ParseFromString(bytes)) co_return error(Code::kInternal, "reflection gave no file");
      if (first.empty()) first = file.name();
      files_.insert_or_assign(file.name(), std::move(file));
    }
    if (first.empty()) co_return error(Code::kInternal, "reflection gave no file");
    co_return first;
  }

  /// A Struct is any JSON object.
  Task<Result<std::string>> send_as_json(std::string json) {
    google::protobuf::Struct request;
    google::protobuf::Struct response;
    if (const auto read = from_json(json, request); !read) {
      co_return error(Code::kInvalidArgument, read.error().message());
    }
    const auto called = co_await channel_.unary(path_, request, response, {.codec = Codec::kJson});
    if (called) co_return to_json(response);
    switch (called.error().code()) {
      case Code::kUnimplemented:
      case Code::kInternal:
      case Code::kUnknown:
        co_return error(called.error().with_prefix(
            "sent as JSON, as the server has no reflection (grpc.reflection.v1)"));
      default:
        co_return error(called.error());
    }
  }

  /// What the files import and has not come with them.
  Task<Result<>> fetch_imports() {
    for (;;) {
      std::string missing;
      for (const auto& [name, file] : files_) {
        for (const auto& import : file.dependency()) {
          if (!files_.contains(import)) missing = import;
        }
      }
      if (missing.empty()) co_return Result<>{};
      if (files_.size() >= kFilesMax) {
        co_return error(Code::kResourceExhausted,
                        fmt::format("the service needs more than {} .proto files", kFilesMax));
      }
      ServerReflectionRequest wanted;
      wanted.set_file_by_filename(missing);
      co_await or_return(ask(&wanted));
      if (!files_.contains(missing)) {
        co_return error(Code::kInternal, "reflection does not give " + missing);
      }
    }
  }

  /// Imports first; `depth` bounds files that import each other, which are none.
  Result<> build(const std::string& name, std::size_t depth = 0) {
    if (pool_.FindFileByName(name) != nullptr) return {};
    const auto& file = files_.at(name);
    if (depth > kFilesMax) return error(Code::kInternal, name + " imports itself");
    for (const auto& import : file.dependency()) {
      if (auto built = build(import, depth + 1); !built) return built;
    }
    if (pool_.BuildFile(file) == nullptr) {
      return error(Code::kInternal, fmt::format("reflection gave a wrong {}", name));
    }
    return {};
  }

  const Channel channel_;
  const std::string_view path_;
  std::map<std::string, FileDescriptorProto> files_;
  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory messages_{&pool_};
  const MethodDescriptor* method_ = nullptr;
  bool as_json_ = false;
};

DynamicCall::DynamicCall(Channel channel, std::string_view path)
    : impl_{std::make_unique<Impl>(std::move(channel), path)} {
  expects(path.size() > 3 && path.front() == '/' && path.rfind('/') > 0,
          "a path is /package.Service/Method");
}
DynamicCall::~DynamicCall() = default;

Task<Result<>> DynamicCall::prepare() { co_return co_await impl_->prepare(); }
Task<Result<std::string>> DynamicCall::send(std::string json) {
  co_return co_await impl_->send(std::move(json));
}

}  // namespace hal::rpc
