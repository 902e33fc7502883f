#include <hal/net/io_loop.hpp>

#include <hal/base/contract.hpp>
#include <hal/net/handler_slot.hpp>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <deque>
#include <mutex>

namespace hal::net {

namespace asio = boost::asio;

struct IoLoop::Impl {
  using Executor = asio::io_context::executor_type;
  using WaitTimer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

  explicit Impl(IoLoop& the_loop) : loop{the_loop} {}

  void post(Work work) {
    bool wake = false;
    {
      const std::lock_guard lock{mutex};
      posted.push_back(std::move(work));
      wake = !std::exchange(scheduled, true);
    }
    // One drain at a time is under way: the slot is free.
    if (wake) asio::post(context, DrainHandler{this, &drain_slot});
  }

  /// Runs what has been posted so far.
  void drain() {
    std::unique_lock lock{mutex};
    scheduled = false;
    for (std::size_t left = posted.size(); left > 0 && !posted.empty(); --left) {
      Work work = std::move(posted.front());
      posted.pop_front();
      lock.unlock();
      work();
      work = nullptr;
      lock.lock();
    }
  }

  void on_timer(const boost::system::error_code& failed) {
    if (!failed) loop.run_timers();  // else an earlier time has replaced this one
  }

  using DrainHandler = detail::SlotHandler<&Impl::drain, Impl>;
  using TimerHandler = detail::SlotHandler<&Impl::on_timer, Impl>;

  IoLoop& loop;
  detail::HandlerSlot drain_slot;
  detail::HandlerSlot timer_slot;
  std::mutex mutex;
  std::deque<Work> posted;
  bool scheduled = false;
  bool running = false;
  bool stop_was_seen = false;
  asio::io_context context{1};
  asio::executor_work_guard<Executor> guard{context.get_executor()};
  WaitTimer timer{context.get_executor()};
};

/// Asio, told that there is one thread, would wait for ever in a loop inside a loop.
class IoLoop::Running {
 public:
  explicit Running(Impl& impl) : impl_{impl} {
    expects(!std::exchange(impl_.running, true), "a loop is not run from its own work");
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { impl_.running = false; }

 private:
  Impl& impl_;
};

IoLoop::IoLoop() : impl_{std::make_unique<Impl>(*this)} {}

IoLoop::~IoLoop() = default;

TimePoint IoLoop::now() const noexcept { return Clock::now(); }

void IoLoop::post(Work work) { impl_->post(std::move(work)); }

void IoLoop::run_until(const std::function<bool()>& done) {
  const Running running{*impl_};
  while (!done()) {
    if (impl_->context.run_one() > 0) continue;
    impl_->stop_was_seen = true;  // for the next run()
    impl_->context.restart();
  }
}

void IoLoop::run() {
  const Running running{*impl_};
  if (!std::exchange(impl_->stop_was_seen, false)) impl_->context.run();
  impl_->context.restart();
}

void IoLoop::stop() { impl_->context.stop(); }

boost::asio::io_context& IoLoop::context() noexcept { return impl_->context; }

void IoLoop::wake_at(TimePoint due) {
  impl_->timer.expires_at(due);
  impl_->timer.async_wait(Impl::TimerHandler{impl_.get(), &impl_->timer_slot});
}

}  // namespace hal::net
