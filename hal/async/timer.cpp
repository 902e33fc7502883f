#include <hal/async/timer.hpp>

#include <hal/base/contract.hpp>

namespace hal {

void TimerQueue::place(std::size_t index, Timer* timer) noexcept {
  heap_[index] = timer;
  timer->index_ = index;
}

void TimerQueue::sift_up(std::size_t index) noexcept {
  Timer* timer = heap_[index];
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (heap_[parent]->due_ <= timer->due_) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, timer);
}

void TimerQueue::sift_down(std::size_t index) noexcept {
  Timer* timer = heap_[index];
  for (;;) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->due_ < heap_[child]->due_) ++child;
    if (timer->due_ <= heap_[child]->due_) break;
    place(index, heap_[child]);
    index = child;
  }
  place(index, timer);
}

void TimerQueue::add(Timer& timer, TimePoint due) {
  expects(!timer.armed(), "a timer is armed once at a time");
  heap_.push_back(&timer);
  timer.due_ = due;
  timer.index_ = heap_.size() - 1;
  sift_up(timer.index_);
}

void TimerQueue::remove(Timer& timer) noexcept {
  if (!timer.armed()) return;
  const std::size_t index = timer.index_;
  timer.index_ = Timer::kNotQueued;
  Timer* last = heap_.back();
  heap_.pop_back();
  if (last == &timer) return;
  place(index, last);
  sift_up(index);
  sift_down(last->index_);
}

TimePoint TimerQueue::next_due() const noexcept {
  return heap_.empty() ? kNoDeadline : heap_.front()->due_;
}

std::size_t TimerQueue::run_due(TimePoint now) {
  std::size_t fired = 0;
  // Not those that are armed meanwhile: a timer that is due again at once must not hold the loop.
  const std::size_t most = heap_.size();
  while (fired < most && !heap_.empty() && heap_.front()->due_ <= now) {
    Timer& timer = *heap_.front();
    remove(timer);
    timer.on_timer();
    ++fired;
  }
  return fired;
}

}  // namespace hal
