#include <hal/async/offload.hpp>

namespace hal::detail {

bool OffloadAwaiter::await_suspend(std::coroutine_handle<> coroutine, Context& context) {
  Loop* const loop = context.loop;
  expects(loop->offload_pool() != nullptr, "offload needs a loop with an offload pool");
  accepted_ = loop->offload_pool()->submit([work = std::move(work_), loop, coroutine]() mutable {
    work();
    work = nullptr;
    loop->post([coroutine] { resume(coroutine); });
  });
  return accepted_;
}

}  // namespace hal::detail
