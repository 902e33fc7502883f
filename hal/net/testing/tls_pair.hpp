// Both ends of one TLS connection, over any pair of streams.
#pragma once

#include <hal/net/testing/memory_network.hpp>
#include <hal/net/testing/test_certificate.hpp>

#include <functional>

namespace hal::net::testing {

using TlsPair = std::pair<std::unique_ptr<TlsStream>, std::unique_ptr<TlsStream>>;

struct TlsPairOptions {
  TlsClientOptions client{};
  TlsServerOptions server{};
  std::string host = "server.example";
};

/// A CA that lives as long as the program, for tests that need just one.
[[nodiscard]] const TestCa& shared_ca();
/// A client that trusts shared_ca() and a server with a certificate for server.example and
/// 127.0.0.1.
[[nodiscard]] TlsPairOptions usual_tls();

/// Shakes hands; `streams.first` becomes the client. What each side met, if one of them failed.
struct TlsOutcome {
  TlsResult client{};
  TlsResult server{};
};
Task<Result<TlsOutcome>> shake_hands(StreamPair streams, TlsPairOptions options);

/// As above with usual_tls(), run on the loop; aborts when it fails.
[[nodiscard]] StreamPair make_tls_pair(Loop& loop, StreamPair streams);

}  // namespace hal::net::testing
