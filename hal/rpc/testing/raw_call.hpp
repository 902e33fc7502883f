// A call that a test holds in its hands: message by message, of any call kind.
#pragma once

#include <hal/rpc/message.hpp>
#include <hal/rpc/metadata.hpp>
#include <hal/rpc/testing/raw_peer.hpp>
#include <hal/service/testing/test_host.hpp>
#include <hal/wire/grpc.hpp>

#include <gtest/gtest.h>

namespace hal::rpc::testing {

inline Task<Result<std::unique_ptr<net::Stream>>> connect_to(net::Network* network,
                                                             net::Endpoint server) {
  co_return co_await network->connect(server);
}

/// An HTTP/2 connection that runs in the host's background.
inline std::shared_ptr<transport::Http2Connection> open_connection(
    service::testing::TestHost& host, std::uint16_t port,
    const transport::Http2Options& options = {}) {
  auto stream = host.run(connect_to, &host.network(), net::Endpoint{"127.0.0.1", port});
  EXPECT_TRUE(stream);
  auto connection = transport::Http2Connection::client(std::move(*stream), options);
  host.background().spawn(run_raw, connection);
  return connection;
}

/// Between two steps the test runs the host's loop. Destroyed, it cancels the call.
class RawCall {
 public:
  RawCall(service::testing::TestHost& host, transport::Http2Connection& connection,
          std::string_view path, const Headers& more = {})
      : loop_{host.manual_loop()} {
    Headers headers{{":method", "POST"}, {":scheme", "http"},
                    {":path", path},     {":authority", "test"},
                    {"te", "trailers"},  {"content-type", "application/grpc"}};
    for (const auto field : more) headers.set(field.name, field.value);
    auto opened = connection.open(headers, false);
    EXPECT_TRUE(opened);
    stream_ = std::move(*opened);
  }

  RawCall& send(const google::protobuf::MessageLite& message) {
    EXPECT_TRUE(stream_->send(frame_message(message).value(), false));
    loop_.run_ready();
    return *this;
  }
  RawCall& end() {
    (void)stream_->send("", true);  // it fails when the server has answered early
    loop_.run_ready();
    return *this;
  }
  /// The next message that is here; nullopt when there is none.
  template <class Message>
  std::optional<Message> next() {
    if (stream_->has_data()) reader_.put(stream_->take_data());
    auto bytes = reader_.next();
    EXPECT_TRUE(bytes);
    if (!bytes || !*bytes) return std::nullopt;
    Message message;
    EXPECT_TRUE(parse_message(**bytes, message));
    return message;
  }
  /// Once the server has ended the call.
  [[nodiscard]] std::optional<Status> status() {
    if (!stream_->failure().ok()) return stream_->failure();
    if (!stream_->ended()) return std::nullopt;
    return status_from(stream_->trailers().empty() ? stream_->headers() : stream_->trailers());
  }
  [[nodiscard]] transport::Http2Stream& stream() { return *stream_; }

 private:
  hal::testing::ManualLoop& loop_;
  std::unique_ptr<transport::Http2Stream> stream_;
  wire::grpc::MessageReader reader_{{.max_bytes = 64 * 1024 * 1024}};
};

}  // namespace hal::rpc::testing
