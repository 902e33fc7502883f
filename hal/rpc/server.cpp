#include <hal/rpc/server.hpp>

#include <hal/async/deadline.hpp>
#include <hal/base/ascii.hpp>
#include <hal/rpc/dispatch.hpp>
#include <hal/rpc/go_micro.hpp>
#include <hal/rpc/reflection.hpp>
#include <hal/service/layers/trace/trace.hpp>
#include <hal/service/refusals.hpp>
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

/// How the messages are written; nullopt for what is no gRPC (PROTOCOL-HTTP2.md, Content-Type).
std::optional<Codec> codec_of(std::string_view type) {
  constexpr std::string_view kGrpc = "application/grpc";
  if (!type.starts_with(kGrpc)) return std::nullopt;
  const auto subtype = type.substr(kGrpc.size(), type.find(';') - kGrpc.size());
  if (subtype.empty() || subtype == "+proto") return Codec::kProto;
  if (subtype == "+json") return Codec::kJson;
  return std::nullopt;
}

/// An HTTP answer for what is no gRPC request.
Headers refusal_of(const Headers& request) {
  if (request.get(":method") != "POST") {
    return {{":status", "405"}, {"allow", "POST"}};
  }
  return {{":status", "415"},
          {"content-type", "application/grpc"},
          {"grpc-status", "13"},
          {"grpc-message",
           wire::grpc::encode_message(fmt::format("content-type '{}' is not application/grpc",
                                                  request.get("content-type").value_or("")))}};
}

ServerOptions with_defaults(ServerOptions options, const service::Host& host) {
  if (options.http2.age_max == options.http2.age_max.zero()) {
    options.http2.age_max = host.connection_age().max;
    options.http2.age_grace = host.connection_age().grace;
  }
  // gRPC clients read a 431 as UNKNOWN: they are told in their own terms.
  auto& settings = options.http2.settings;
  if (settings.header_list_answer.get(":status") == "431") {
    settings.header_list_answer = {{":status", "200"}, {"content-type", "application/grpc"}};
    add_status({Code::kResourceExhausted,
                fmt::format("the metadata has more than {} bytes", settings.header_list_bytes)},
               settings.header_list_answer);
  }
  return options;
}

/// Probes ask every few seconds: a span each would bury the traces of requests.
layers::Trace no_spans_of_our_own_services() {
  return {.skip = {layers::path_prefix("/grpc.health.v1.Health/"),
                   layers::path_prefix("/grpc.reflection.")}};
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
    const auto ended = co_await connection->run();
    if (ended) co_return;
    const std::string peer = net::to_string(connection->peer());
    log::debug("connection of {} ended: {}", peer, ended.error().to_string());
    if (ended.error().code() != Code::kResourceExhausted) co_return;
    ++floods_;
    const TimePoint now = (co_await this_context()).loop->now();
    if (now < warn_next_) co_return;
    warn_next_ = now + kWarnInterval;
    log::warn("the connection of {} was cut: {} ({} such connections on this worker so far)", peer,
              ended.error().message(), floods_);
  }

 private:
  /// An attack must not fill the logs.
  static constexpr Duration kWarnInterval = std::chrono::seconds{10};

  const transport::Http2Options& options_;
  transport::Http2Handler& handler_;
  service::Drain& drain_;
  std::uint64_t floods_ = 0;  // connections that ended so
  TimePoint warn_next_{};
};

}  // namespace

class Server::Impl final : public transport::Http2Handler {
 public:
  Impl(service::Host& host, ServerOptions options)
      : host_{host},
        options_{with_defaults(std::move(options), host)},
        layers_{layers::with_trace(host.server_layers(), no_spans_of_our_own_services())},
        health_{host} {}

  void add(Service& service) {
    dispatcher_.add(service);
    health_.set(service.full_name(), ServingStatus::kServing);
  }
  void layer(service::LayerPtr layer) { layers_.push_back(std::move(layer)); }
  [[nodiscard]] Health& health() noexcept { return health_; }

  Task<Result<>> run() {
    service::Listening what{.protocol = service::Protocol::kGrpc,
                            .endpoints = dispatcher_.endpoints()};
    const auto aliases = host_.rpc_aliases();
    std::vector<std::string> prefixes{aliases.begin(), aliases.end()};
    prefixes.emplace_back(host_.service_name());
    dispatcher_.allow_aliases(std::move(prefixes));
    add_our_own_services();
    co_return co_await transport::serve_on_workers(
        host_, std::move(what),
        [this](const service::Worker& worker) {
          return std::make_unique<WorkerConnections>(options_.http2, *this, *worker.drain);
        },
        {.accept = options_.accept, .tls = options_.tls});
  }

  Task<> handle(std::unique_ptr<transport::Http2Stream> stream) override {
    const Headers& request = stream->headers();
    const bool micro = go_micro::is_caller(request);
    auto codec = codec_of(request.get("content-type").value_or(""));
    // What go-micro has no name for it takes for protobuf.
    if (!codec && micro) codec = Codec::kProto;
    if (!codec || request.get(":method") != "POST") {
      const Headers refusal = refusal_of(request);
      count_refusal(refusal, stream->connection().peer(), (co_await this_context()).loop->now());
      (void)stream->respond(refusal, true);
      co_return;
    }
    auto& promise = co_await hal::detail::this_promise();
    Context& outer = promise.context();
    ServerStream messages{*stream, options_.message_bytes_max, *codec};
    ServerCall call{messages};
    describe(*stream, call, messages);
    Context context = outer;
    context.stop = &stream->stop();
    context.call = &call;
    promise.use_context(context);
    try {
      auto target = dispatcher_.find(call.path);
      // An alias is still the same method.
      call.method = target ? target->path.substr(1) : kOtherMethod;
      if (micro && target) {
        if (auto known = go_micro::check_content_type(request); !known) {
          target = error(std::move(known.error()));
        }
      }
      call.streaming = target && target->method->kind != MethodKind::kUnary;
      MethodTerminal terminal{std::move(target), messages};
      co_await service::Next{layers_, terminal}(call);
    } catch (...) {
      // The panic layer stands inside; a layer of the user's may throw as well.
      promise.enter();
      call.status = status_of_current_exception();
      log::error("a layer threw: {}", call.status.message());
    }
    promise.use_context(outer);
    if (micro) call.status = go_micro::to_micro(call.status, host_.service_name());
    (void)messages.finish(call.status);  // it fails when the client is gone: nobody is left to tell
  }

 private:
  void count_refusal(const Headers& refusal, const net::Endpoint& peer, TimePoint now) {
    service::Refusals* const refusals = host_.refusals();
    if (refusals == nullptr) return;
    const auto message = refusal.get("grpc-message");
    refusals->refused(
        {.protocol = service::Protocol::kGrpc,
         .http_status = parse_int<int>(refusal.get(":status").value_or("")).value_or(0),
         .why = message ? wire::grpc::decode_message(*message) : "the method is not POST",
         .peer = net::to_string(peer)},
        now);
  }

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
    if (!go_micro::is_caller(stream.headers())) return;
    if (const auto timeout = go_micro::timeout_of(stream.headers())) {
      call.timeout = std::min(call.timeout.value_or(*timeout), *timeout);
    }
  }

  void add_our_own_services() {
    if (options_.health && !dispatcher_.has(health_.full_name())) dispatcher_.add(health_);
    if (!options_.reflection) return;
    constexpr std::array<std::string_view, 2> kVersions{"grpc.reflection.v1.ServerReflection",
                                                        "grpc.reflection.v1alpha.ServerReflection"};
    std::vector<ReflectionData::Entry> entries;
    for (const Service* service : dispatcher_.services()) {
      entries.push_back({std::string{service->full_name()}, std::string{service->proto_name()}});
    }
    const std::string proto_name{"hal.internal.reflection.ServerReflection"};
    for (const auto version : kVersions) {
      if (!dispatcher_.has(version)) entries.push_back({std::string{version}, proto_name});
    }
    const auto data = std::make_shared<const ReflectionData>(std::move(entries));
    for (const auto version : kVersions) {
      if (dispatcher_.has(version)) continue;
      reflection_.push_back(std::make_unique<Reflection>(host_, version, data));
      dispatcher_.add(*reflection_.back());
    }
  }

  service::Host& host_;
  const ServerOptions options_;
  service::Layers layers_;
  Health health_;
  std::vector<std::unique_ptr<Reflection>> reflection_;
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

Health& Server::health() noexcept { return impl_->health(); }

Task<Result<>> Server::run() { co_return co_await impl_->run(); }

}  // namespace hal::rpc
