#include <hal/net/testing/tls_pair.hpp>

#include <hal/async/block_on.hpp>
#include <hal/async/when_all.hpp>

namespace hal::net::testing {
namespace {

Task<Result<int>> connect_into(const TlsClient* client, std::unique_ptr<Stream> stream,
                               std::string host, TlsResult* out) {
  *out = co_await client->connect(std::move(stream), std::move(host));
  co_return 0;
}

Task<Result<int>> accept_into(const TlsServer* server, std::unique_ptr<Stream> stream,
                              TlsResult* out) {
  *out = co_await server->accept(std::move(stream));
  co_return 0;
}

}  // namespace

const TestCa& shared_ca() {
  static const TestCa ca;
  return ca;
}

TlsPairOptions usual_tls() {
  static const TlsIdentity server =
      shared_ca().issue({.names = {"DNS:server.example", "IP:127.0.0.1"}});
  return {.client = {.ca_pem = shared_ca().pem()}, .server = {.identity = server}};
}

Task<Result<TlsOutcome>> shake_hands(StreamPair streams, TlsPairOptions options) {
  const auto client = co_await or_return(TlsClient::make(options.client));
  const auto server = co_await or_return(TlsServer::make(options.server));
  TlsOutcome outcome;
  co_await or_return(
      when_all(connect_into(&client, std::move(streams.first), options.host, &outcome.client),
               accept_into(&server, std::move(streams.second), &outcome.server)));
  co_return outcome;
}

StreamPair make_tls_pair(Loop& loop, StreamPair streams) {
  auto outcome = block_on(loop, shake_hands, std::move(streams), usual_tls());
  expects(outcome && outcome->client && outcome->server, "a usual handshake succeeds");
  return {std::move(*outcome->client), std::move(*outcome->server)};
}

}  // namespace hal::net::testing
