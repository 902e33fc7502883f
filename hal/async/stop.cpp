#include <hal/async/stop.hpp>

#include <hal/base/contract.hpp>

namespace hal {

void StopCallback::attach(StopSource* source) {
  if (source == nullptr) return;
  expects(source_ == nullptr, "a stop callback is attached once at a time");
  if (source->requested()) {
    on_stop(source->reason());
    return;
  }
  source_ = source;
  next_ = source->first_;
  if (next_ != nullptr) next_->previous_ = this;
  source->first_ = this;
}

void StopCallback::release() noexcept {
  if (source_ == nullptr) return;
  (previous_ != nullptr ? previous_->next_ : source_->first_) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  source_ = nullptr;
  previous_ = next_ = nullptr;
}

StopSource::StopSource(StopSource* parent) { attach(parent); }

StopSource::~StopSource() { expects(first_ == nullptr, "a stop source outlives its callbacks"); }

void StopSource::request(Status reason) noexcept {
  expects(!reason.ok(), "a stop has a reason");
  if (requested()) return;
  reason_ = std::move(reason);
  // One by one from the front: a callback may detach others.
  while (first_ != nullptr) {
    StopCallback* callback = first_;
    callback->release();
    callback->on_stop(reason_);
  }
}

}  // namespace hal
