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

class Http1Session final : private SuspensionObserver, private PhaseTimer {
 public:
  Http1Session(net::Stream& stream, Http1Handler& handler, const Http1ServerOptions& options,
               service::Drain& drain, Loop& loop);

  /// Once.
  Task<> run();
  /// Draining has begun: an idle connection ends.
  void drain_started() noexcept;

 private:
  enum class Progress : std::uint8_t { kNeedMore, kRequest, kEnding };
  enum class Phase : std::uint8_t { kIdle, kHeader, kBody, kHandler, kWrite, kLinger };

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

  Progress parse();
  void on_head();
  void take_request();
  Task<> answer();
  void refuse(int status, std::string_view message);
  void append_response(bool keep_alive);

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
  service::Drain& drain_;

  wire::http1::RequestParser parser_;
  ReadBuffer buffer_;
  Read read_;
  Write write_;
  std::string out_;      // answers that are not being written yet
  std::string writing_;  // what write_ writes

  HttpRequest request_;
  HttpResponse response_;
  std::optional<StopSource> stop_;  // of the handler that runs
  Context context_;
  std::uint64_t served_ = 0;
  Phase phase_ = Phase::kIdle;
  bool head_complete_ = false;  // of the request that is being read
  bool request_keeps_alive_ = false;
  bool request_http11_ = true;
  bool request_is_head_ = false;
  bool timed_out_ = false;
  bool peer_closed_ = false;
  bool lingers_ = false;
  bool ending_ = false;
};

}  // namespace hal::transport::detail
