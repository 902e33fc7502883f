#include <hal/transport/serve.hpp>

#include <hal/async/or_return.hpp>
#include <hal/service/run_on.hpp>

namespace hal::transport {
namespace {

/// One call of serve_on_workers. Each listener is made, used and closed on its worker.
struct Server {
  service::Host& host;
  const MakeConnectionHandler make;
  const AcceptOptions options;
  const TlsSource tls;
  net::Endpoint endpoint;
  /// Of one worker, on which it is made and ended.
  struct Place {
    std::optional<service::Drain::Server> counted{};
    std::unique_ptr<net::Listener> listener{};
  };
  std::vector<Place> places;
};

Task<Result<>> listen_there(Server* server, std::size_t index) {
  const service::Worker& worker = server->host.workers()[index];
  auto& place = server->places[index];
  place.counted.emplace(*worker.drain);
  place.listener =
      co_await or_return(server->host.network().listen(*worker.loop, server->endpoint, {}));
  server->endpoint = place.listener->local();
  co_return Result<>{};
}

Task<Result<>> close_there(Server* server, std::size_t index) {
  server->places[index].listener.reset();
  server->places[index].counted.reset();
  co_return Result<>{};
}

Task<Result<>> serve_there(Server* server, std::size_t index) {
  const service::Worker& worker = server->host.workers()[index];
  const auto handler = server->make(worker);
  co_return co_await serve_connections(*server->places[index].listener, *handler, worker,
                                       server->options, server->tls);
}

Task<Result<>> serve_one(Server* server, std::size_t index) {
  co_return co_await service::run_on(server->host.workers()[index], serve_there, server, index);
}

Task<Result<>> serve_each(Scope& scope, Server* server) {
  for (std::size_t i = 0; i < server->places.size(); ++i) scope.spawn(serve_one, server, i);
  co_return Result<>{};
}

Result<TlsSource> tls_source(service::Host& host, service::Protocol protocol,
                             std::optional<net::TlsServerOptions> own) {
  if (!own) return TlsSource{[&host, protocol] { return host.tls(protocol); }};
  own->alpn = {std::string{service::alpn_of(protocol)}};
  auto made = net::TlsServer::make(*own);
  if (!made) return error(std::move(made.error()));
  return TlsSource{[tls = std::move(*made)] { return std::optional{tls}; }};
}

Task<Result<>> listen_and_serve(Server* server, service::Listening what) {
  const std::string host = server->endpoint.host;
  for (std::size_t i = 0; i < server->places.size(); ++i) {
    co_await or_return(service::run_on(server->host.workers()[i], listen_there, server, i));
    server->endpoint.host = host;  // "all addresses" stays so; the port is the one that was chosen
  }
  what.endpoint = server->endpoint;
  co_await or_return(server->host.on_listening(std::move(what)));
  co_return co_await with_scope(serve_each, server);
}

}  // namespace

Task<Result<>> serve_on_workers(service::Host& host, service::Listening what,
                                MakeConnectionHandler make, ServeOptions options) {
  auto tls = co_await or_return(tls_source(host, what.protocol, std::move(options.tls)));
  Server server{.host = host,
                .make = std::move(make),
                .options = options.accept,
                .tls = std::move(tls),
                .endpoint = host.listen_endpoint(),
                .places = std::vector<Server::Place>(host.workers().size())};
  auto result = co_await listen_and_serve(&server, std::move(what));
  for (std::size_t i = 0; i < server.places.size(); ++i) {
    (void)co_await service::run_on(host.workers()[i], close_there, &server, i);
  }
  co_return result;
}

}  // namespace hal::transport
