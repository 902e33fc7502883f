#include <hal/rpc/server.hpp>

#include <hal/async/deadline.hpp>
#include <hal/rpc/dispatch.hpp>
#include <hal/telemetry/log.hpp>
#include <hal/transport/serve.hpp>

namespace hal::rpc {
namespace {

/// The method of a call that names none of ours: a client must not choose the names of spans
/// (OpenTelemetry rpc-spans.md, rpc.method).
constexpr std::string_view kOtherMethod = "_OTHER";

/// The innermost handler of a call: the user's method.
class MethodTerminal final : public service::Terminal {
 public:
  MethodTerminal(Result<Dispatcher::Target> target, ServerStream& stream)
      : target_{std::move(target)}, stream_{stream} {}

  Task<> run(service::Call& call) override {
    if (!target_) {
      call.status = target_.error();
      co_return;
    }
    auto outcome = co_await target_->method->run(*target_->service, stream_);
    if (!outcome) call.status = std::move(outcome.error());
  }

 private:
  const Result<Dispatcher::Target> target_;
  ServerStream& stream_;
};

/// An HTTP answer for what is no gRPC request; empty for a gRPC request.
std::optional<Headers> refuse(const Headers& request) {
  if (request.get(":method") != "POST") {
    return Headers{{":status", "405"}, {"allow", "POST"}};
  }
  const auto type = request.get("content-type").value_or("");
  const auto subtype = type.starts_with("application/grpc") ? type.substr(16) : "?";
  // Only protobuf messages are spoken here (PROTOCOL-HTTP2.md, Content-Type).
  if (subtype.empty() || subtype.starts_with(';') || subtype == "+proto" ||
      subtype.starts_with("+proto;")) {
    return std::nullopt;
  }
  return Headers{{":status", "415"},
                 {"content-type", "application/grpc"},
                 {"grpc-status", "13"},
                 {"grpc-message", wire::grpc::encode_message(fmt::format(
                                      "content-type '{}' is not application/grpc", type))}};
}

/// One worker's connections.
class WorkerConnections final : public transport::ConnectionHandler {
 public:
  WorkerConnections(const transport::Http2Options& options, transport::Http2Handler& handler,
                    service::Drain& drain)
      : options_{options}, handler_{handler}, drain_{drain} {}

  Task<> serve(std::unique_ptr<net::Stream> stream) override {
    const auto connection =
        transport::Http2Connection::server(std::move(stream), options_, handler_, drain_);
    if (auto ended = co_await connection->run(); !ended) {
      log::debug("connection of {} ended: {}", net::to_string(connection->peer()),
                 ended.error().to_string());
    }
  }

 private:
  const transport::Http2Options& options_;
  transport::Http2Handler& handler_;
  service::Drain& drain_;
};

}  // namespace

class Server::Impl final : public transport::Http2Handler {
 public:
  Impl(service::Host& host, ServerOptions options)
      : host_{host}, options_{std::move(options)}, layers_{host.server_layers()} {}

  void add(Service& service) { dispatcher_.add(service); }
  void layer(service::LayerPtr layer) { layers_.push_back(std::move(layer)); }

  Task<Result<>> run() {
    co_return co_await transport::serve_on_workers(
        host_, service::Protocol::kGrpc, [this](const service::Worker& worker) {
          return std::make_unique<WorkerConnections>(options_.http2, *this, *worker.drain);
        });
  }

  Task<> handle(std::unique_ptr<transport::Http2Stream> stream) override {
    if (auto refusal = refuse(stream->headers())) {
      (void)stream->respond(*refusal, true);
      co_return;
    }
    auto& promise = co_await hal::detail::this_promise();
    Context& outer = promise.context();
    ServerStream messages{*stream, options_.message_bytes_max};
    ServerCall call{messages};
    describe(*stream, call, messages);
    Context context = outer;
    context.stop = &stream->stop();
    context.call = &call;
    promise.use_context(context);
    try {
      auto target = dispatcher_.find(call.path);
      if (!target) call.method = kOtherMethod;
      MethodTerminal terminal{std::move(target), messages};
      co_await service::Next{layers_, terminal}(call);
    } catch (...) {
      // The panic layer stands inside; a layer of the user's may throw as well.
      promise.enter();
      call.status = status_of_current_exception();
      log::error("a layer threw: {}", call.status.message());
    }
    promise.use_context(outer);
    (void)messages.finish(call.status);  // it fails when the client is gone: nobody is left to tell
  }

 private:
  static void describe(transport::Http2Stream& stream, service::Call& call,
                       ServerStream& messages) {
    call.kind = service::Kind::kServer;
    call.protocol = service::Protocol::kGrpc;
    call.path = stream.headers().get(":path").value_or("");
    call.method = call.path.starts_with('/') ? call.path.substr(1) : call.path;
    call.peer_host = stream.connection().peer().host;
    call.peer_port = stream.connection().peer().port;
    call.request_headers = &stream.headers();
    call.response_headers = &messages.initial_metadata();
    if (const auto timeout = stream.headers().get("grpc-timeout")) {
      call.timeout = wire::grpc::parse_timeout(*timeout);
    }
  }

  service::Host& host_;
  const ServerOptions options_;
  service::Layers layers_;
  Dispatcher dispatcher_;
};

Server::Server(service::Host& host, ServerOptions options)
    : impl_{std::make_unique<Impl>(host, std::move(options))} {}
Server::Server(Server&&) noexcept = default;
Server::~Server() = default;

Server& Server::add(Service& service) & {
  impl_->add(service);
  return *this;
}
Server&& Server::add(Service& service) && { return std::move(add(service)); }
Server& Server::layer(service::LayerPtr layer) & {
  impl_->layer(std::move(layer));
  return *this;
}
Server&& Server::layer(service::LayerPtr layer) && { return std::move(this->layer(layer)); }

Task<Result<>> Server::run() { co_return co_await impl_->run(); }

}  // namespace hal::rpc
