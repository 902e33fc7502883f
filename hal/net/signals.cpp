#include <hal/net/signals.hpp>

#include <hal/base/contract.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <utility>

namespace hal::net {

struct Signals::Impl {
  explicit Impl(IoLoop& loop) : set{loop.context()} {}

  void wait(Awaiter& awaiter) {
    expects(waiter == nullptr, "one coroutine waits for signals at a time");
    waiter = &awaiter;
    set.async_wait([this](const boost::system::error_code& failed, int number) {
      Awaiter* const done = std::exchange(waiter, nullptr);
      if (failed) {
        done->complete(error(Code::kCancelled, "waiting for signals was cancelled"));
      } else {
        done->complete(number);
      }
    });
  }

  boost::asio::signal_set set;
  Awaiter* waiter = nullptr;
};

Signals::Signals(IoLoop& loop, std::initializer_list<int> numbers)
    : impl_{std::make_unique<Impl>(loop)} {
  for (const int number : numbers) {
    boost::system::error_code failed;
    impl_->set.add(number, failed);
    expects(!failed, "only signals that can be caught are waited for");
  }
}

Signals::~Signals() {
  expects(impl_->waiter == nullptr, "signals outlive the coroutine that waits for them");
}

Signals::Awaiter Signals::next() noexcept { return Awaiter{*impl_}; }

bool Signals::Awaiter::await_suspend(std::coroutine_handle<> coroutine, Context& context) {
  if (context.stop != nullptr && context.stop->requested()) {
    result_ = error(context.stop->reason());
    return false;
  }
  coroutine_ = coroutine;
  impl_.wait(*this);
  attach(context.stop);
  return true;
}

void Signals::Awaiter::on_stop(const Status& reason) noexcept {
  stop_reason_ = reason;
  boost::system::error_code ignored;
  impl_.set.cancel(ignored);
}

void Signals::Awaiter::complete(Result<int> result) noexcept {
  release();
  result_ = std::move(result);
  if (!result_ && !stop_reason_.ok()) result_ = error(std::move(stop_reason_));
  hal::detail::resume(coroutine_);
}

}  // namespace hal::net
