// Frames of HTTP/2: 'S' to a server that answers all requests, 'C' to a client that has made two;
// then the size of the pieces in which they come. Memory stays within the settings.
#include "fuzz.hpp"
#include "pieces.hpp"

#include <hal/wire/http2.hpp>

#include <map>

namespace {

namespace http2 = hal::wire::http2;

const http2::Settings kSettings{.max_concurrent_streams = 4,
                                .stream_window_bytes = 4096,
                                .connection_window_bytes = 8192,
                                .max_frame_bytes = 16384,
                                .header_list_bytes = 1024,
                                .write_low_bytes = 64};

/// Checks the order of the calls, and uses the session from inside of them as a server does.
class Peer final : public http2::Handler {
 public:
  explicit Peer(http2::Role role) : role_{role}, session_{role, kSettings, *this} {}

  void hear(std::string_view bytes, std::uint8_t size) {
    if (role_ == http2::Role::kServer) {
      alive_ = session_.receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").has_value();
    } else {
      for (int i = 0; i < 2; ++i) open();
    }
    drain();
    for (const auto piece : fuzz::pieces_of(bytes, size)) {
      if (!alive_ || !session_.wants_read()) break;
      alive_ = session_.receive(piece).has_value();
      drain();
    }
    hal::expects(held_ <= kSettings.connection_window_bytes, "the windows bound what is held");
  }

 private:
  enum class State : std::uint8_t { kOpen, kHeaders, kTrailers, kEnd };

  void open() {
    const auto stream = session_.submit_request(
        {{":method", "POST"}, {":scheme", "http"}, {":path", "/a.B/C"}, {":authority", "b"}},
        false);
    hal::expects(stream.has_value(), "a new client can ask");
    streams_[*stream] = State::kOpen;
  }

  void drain() {
    std::string out;
    while (alive_ && session_.wants_write()) {
      out.clear();
      alive_ = session_.produce(out).has_value();
      if (out.empty()) break;
    }
  }

  State& state(http2::StreamId stream) {
    const auto at = streams_.find(stream);
    hal::expects(at != streams_.end(), "a stream begins with headers and ends with on_close");
    return at->second;
  }

  void on_headers(http2::StreamId stream, hal::Headers&& headers, bool) override {
    std::size_t bytes = 0;
    for (const auto field : headers) bytes += field.name.size() + field.value.size() + 32;
    hal::expects(bytes <= kSettings.header_list_bytes, "header lists have a limit");
    if (role_ == http2::Role::kServer) {
      hal::expects(streams_.size() < kSettings.max_concurrent_streams, "streams have a limit");
      streams_[stream] = State::kOpen;
      (void)session_.submit_response(stream, {{":status", "200"}}, false);
      (void)session_.send_data(stream, std::string(100, 'x'), false);
      (void)session_.send_trailers(stream, {{"grpc-status", "0"}});
    }
    hal::expects(state(stream) == State::kOpen, "headers come once");
    state(stream) = State::kHeaders;
  }
  void on_data(http2::StreamId stream, std::string_view bytes) override {
    hal::expects(state(stream) == State::kHeaders, "data comes behind headers");
    // Every second piece is done with at once, the others stay with the reader.
    if ((pieces_++ & 1U) == 0) {
      session_.consume(stream, bytes.size());
    } else {
      held_ += bytes.size();
    }
  }
  void on_trailers(http2::StreamId stream, hal::Headers&&) override {
    hal::expects(state(stream) == State::kHeaders, "trailers come behind headers");
    state(stream) = State::kTrailers;
  }
  void on_end(http2::StreamId stream) override {
    hal::expects(state(stream) == State::kHeaders || state(stream) == State::kTrailers,
                 "a message ends once");
    state(stream) = State::kEnd;
  }
  void on_close(http2::StreamId stream, http2::ErrorCode) override {
    // What a closed stream held is the session's again, so that others go on.
    held_ = 0;
    streams_.erase(stream);
  }

  const http2::Role role_;
  http2::Session session_;
  std::map<http2::StreamId, State> streams_;
  std::size_t held_ = 0;
  std::size_t pieces_ = 0;
  bool alive_ = true;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  Peer peer{data[0] == 'S' ? http2::Role::kServer : http2::Role::kClient};
  peer.hear(fuzz::text_of(data + 2, size - 2), data[1]);
  return 0;
}
