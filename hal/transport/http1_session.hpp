// What serve_http1 knows about one connection. For http1_server.cpp only.
#pragma once

#include <hal/transport/http1_server.hpp>
#include <hal/transport/pending_io.hpp>
#include <hal/transport/phase_timer.hpp>
#include <hal/transport/read_buffer.hpp>
#include <hal/transport/run_observed.hpp>

#include <optional>
#include <string>

namespace hal::transport::detail {

class Http1Session final : private SuspensionObserver,
                           private PhaseTimer,
                           private BodyReader,
                           private BodyWriter {
 public:
  Http1Session(net::Stream& stream, Http1Handler& handler, const Http1ServerOptions& options,
               Loop& loop);

  /// Once.
  Task<> run();
  /// A drain, or the connection's age: an idle one has little time for another request.
  void leave() noexcept;

 private:
  enum class Progress : std::uint8_t { kNeedMore, kRequest, kEnding };
  enum class Phase : std::uint8_t { kIdle, kHeader, kBody, kHandler, kLinger };
  /// Of the request: not there or taken in, read by the handler, or what the handler has left.
  enum class Body : std::uint8_t { kWhole, kStream, kLeft };
  /// Of the answer.
  enum class Stream : std::uint8_t { kNone, kChunked, kLength, kUntilClose, kDropped };

  /// Goes on reading while a handler runs: pipelined requests, and the end of the connection.
  class Read final : public PendingIo {
   public:
    Read(net::Stream& stream, Http1Session& session) : PendingIo{stream}, session_{session} {}

   private:
    void finished_alone() noexcept override { session_.watch(); }
    Http1Session& session_;
  };
  class Write final : public PendingIo {
   public:
    Write(net::Stream& stream, Http1Session& session) : PendingIo{stream}, session_{session} {}

   private:
    void finished_alone() noexcept override { session_.written_alone(); }
    Http1Session& session_;
  };
  /// The client takes in what is written; beside the phases, since a handler may read meanwhile.
  class WriteTimer final : public PhaseTimer {
   public:
    WriteTimer(Loop& loop, net::Stream& stream) : PhaseTimer{loop}, stream_{stream} {}

   private:
    void expired() noexcept override { stream_.abort(); }
    net::Stream& stream_;
  };

  Progress parse();
  Progress on_head();
  Progress refuse_body(std::uint64_t limit);
  Progress on_body(std::string_view piece);
  Progress on_end();
  Task<> answer();
  void end_answer(Status thrown);
  void refuse(int status, std::string_view message);
  void append_response(bool keep_alive);
  [[nodiscard]] bool keeps_alive() const;

  // The request's body as a stream: http1_session_body.cpp.
  Task<Result<std::string>> read() override;
  Result<> parse_body(std::string& piece);
  Result<> fail_body(int http_status, Status status);
  Task<> receive_body();
  [[nodiscard]] bool can_drop_rest() const;
  Progress drop_body(std::size_t bytes);

  // The answer's body as a stream.
  Task<Result<>> start(std::optional<std::uint64_t> length) override;
  Task<Result<>> write(std::string_view bytes) override;
  [[nodiscard]] bool started() const noexcept override { return stream_kind_ != Stream::kNone; }
  void abandon() noexcept override;
  Result<> append_stream_head(std::optional<std::uint64_t> length);
  Task<Result<>> flush_stream();
  void end_stream();

  Task<> fill();
  [[nodiscard]] Phase read_phase() const noexcept;
  [[nodiscard]] Duration phase_time(Phase phase) const noexcept;
  void enter(Phase phase);
  void take_read();
  Task<> flush();
  void start_write();
  void written();
  void written_alone() noexcept;
  Task<> finish();
  Task<> linger();

  void watch() noexcept;
  void task_suspended() noexcept override;
  void expired() noexcept override;

  net::Stream& stream_;
  Http1Handler& handler_;
  const Http1ServerOptions& options_;

  wire::http1::RequestParser parser_;
  ReadBuffer buffer_;
  Read read_;
  Write write_;
  WriteTimer write_timer_;
  std::string out_;      // answers that are not being written yet
  std::string writing_;  // what write_ writes

  HttpRequest request_;
  HttpResponse response_;
  HttpExchange exchange_;
  std::optional<StopSource> stop_;  // of the handler that runs
  Context context_;
  std::uint64_t served_ = 0;
  Phase phase_ = Phase::kIdle;
  bool head_complete_ = false;  // of the request that is being read
  bool leaving_ = false;
  bool request_keeps_alive_ = false;
  bool request_http11_ = true;
  bool request_is_head_ = false;
  bool timed_out_ = false;
  bool peer_closed_ = false;
  bool lingers_ = false;
  bool ending_ = false;

  Body body_ = Body::kWhole;
  bool continue_due_ = false;        // the client waits for "100 Continue"
  std::uint64_t body_bytes_ = 0;     // of a stream, that have come
  std::uint64_t dropped_bytes_ = 0;  // of a body that the handler has left
  std::optional<wire::http1::ParseError> body_failure_;
  Stream stream_kind_ = Stream::kNone;
  std::uint64_t stream_left_ = 0;    // of a stream with a length
  bool stream_keeps_alive_ = false;  // as its head says
  bool abandoned_ = false;
};

}  // namespace hal::transport::detail
