#include <hal/rpc/channel.hpp>

#include <hal/async/deadline.hpp>
#include <hal/rpc/client_call.hpp>
#include <hal/rpc/connections.hpp>
#include <hal/rpc/message.hpp>
#include <hal/rpc/metadata.hpp>

namespace hal::rpc {

class Channel::Impl {
 public:
  Impl(service::Host& host, std::string service, ChannelOptions options)
      : host_{host},
        service_{std::move(service)},
        options_{std::move(options)},
        slots_(host.workers().size()) {}

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    const auto workers = host_.workers();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i] == nullptr) continue;
      workers[i].loop->post([connections = std::move(slots_[i])] { connections->close(); });
    }
  }

  [[nodiscard]] const std::string& service() const noexcept { return service_; }
  [[nodiscard]] const ChannelOptions& options() const noexcept { return options_; }

  /// The calling worker's connections: only that worker ever touches the slot.
  Connections& connections(const Context& context) {
    const std::size_t index = context.loop->worker_index();
    expects(index < slots_.size(), "a channel is used on a worker of its host");
    auto& slot = slots_[index];
    if (slot == nullptr) slot = std::make_shared<Connections>(host_, service_, options_);
    return *slot;
  }

  Task<Result<>> call(std::string_view method, const google::protobuf::MessageLite& request,
                      google::protobuf::MessageLite& response, CallOptions& options) {
    const Context& context = co_await this_context();
    const std::string path = fmt::format("/{}", method);
    Headers headers = request_headers(path);
    copy_metadata(options.metadata, headers);
    service::Call call{.kind = service::Kind::kClient,
                       .protocol = service::Protocol::kGrpc,
                       .method = method,
                       .path = path,
                       .peer_host = service_,
                       .request_headers = &headers};
    ClientCall exchange{connections(context), request, response, options,
                        options_.message_bytes_max};
    co_await service::Next{host_.client_layers(), exchange}(call);
    if (!call.status.ok()) co_return error(std::move(call.status));
    co_return Result<>{};
  }

 private:
  Headers request_headers(std::string_view path) const {
    return {{":method", "POST"},      {":scheme", "http"}, {":path", path},
            {":authority", service_}, {"te", "trailers"},  {"content-type", "application/grpc"},
            {"user-agent", "hal9000"}};
  }

  service::Host& host_;
  const std::string service_;
  const ChannelOptions options_;
  std::vector<std::shared_ptr<Connections>> slots_;
};

Channel::Channel(service::Host& host, std::string service, ChannelOptions options)
    : impl_{std::make_shared<Impl>(host, std::move(service), std::move(options))} {}

const std::string& Channel::service() const noexcept { return impl_->service(); }

Task<Result<>> Channel::unary(std::string_view method, const google::protobuf::MessageLite& request,
                              google::protobuf::MessageLite& response, CallOptions options) const {
  const Context& context = co_await this_context();
  TimePoint deadline = kNoDeadline;
  if (options.timeout) {
    deadline = saturating_add(context.loop->now(), *options.timeout);
  } else if (context.deadline == kNoDeadline) {
    deadline = saturating_add(context.loop->now(), impl_->options().default_timeout);
  }
  if (deadline >= context.deadline) {
    co_return co_await impl_->call(method, request, response, options);
  }
  co_return co_await with_deadline(deadline, impl_->call(method, request, response, options));
}

}  // namespace hal::rpc
