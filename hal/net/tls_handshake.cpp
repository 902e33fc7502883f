#include <hal/net/tls_core.hpp>

#include <hal/async/or_return.hpp>

namespace hal::net::detail {
namespace {

// A whole flight of a usual server, 4 KiB of certificates, comes in one read.
constexpr std::size_t kReadBytes = 8 * 1024;

/// What came with the peer's last bytes stays in the session.
Task<Result<>> exchange_flights(Stream* stream, TlsSession* session, const std::string* who) {
  std::string out;
  const auto buffer = std::make_unique<char[]>(kReadBytes);
  for (;;) {
    ERR_clear_error();
    const int done = SSL_do_handshake(session->ssl());
    const int outcome = SSL_get_error(session->ssl(), done);
    const bool failed = done != 1 && outcome != SSL_ERROR_WANT_READ;
    std::string reason = failed ? session->reason() : std::string{};
    out.clear();
    session->take_out(out);
    if (!out.empty()) {
      const auto written = co_await stream->write_all(out);
      // The alert that goes with a failure is a courtesy.
      if (!written && !failed) co_return error(written.error());
    }
    if (failed) co_return error(Code::kUnavailable, fmt::format("{}: TLS: {}", *who, reason));
    if (done == 1) co_return Result<>{};
    const auto size = co_await or_return(co_await stream->read_some({buffer.get(), kReadBytes}));
    if (size == 0) {
      co_return error(Code::kUnavailable,
                      *who + ": TLS: the peer ended the connection during the handshake");
    }
    session->put_in({buffer.get(), size});
  }
}

}  // namespace

Task<TlsResult> shake_hands(std::unique_ptr<Stream> stream, std::unique_ptr<TlsSession> session,
                            std::string who) {
  auto shaken = co_await exchange_flights(stream.get(), session.get(), &who);
  if (!shaken) {
    stream->close();
    co_return error(std::move(shaken.error()));
  }
  co_return std::make_unique<TlsStream>(
      new TlsStream::Core{std::move(stream), std::move(session), std::move(who)});
}

}  // namespace hal::net::detail
