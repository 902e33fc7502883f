// One HTTP/2 connection: drives a wire::http2::Session over a net::Stream.
#pragma once

#include <hal/async/scope.hpp>
#include <hal/net/stream.hpp>
#include <hal/service/drain.hpp>
#include <hal/transport/http2_stream.hpp>
#include <hal/transport/reset_budget.hpp>

#include <boost/unordered/unordered_flat_map.hpp>

#include <chrono>
#include <vector>

namespace hal::transport {

struct Http2Options {
  wire::http2::Settings settings{};
  /// One read while much comes: what most requests fit in many times over. An idle connection holds
  /// 4 KiB.
  std::size_t read_bytes = 32 * 1024;
  /// send() is told to wait above this many queued bytes per stream.
  std::size_t queued_high_bytes = 256 * 1024;
  /// A drained server waits so long for the answer to its shutdown notice.
  std::chrono::milliseconds shutdown_notice_time{1000};
  /// A server waits so long for the client's preface, a client for the server's settings: what
  /// connects and says nothing goes.
  std::chrono::milliseconds preface_time{10'000};
  /// A server says goodbye (GOAWAY, as in a drain) to a connection of this age, so that clients
  /// resolve and balance anew; zero: never. Streams under way finish.
  std::chrono::milliseconds age_max{0};
  /// Each connection's age_max is up to so much shorter or longer: they do not all leave at once.
  unsigned age_jitter_percent = 10;
  /// Streams that still run so long after that goodbye are cut; zero: they may run on.
  std::chrono::milliseconds age_grace{0};
  /// A client with open streams that has read nothing for so long sends a PING; zero: never.
  std::chrono::milliseconds keepalive_time{30'000};
  /// The next PING of the same silence comes so much later: gRPC servers end connections on which
  /// PINGs come more often than every 5 minutes with no answer of theirs between (gRPC proposal
  /// A8).
  std::chrono::milliseconds keepalive_interval{310'000};
  /// A server that has read nothing for so long sends a PING, with or without streams: clients that
  /// went without a word must not fill it up. gRPC's servers wait 2 hours. Zero: never. How long a
  /// living client stays idle has no limit.
  std::chrono::milliseconds server_keepalive_time{120'000};
  /// Without an answer to such a PING in this time the connection is lost.
  std::chrono::milliseconds keepalive_timeout{20'000};
  /// One write that the peer does not take in; then the connection is reset. Of a server's finished
  /// answer that only the client's flow control windows hold back, 64 KiB or the rest must leave in
  /// each such time, else its stream is reset. Zero: no limit.
  std::chrono::milliseconds write_timeout{30'000};
  /// Requests that a client may take back within rapid_reset_time and before their answers have
  /// begun to leave ("rapid reset", CVE-2023-44487): so many at once; each request that was seen to
  /// its end allows one more, and so many each second are allowed anyway. Then the connection ends.
  std::uint32_t rapid_resets_burst = 1000;
  std::uint32_t rapid_resets_per_second = 100;
  /// What is taken back later does not count: a deadline has passed, and max_concurrent_streams
  /// bounds how much work a client can waste so.
  std::chrono::milliseconds rapid_reset_time{100};
  /// So long may the last words of a broken connection (GOAWAY, a 400) take to leave.
  std::chrono::milliseconds goodbye_time{1000};
};

/// Told when a client's connection has become better or worse to use.
class Http2Watcher {
 public:
  /// ready(), usable() or has_room() may answer differently now. Comes on the connection's loop,
  /// from inside its work: it may open streams and wake coroutines, not destroy the connection.
  virtual void on_change() noexcept = 0;

 protected:
  ~Http2Watcher() = default;
};

/// What a server does with a stream. Shared by connections of all workers: thread-safe.
class Http2Handler {
 public:
  virtual ~Http2Handler() = default;
  /// Runs as a child of the connection's scope, once the request's headers are there. Destroys the
  /// stream before it ends. An exception ends the whole connection: handlers catch their users'.
  virtual Task<> handle(std::unique_ptr<Http2Stream> stream) = 0;
};

/// Kept alive by its streams. All I/O is done by run(): a request only queues and waits, so its
/// cancellation never cuts the connection. One loop; not thread-safe.
class Http2Connection final : public std::enable_shared_from_this<Http2Connection>,
                              private wire::http2::Handler {
 public:
  /// Client.
  static std::shared_ptr<Http2Connection> client(std::unique_ptr<net::Stream> stream,
                                                 const Http2Options& options);
  /// Server. The handler and the drain must outlive run().
  static std::shared_ptr<Http2Connection> server(std::unique_ptr<net::Stream> stream,
                                                 const Http2Options& options, Http2Handler& handler,
                                                 service::Drain& drain);

  /// Reads and writes until the connection ends; joins the handlers of its streams. An error says
  /// why it ended early: for logs; kResourceExhausted when the peer floods. A client that speaks
  /// HTTP/1.1 is answered with 400 and a sentence. Call once, in a scope that outlives no request
  /// but its owner's.
  Task<Result<>> run();

  /// Client. Opens a stream with these request headers, pseudo headers first. kUnavailable when
  /// the connection takes no more streams: take another connection. kResourceExhausted for more
  /// headers than this side or the server allows.
  [[nodiscard]] Result<std::unique_ptr<Http2Stream>> open(const Headers& headers, bool end_stream);
  /// Client. May open() be called? False once the peer or this side has said goodbye.
  [[nodiscard]] bool usable() const noexcept;
  /// Client. Would the peer take one more stream at once? Otherwise it waits for another to end.
  [[nodiscard]] bool has_room() const noexcept;
  /// Client. The peer's settings are there: it speaks HTTP/2, and has_room() knows its limit.
  [[nodiscard]] bool ready() const noexcept { return ready_; }
  /// Client. At least one request has been answered on it.
  [[nodiscard]] bool answered() const noexcept { return answered_; }
  /// Client. The peer has ended it because of our PINGs: keepalive_interval is too short for it.
  [[nodiscard]] bool pinged_too_often() const noexcept { return pinged_too_often_; }
  /// Client. The watcher must live until run() has ended, or another (or null) takes its place.
  void watch(Http2Watcher* watcher) noexcept { watcher_ = watcher; }
  [[nodiscard]] std::size_t open_streams() const noexcept { return streams_.size(); }

  /// Sends GOAWAY; streams under way finish, then run() ends.
  void shutdown();

  [[nodiscard]] const net::Endpoint& peer() const noexcept { return peer_; }

 private:
  friend class Http2Stream;
  Http2Connection(wire::http2::Role role, std::unique_ptr<net::Stream> stream,
                  const Http2Options& options);

  static Task<Result<>> run_in(Scope& scope, Http2Connection* self);
  static Task<Result<>> read_preface(Http2Connection* self);
  static Task<Result<>> read_loop(Http2Connection* self);
  static Task<Result<>> say_goodbye(Http2Connection* self);
  static Task<> write_loop(Http2Connection* self);
  static Task<Result<>> refuse_http1(Http2Connection* self);
  static Task<> drain_loop(Http2Connection* self);
  static Task<Result<>> say_goodbye_to_client(Http2Connection* self, std::string_view why);
  static Task<> watch_peer(Http2Connection* self);
  static Task<> watch_client(Http2Connection* self);
  static Task<bool> answers_ping(Http2Connection* self);
  void watch_unsent();
  static Task<> give_up_unsent(Http2Connection* self);
  void tell_watcher() noexcept {
    if (watcher_ != nullptr) watcher_->on_change();
  }
  static Task<> handle_stream(Http2Connection* self, std::unique_ptr<Http2Stream> stream);
  Result<> receive(std::string_view bytes);
  void start_new_streams();
  /// Lets the writer run if it has something to do: to write, or to note that all is over.
  void flush() noexcept {
    if (write_due_ || !(session_.wants_write() || finished())) return;
    write_due_ = true;
    writable_.wake_one();
  }
  [[nodiscard]] bool finished() const noexcept {
    return !session_.wants_write() && !session_.wants_read();
  }
  [[nodiscard]] Result<> how_it_finished() const;
  void end(const Status& why);
  void forget(Http2Stream& stream);
  Http2Stream* find(wire::http2::StreamId id) noexcept;

  void on_headers(wire::http2::StreamId id, Headers&& headers, bool end_stream) override;
  void on_data(wire::http2::StreamId id, std::string_view bytes) override;
  void on_trailers(wire::http2::StreamId id, Headers&& trailers) override;
  void on_end(wire::http2::StreamId id) override;
  void on_close(wire::http2::StreamId id, wire::http2::ErrorCode code) override;
  void on_taken_back(wire::http2::StreamId id, bool answered) override;
  void on_header_list_over(wire::http2::StreamId id) override;
  void on_writable(wire::http2::StreamId id) override;
  void on_goaway(wire::http2::StreamId last, wire::http2::ErrorCode code,
                 std::string_view debug) override;
  void on_settings() override;
  void on_ping_ack(const std::array<std::uint8_t, 8>& payload) override;

  const wire::http2::Role role_;
  const Http2Options options_;
  std::unique_ptr<net::Stream> stream_;
  const net::Endpoint peer_;
  Http2Handler* handler_ = nullptr;
  service::Drain* drain_ = nullptr;
  wire::http2::Session session_;
  boost::unordered_flat_map<wire::http2::StreamId, Http2Stream*> streams_;
  std::vector<std::unique_ptr<Http2Stream>> new_streams_;
  WaitQueue writable_;
  WaitQueue pinged_;
  WaitQueue prefaced_;
  WaitQueue written_;
  Scope* scope_ = nullptr;
  // The client's first bytes, until they are known to be the preface: until then a server writes
  // nothing, so that it can still answer HTTP/1.1.
  std::string preface_;
  Http2Watcher* watcher_ = nullptr;
  TimePoint heard_at_{};  // the last read
  // Server.
  ResetBudget resets_;
  wire::http2::StreamId taken_back_last_ = 0;
  bool too_many_resets_ = false;
  bool giving_up_ = false;  // give_up_unsent() runs
  // Client. Streams above the second have certainly not left yet.
  wire::http2::StreamId opened_last_ = 0;
  wire::http2::StreamId sent_last_ = 0;
  bool ready_ = false;
  bool answered_ = false;
  bool pinged_too_often_ = false;
  bool silent_ = false;  // since the last part of an answer a ping has been sent
  bool preface_done_ = false;
  bool goaway_received_ = false;
  bool draining_ = false;
  bool closing_ = false;    // the writer ends when it has nothing left
  bool write_due_ = false;  // the writer has not waited since flush() found something for it
  bool writer_ended_ = false;
  Status ended_;
};

}  // namespace hal::transport
