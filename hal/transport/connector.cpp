#include <hal/transport/connector.hpp>

#include <hal/async/deadline.hpp>

namespace hal::transport {
namespace {

ConnectorOptions with_protocol(ConnectorOptions options) {
  if (options.tls.alpn.empty()) options.tls.alpn = {"http/1.1"};
  return options;
}

/// A phase that has used up its own time is an address that does not answer, as a refused one is:
/// UNAVAILABLE, as of gRPC's clients. DEADLINE_EXCEEDED is the caller's own deadline.
Status not_reached(Status status, const Context& caller, std::string_view phase,
                   const net::Endpoint& server) {
  const bool callers =
      (caller.stop != nullptr && caller.stop->requested()) || caller.loop->now() >= caller.deadline;
  if (status.code() != Code::kDeadlineExceeded || callers) {
    return timed_out(std::move(status), phase, server);
  }
  return Status{Code::kUnavailable, "no answer in time"}.with_prefix(std::string{phase} +
                                                                     net::to_string(server));
}

}  // namespace

Connector::Connector(net::Network& network, ConnectorOptions options)
    : network_{network}, options_{with_protocol(std::move(options))} {}

Task<Result<std::unique_ptr<net::Stream>>> Connector::connect(Origin origin) {
  const net::Endpoint& server = origin.endpoint;
  if (origin.tls && !tls()) co_return error(tls().error());
  auto stream = co_await timeout(options_.connect_timeout, network_.connect(server));
  if (!stream) {
    co_return error(
        not_reached(std::move(stream.error()), co_await this_context(), "connecting to ", server));
  }
  if (!origin.tls) co_return stream;
  auto secured =
      co_await timeout(options_.handshake_timeout, tls()->connect(std::move(*stream), server.host));
  if (!secured) {
    co_return error(not_reached(std::move(secured.error()), co_await this_context(),
                                "TLS handshake with ", server));
  }
  co_return std::move(*secured);
}

const Result<net::TlsClient>& Connector::tls() {
  std::call_once(tls_once_, [this] { tls_.emplace(net::TlsClient::make(options_.tls)); });
  return *tls_;
}

Status timed_out(Status status, std::string_view phase, const net::Endpoint& server) {
  if (status.code() != Code::kDeadlineExceeded) return status;
  return status.with_prefix(std::string{phase} + net::to_string(server));
}

}  // namespace hal::transport
