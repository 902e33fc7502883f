// Stop: how a running piece of work is told to end early, and why.
#pragma once

#include <hal/base/status.hpp>

namespace hal {

class StopSource;

/// A link in a StopSource's list. Derive, call attach, and on_stop runs once when the source is
/// stopped. Detaches itself when destroyed. Everything here belongs to one loop: not thread-safe.
class StopCallback {
 public:
  StopCallback() = default;
  StopCallback(const StopCallback&) = delete;
  StopCallback& operator=(const StopCallback&) = delete;

  /// Calls on_stop at once if `source` is stopped already. A null source never stops. Precondition:
  /// not attached.
  void attach(StopSource* source);
  /// Detaches: on_stop is not called any more. Nothing happens when it is not attached.
  void release() noexcept;

 protected:
  ~StopCallback() { release(); }

 private:
  friend class StopSource;
  /// Must not resume a coroutine directly: it posts the resumption to the loop, since the
  /// caller of StopSource::request may live in the frame that such a resumption would end.
  virtual void on_stop(const Status& reason) noexcept = 0;

  StopSource* source_ = nullptr;
  StopCallback* previous_ = nullptr;
  StopCallback* next_ = nullptr;
};

/// A stop and its reason. A child is stopped with its parent; stopping a child leaves the parent
/// alone. Must outlive its callbacks. One loop: a stop from another thread is posted to it.
class StopSource final : private StopCallback {
 public:
  /// Null: it has no parent. A parent must outlive it.
  explicit StopSource(StopSource* parent = nullptr);
  ~StopSource();

  /// Stops: the first reason stays, later ones are ignored. Precondition: !reason.ok().
  void request(Status reason) noexcept;

  [[nodiscard]] bool requested() const noexcept { return !reason_.ok(); }
  /// OK until stopped. Stable once it is not OK.
  [[nodiscard]] const Status& reason() const noexcept { return reason_; }

 private:
  friend class StopCallback;
  void on_stop(const Status& reason) noexcept override { request(reason); }

  StopCallback* first_ = nullptr;
  Status reason_;
};

}  // namespace hal
