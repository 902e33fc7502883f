// Connections of HTTP/1.1 clients, kept for the next request.
#pragma once

#include <hal/transport/connector.hpp>
#include <hal/transport/http1_client.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace hal::transport {

struct Http1PoolOptions {
  /// Beyond one of them an exchange fails with INTERNAL.
  wire::http1::Limits limits{};
  Duration connect_timeout = std::chrono::seconds{5};
  /// Of the TLS handshake that follows when the origin is https.
  Duration handshake_timeout = std::chrono::seconds{5};
  /// From the first byte sent to the last byte received; of a stream, to the head of the response
  /// (after an upload: from its end).
  Duration exchange_timeout = std::chrono::seconds{30};
  /// For each piece of a streamed body, either way. A watch says something at least so often.
  Duration stream_idle_timeout = std::chrono::minutes{5};
  /// Below what common servers keep an idle connection (60 s and more; Node.js 5 s).
  Duration idle_timeout = std::chrono::seconds{30};
  /// On a worker idle connections are looked at so often: those that are too old, or that the
  /// server has closed, go without another request.
  Duration idle_check = std::chrono::seconds{1};
  /// Idle connections of one worker; the longest unused is closed for a new one.
  std::size_t idle_max = 64;
  /// Requests under way on one worker, each on its own connection; more are RESOURCE_EXHAUSTED.
  std::size_t active_max = 1024;
};

class Http1Stream;

/// Each worker has connections of its own, and only its thread touches them: thread-safe as long
/// as it is used on workers' loops. Must outlive its exchanges.
class Http1Pool {
 public:
  /// `network` must outlive it. `workers`: loop->worker_index() is below it. `tls` is for https,
  /// see Connector: servers are verified unless it says something else.
  Http1Pool(net::Network& network, std::size_t workers, const Http1PoolOptions& options = {},
            net::TlsClientOptions tls = {});

  /// As Http1Client::exchange, on an idle connection to the server or a new one. A request that
  /// may be repeated (RFC 9110 9.2.2: GET, HEAD, OPTIONS, TRACE, PUT, DELETE) is sent again, once,
  /// when the server had closed the idle connection; before any other request the connection is
  /// checked. Errors as of Connector and Http1Client; DEADLINE_EXCEEDED also for an answer that
  /// takes longer than exchange_timeout. `request` must outlive it.
  Task<Result<HttpResponse>> exchange(Origin server, const HttpRequest& request);

  /// As exchange(), but returns when the response's head is there; the body is read from the
  /// stream. With `upload` the request's body comes from there, and it is sent only once.
  Task<Result<Http1Stream>> open(Origin server, const HttpRequest& request,
                                 const HttpUpload* upload = nullptr);

  /// Of the calling worker.
  [[nodiscard]] std::size_t idle_connections() const;

 private:
  struct Idle {
    Origin server;
    std::unique_ptr<Http1Client> client;
    TimePoint since;
  };
  struct Slot : std::enable_shared_from_this<Slot> {
    std::vector<Idle> idle;  // oldest first
    std::size_t active = 0;
    bool watched = false;  // watch_idle() runs
  };
  /// Counts an exchange on every way out.
  class Active {
   public:
    explicit Active(Slot& slot) noexcept : slot_{&slot} { ++slot_->active; }
    Active(Active&& other) noexcept : slot_{std::exchange(other.slot_, nullptr)} {}
    Active& operator=(Active&& other) noexcept {
      std::swap(slot_, other.slot_);
      return *this;
    }
    ~Active() {
      if (slot_ != nullptr) --slot_->active;
    }

   private:
    Slot* slot_;
  };
  /// What one exchange needs; `client` is the connection it ended up on.
  struct Attempt {
    Origin server;
    const HttpRequest& request;
    const HttpUpload* upload = nullptr;
    bool whole = true;
    std::unique_ptr<Http1Client> client{};
  };
  friend class Http1Stream;

  Task<Result<HttpResponse>> run(Slot& mine, Attempt& attempt);
  Task<Result<HttpResponse>> send(Attempt& attempt) const;
  Task<Result<Slot*>> slot_for_one_more();
  Slot& slot(const Loop& loop);
  static Task<> watch_idle(std::weak_ptr<Slot> watched, Http1PoolOptions options);
  static Task<> drop_closed(Slot& slot, const Http1PoolOptions& options);
  static void drop_expired(Slot& slot, const Http1PoolOptions& options, TimePoint now);
  static std::unique_ptr<Http1Client> take(Slot& slot, const Origin& server);
  void put(Slot& slot, const Origin& server, std::unique_ptr<Http1Client> client, Loop& loop) const;
  Task<Result<std::unique_ptr<Http1Client>>> connect(const Origin& server);

  Http1PoolOptions options_;
  Connector connector_;
  std::vector<std::shared_ptr<Slot>> slots_;
};

/// A response whose body is still coming. Its connection is kept for other requests once the body
/// has been read to its end, and is closed when the stream is destroyed before. Used and destroyed
/// on the worker that opened it; the pool must outlive it.
class Http1Stream final : public BodyReader {
 public:
  Http1Stream(Http1Stream&&) = default;
  Http1Stream& operator=(Http1Stream&&) = default;

  /// Status and headers; the body in it is empty.
  [[nodiscard]] HttpResponse& head() noexcept { return head_; }
  [[nodiscard]] const HttpResponse& head() const noexcept { return head_; }
  /// DEADLINE_EXCEEDED when nothing comes for Http1PoolOptions::stream_idle_timeout.
  Task<Result<std::string>> read() override;

 private:
  friend class Http1Pool;
  Http1Stream(Http1Pool& pool, Http1Pool::Slot& slot, Origin server,
              std::unique_ptr<Http1Client> client, HttpResponse head)
      : pool_{&pool},
        slot_{&slot},
        active_{slot},
        server_{std::move(server)},
        client_{std::move(client)},
        head_{std::move(head)} {}

  Http1Pool* pool_;
  Http1Pool::Slot* slot_;
  std::optional<Http1Pool::Active> active_;
  Origin server_;
  std::unique_ptr<Http1Client> client_;  // null once the body is complete
  HttpResponse head_;
  Status failure_;
};

}  // namespace hal::transport
