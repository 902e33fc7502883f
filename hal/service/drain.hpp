// Drain: tells the connections of one worker that the process is about to stop.
#pragma once

#include <hal/async/or_return.hpp>
#include <hal/async/wait_queue.hpp>

namespace hal::service {

/// One per worker; belongs to the worker's loop.
class Drain {
 public:
  /// From now on the process is not ready: health checks say so, and everything is still served.
  void announce() noexcept {
    announced_ = true;
    waiters_.wake_all();
  }
  /// From now on: no new connections, no next request on one, GOAWAY and "Connection: close".
  void start() noexcept {
    started_ = true;
    announce();
  }
  [[nodiscard]] bool announced() const noexcept { return announced_; }
  [[nodiscard]] bool started() const noexcept { return started_; }

  /// A server of this worker, from before it listens until its last connection has ended.
  class Server {
   public:
    explicit Server(Drain& drain) noexcept : drain_{drain} { ++drain_.servers_; }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server() {
      if (--drain_.servers_ == 0) drain_.waiters_.wake_all();
    }

   private:
    Drain& drain_;
  };
  /// OK once there is no server; an error is the reason of a stop.
  Task<Result<>> wait_idle() {
    while (servers_ > 0) co_await or_return(co_await waiters_.wait());
    co_return Result<>{};
  }

  /// OK once the drain was announced, or has started; an error is the reason of a stop.
  Task<Result<>> wait_announced() {
    while (!announced_) co_await or_return(co_await waiters_.wait());
    co_return Result<>{};
  }
  /// OK once draining has started; an error is the reason of a stop.
  Task<Result<>> wait() {
    while (!started_) co_await or_return(co_await waiters_.wait());
    co_return Result<>{};
  }

 private:
  bool announced_ = false;
  bool started_ = false;
  std::size_t servers_ = 0;
  WaitQueue waiters_;
};

}  // namespace hal::service
