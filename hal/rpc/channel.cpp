#include <hal/rpc/channel.hpp>

#include <hal/async/deadline.hpp>
#include <hal/rpc/authority.hpp>
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
        authority_{authority_of(service_)},
        options_{with_tls_name(std::move(options), service_)},
        tls_{make_tls(options_)},
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
    if (slot == nullptr) {
      slot = std::make_shared<Connections>(host_, service_, options_, tls_.value_or(std::nullopt));
    }
    return *slot;
  }
  /// What is wrong with the options of TLS.
  [[nodiscard]] Result<> usable() const {
    return tls_ ? Result<>{} : error(tls_.error().with_prefix(service_));
  }

  [[nodiscard]] const service::Layers& layers() const noexcept {
    return options_.layers ? *options_.layers : host_.client_layers();
  }

  [[nodiscard]] TimePoint deadline(const CallOptions& options, const Context& context) const {
    if (options.timeout) return saturating_add(context.loop->now(), *options.timeout);
    if (context.deadline != kNoDeadline) return kNoDeadline;  // the Context's holds
    return saturating_add(context.loop->now(), options_.default_timeout);
  }

  Headers request_headers(std::string_view path, const CallOptions& options) const {
    Headers headers;
    // Room for what layers add: the trace headers of both formats.
    headers.reserve(20 + options.metadata.size(), 768 + options.metadata.byte_size());
    headers.add(":method", "POST");
    headers.add(":scheme", options_.tls ? "https" : "http");
    headers.add(":path", path);
    headers.add(":authority", authority_);
    headers.add("te", "trailers");
    headers.add("content-type", content_type_of(options.codec));
    headers.add("user-agent", "hal9000");
    copy_metadata(options.metadata, headers);
    return headers;
  }

 private:
  static ChannelOptions with_tls_name(ChannelOptions options, std::string_view service) {
    if (options.tls_name.empty()) options.tls_name = tls_host_of(service);
    return options;
  }
  static Result<std::optional<net::TlsClient>> make_tls(const ChannelOptions& options) {
    if (!options.tls) return std::nullopt;
    auto with_protocol = *options.tls;
    with_protocol.alpn = {std::string{service::alpn_of(service::Protocol::kGrpc)}};
    auto made = net::TlsClient::make(with_protocol);
    if (!made) return error(std::move(made.error()));
    return std::move(*made);
  }

  service::Host& host_;
  const std::string service_;
  const std::string authority_;
  const ChannelOptions options_;
  const Result<std::optional<net::TlsClient>> tls_;
  std::vector<std::shared_ptr<Connections>> slots_;
};

Channel::Channel(service::Host& host, std::string service, ChannelOptions options)
    : impl_{std::make_shared<Impl>(host, std::move(service), std::move(options))} {}

const std::string& Channel::service() const noexcept { return impl_->service(); }

Task<Result<>> Channel::unary(std::string_view path, const google::protobuf::MessageLite& request,
                              google::protobuf::MessageLite& response, CallOptions options) const {
  co_await or_return(impl_->usable());
  auto& promise = co_await hal::detail::this_promise();
  Context& outer = promise.context();
  DeadlineContext scope{outer, impl_->deadline(options, outer)};
  promise.use_context(scope.context());
  Headers headers = impl_->request_headers(path, options);
  service::Call call{.kind = service::Kind::kClient,
                     .protocol = service::Protocol::kGrpc,
                     .method = path.substr(1),
                     .path = path,
                     .peer_host = impl_->service(),
                     .request_headers = &headers};
  ClientCall exchange{impl_->connections(outer), request, response, options, impl_->options()};
  co_await service::Next{impl_->layers(), exchange}(call);
  promise.use_context(outer);
  if (!call.status.ok()) co_return error(std::move(call.status));
  co_return Result<>{};
}

}  // namespace hal::rpc
