#include <hal/http/server.hpp>

#include <hal/http/content_coding.hpp>
#include <hal/http/dispatcher.hpp>
#include <hal/transport/serve.hpp>

namespace hal::http {
namespace {

/// What one connection asks for.
class ConnectionRequests final : public transport::Http1Handler {
 public:
  ConnectionRequests(const Dispatcher& dispatcher, const ServerOptions& options,
                     const net::Stream& stream, service::Refusals* refusals)
      : dispatcher_{dispatcher},
        options_{options},
        refusals_{refusals},
        peer_{stream.peer()},
        scheme_{dynamic_cast<const net::TlsStream*>(&stream) == nullptr ? "http" : "https"} {}

  transport::BodyUse body_use(const transport::HttpRequest& head) const override {
    return dispatcher_.body_use(head);
  }
  Task<> handle_exchange(transport::HttpExchange& exchange) override {
    // A streamed body is not there yet.
    if (options_.gunzip && !exchange.request.body.empty()) {
      const auto decoded = decode_request(exchange.request, *options_.gunzip);
      if (!decoded) return refuse_body(*this, exchange, decoded.error());
    }
    return dispatcher_.run(exchange, peer_, scheme_, refusals_);
  }
  /// In English: of a request that is refused so there may be no headers yet.
  void refuse(int status, std::string_view message, Response& response) override {
    // A handler that threw has had its request counted by the layers.
    if (status != 500) count_refusal(refusals_, status, message, peer_);
    set_error(response, error_kind(status), message);
  }

 private:
  static Task<> refuse_body(ConnectionRequests& self, transport::HttpExchange& exchange,
                            Failure why) {
    const std::string_view message = why.status.message();
    count_refusal(self.refusals_, why.http_status, message, self.peer_);
    set_error_for(exchange.request.headers, exchange.response, error_kind(why.http_status),
                  message);
    co_return;
  }

  const Dispatcher& dispatcher_;
  const ServerOptions& options_;
  service::Refusals* const refusals_;
  const net::Endpoint peer_;
  const std::string_view scheme_;
};

ServerOptions with_defaults(ServerOptions options, const service::Host& host) {
  if (options.http1.age_max == Duration::zero()) {
    options.http1.age_max = host.connection_age().max;
    options.http1.age_grace = host.connection_age().grace;
  }
  return options;
}

/// One worker's connections.
class WorkerConnections final : public transport::ConnectionHandler {
 public:
  WorkerConnections(const Dispatcher& dispatcher, const ServerOptions& options,
                    service::Drain& drain, service::Refusals* refusals)
      : dispatcher_{dispatcher}, options_{options}, drain_{drain}, refusals_{refusals} {}

  Task<> serve(std::unique_ptr<net::Stream> stream) override {
    ConnectionRequests requests{dispatcher_, options_, *stream, refusals_};
    co_await transport::serve_http1(*stream, requests, options_.http1, drain_);
  }

 private:
  const Dispatcher& dispatcher_;
  const ServerOptions& options_;
  service::Drain& drain_;
  service::Refusals* const refusals_;
};

/// What the registry shows of the server.
std::vector<std::string> patterns_of(const Router& router) {
  std::vector<std::string> patterns;
  for (const auto& route : router.routes()) {
    const auto& pattern = route.info.pattern;
    if (std::ranges::find(patterns, pattern) == patterns.end()) patterns.push_back(pattern);
  }
  return patterns;
}

}  // namespace

class Server::Impl {
 public:
  Impl(service::Host& host, Router router, ServerOptions options)
      : host_{host},
        options_{with_defaults(std::move(options), host)},
        endpoints_{patterns_of(router)},
        dispatcher_{std::move(router), host.server_layers()} {}

  Task<Result<>> run() {
    co_return co_await transport::serve_on_workers(
        host_, {.protocol = service::Protocol::kHttp, .endpoints = endpoints_},
        [this](const service::Worker& worker) {
          return std::make_unique<WorkerConnections>(dispatcher_, options_, *worker.drain,
                                                     host_.refusals());
        },
        {.accept = options_.accept, .tls = options_.tls});
  }

 private:
  service::Host& host_;
  const ServerOptions options_;
  const std::vector<std::string> endpoints_;
  const Dispatcher dispatcher_;
};

Server::Server(service::Host& host, Router router, ServerOptions options)
    : impl_{std::make_unique<Impl>(host, std::move(router), std::move(options))} {}
Server::Server(Server&&) noexcept = default;
Server::~Server() = default;

Task<Result<>> Server::run() { co_return co_await impl_->run(); }

}  // namespace hal::http
