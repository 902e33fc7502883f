// A server's connection that resets requests with REFUSED_STREAM, and goes on.
#pragma once

#include <hal/net/stream.hpp>
#include <hal/rpc/message.hpp>
#include <hal/rpc/testing/echo_service.hpp>
#include <hal/wire/http2.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace hal::rpc::testing {

/// On wire::http2::Session itself: no server of ours refuses as long as a client keeps to its
/// settings.
class RefusingConnection final : private wire::http2::Handler {
 public:
  /// Called for each request: the text of its reply, or nullopt to refuse it.
  using Answer = std::function<std::optional<std::string>()>;

  RefusingConnection(std::unique_ptr<net::Stream> stream, Answer answer)
      : stream_{std::move(stream)}, answer_{std::move(answer)} {}

  /// Until the connection ends.
  Task<> run() {
    std::array<char, 16 * 1024> buffer{};
    for (;;) {
      std::string out;
      if (!session_.produce(out)) co_return;
      if (!out.empty() && !co_await stream_->write_all(out)) co_return;
      const auto count = co_await stream_->read_some(buffer);
      if (!count || *count == 0 || !session_.receive({buffer.data(), *count})) co_return;
    }
  }

 private:
  void on_headers(wire::http2::StreamId id, Headers&& /*headers*/, bool /*end_stream*/) override {
    const auto text = answer_();
    if (!text) return session_.reset(id, wire::http2::ErrorCode::kRefusedStream);
    Reply reply;
    reply.set_text(*text);
    const Headers head{{":status", "200"}, {"content-type", "application/grpc"}};
    EXPECT_TRUE(session_.submit_response(id, head, false));
    EXPECT_TRUE(session_.send_data(id, frame_message(reply).value(), false));
    EXPECT_TRUE(session_.send_trailers(id, {{"grpc-status", "0"}}));
  }
  void on_data(wire::http2::StreamId id, std::string_view bytes) override {
    session_.consume(id, bytes.size());
  }
  void on_trailers(wire::http2::StreamId /*id*/, Headers&& /*trailers*/) override {}
  void on_end(wire::http2::StreamId /*id*/) override {}
  void on_close(wire::http2::StreamId /*id*/, wire::http2::ErrorCode /*code*/) override {}

  std::unique_ptr<net::Stream> stream_;
  Answer answer_;
  wire::http2::Session session_{wire::http2::Role::kServer, {}, *this};
};

}  // namespace hal::rpc::testing
