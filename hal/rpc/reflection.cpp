#include <hal/rpc/reflection.hpp>

#include <hal/async/scope.hpp>
#include <hal/rpc/reflection_index.hpp>

#include <hal/internal/reflection.pb.h>

#include <mutex>
#include <set>

namespace hal::rpc {
namespace {

using google::protobuf::FileDescriptor;
using internal::reflection::ServerReflectionRequest;
using internal::reflection::ServerReflectionResponse;
/// The files that a stream has been sent: none is sent twice (doc/server-reflection.md).
using Sent = std::set<const FileDescriptor*>;

void add_with_imports(const FileDescriptor& file, Sent& sent,
                      internal::reflection::FileDescriptorResponse& out) {
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  sent.insert(&file);
  out.add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) {
    if (!sent.contains(file.dependency(i))) add_with_imports(*file.dependency(i), sent, out);
  }
}

void not_found(std::string what, ServerReflectionResponse& out) {
  out.mutable_error_response()->set_error_code(static_cast<int>(Code::kNotFound));
  out.mutable_error_response()->set_error_message(std::move(what));
}

Task<> cancel_at_drain(Scope* scope, service::Drain* drain) {
  if (co_await drain->wait()) scope->cancel({Code::kUnavailable, "the server stops"});
}

}  // namespace

class ReflectionData::Impl {
 public:
  explicit Impl(std::vector<Entry> services) : services_{std::move(services)} {
    std::ranges::sort(services_, {}, &Entry::full_name);
  }

  void answer(const ServerReflectionRequest& request, Sent& sent,
              ServerReflectionResponse& out) const {
    std::call_once(filled_, [this] {
      // The user's own files first: one of them may import a public one.
      for (const bool renamed : {false, true}) {
        for (const auto& entry : services_) {
          if ((entry.full_name != entry.proto_name) == renamed) {
            index_.add(entry.full_name, entry.proto_name);
          }
        }
      }
    });
    switch (request.message_request_case()) {
      case ServerReflectionRequest::kListServices:
        for (const auto& entry : services_) {
          out.mutable_list_services_response()->add_service()->set_name(entry.full_name);
        }
        return;
      case ServerReflectionRequest::kAllExtensionNumbersOfType:
        return extensions(request.all_extension_numbers_of_type(), out);
      case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
        out.mutable_error_response()->set_error_code(static_cast<int>(Code::kInvalidArgument));
        out.mutable_error_response()->set_error_message("the request asks for nothing");
        return;
      default:
        return files(request, sent, out);
    }
  }

 private:
  void extensions(const std::string& type, ServerReflectionResponse& out) const {
    const auto numbers = index_.extensions(type);
    if (!numbers) return not_found("unknown type: " + type, out);
    auto& response = *out.mutable_all_extension_numbers_response();
    response.set_base_type_name(type);
    response.mutable_extension_number()->Add(numbers->begin(), numbers->end());
  }

  void files(const ServerReflectionRequest& request, Sent& sent,
             ServerReflectionResponse& out) const {
    const FileDescriptor* found = nullptr;
    std::string what;
    if (request.has_file_by_filename()) {
      found = index_.file(request.file_by_filename());
      what = "file: " + request.file_by_filename();
    } else if (request.has_file_containing_symbol()) {
      found = index_.file_with_symbol(request.file_containing_symbol());
      what = "symbol: " + request.file_containing_symbol();
    } else {
      const auto& extension = request.file_containing_extension();
      found = index_.file_with_extension(extension.containing_type(), extension.extension_number());
      what = fmt::format("extension: {} of {}", extension.extension_number(),
                         extension.containing_type());
    }
    if (found == nullptr) return not_found("unknown " + what, out);
    add_with_imports(*found, sent, *out.mutable_file_descriptor_response());
  }

  std::vector<Entry> services_;
  mutable std::once_flag filled_;
  mutable ReflectionIndex index_;
};

ReflectionData::ReflectionData(std::vector<Entry> services)
    : impl_{std::make_unique<Impl>(std::move(services))} {}
ReflectionData::~ReflectionData() = default;
const ReflectionData::Impl& ReflectionData::get() const { return *impl_; }

Reflection::Reflection(service::Host& host, std::string_view full_name,
                       std::shared_ptr<const ReflectionData> data)
    : host_{host}, full_name_{full_name}, data_{std::move(data)} {}

std::span<const Method> Reflection::methods() const noexcept {
  static constexpr Method kMethods[] = {
      {.name = "ServerReflectionInfo", .kind = MethodKind::kBidiStreaming, .run = &info},
  };
  return kMethods;
}

Task<Result<>> Reflection::info(Service& self, ServerStream& stream) {
  co_return co_await with_scope(info_in, static_cast<Reflection*>(&self), &stream);
}

Task<Result<>> Reflection::info_in(Scope& scope, Reflection* self, ServerStream* stream) {
  const unsigned worker = (co_await this_context()).loop->worker_index();
  scope.spawn(cancel_at_drain, &scope, self->host_.workers()[worker].drain);
  Sent sent;
  ServerReflectionRequest request;
  while (co_await or_return(stream->read(request))) {
    ServerReflectionResponse response;
    response.set_valid_host(request.host());
    *response.mutable_original_request() = request;
    self->data_->get().answer(request, sent, response);
    co_await or_return(stream->write(response));
    co_await or_return(stream->writable());
  }
  scope.cancel({Code::kCancelled, "the client has asked all it wanted"});
  co_return Result<>{};
}

}  // namespace hal::rpc
