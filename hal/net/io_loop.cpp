#include <hal/net/io_loop.hpp>

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
    if (wake) wake_up();
  }

  /// Precondition: `scheduled` has just been set, so that the slot is free.
  void wake_up() { asio::post(context, DrainHandler{this, &drain_slot}); }

  /// For a piece of work that runs the loop itself: what was posted with it must not wait for it.
  void drain_again() {
    {
      const std::lock_guard lock{mutex};
      if (posted.empty() || std::exchange(scheduled, true)) return;
    }
    wake_up();
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
  bool stop_was_seen = false;
  asio::io_context context{1};
  asio::executor_work_guard<Executor> guard{context.get_executor()};
  WaitTimer timer{context.get_executor()};
};

IoLoop::IoLoop() : impl_{std::make_unique<Impl>(*this)} {}

IoLoop::~IoLoop() = default;

TimePoint IoLoop::now() const noexcept { return Clock::now(); }

void IoLoop::post(Work work) { impl_->post(std::move(work)); }

void IoLoop::run_until(const std::function<bool()>& done) {
  impl_->drain_again();
  while (!done()) {
    if (impl_->context.run_one() > 0) continue;
    impl_->stop_was_seen = true;  // for the next run()
    impl_->context.restart();
  }
}

void IoLoop::run() {
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
