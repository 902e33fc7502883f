// IoLoop: the event loop of one thread, on Asio.
#pragma once

#include <hal/async/loop.hpp>

#include <memory>

namespace boost::asio {
class io_context;
}

namespace hal::net {

/// Waits without using the processor when there is nothing to do. Created on any thread, it then
/// belongs to the one that runs it. Streams, listeners and signals of the loop must not outlive it.
class IoLoop final : public Loop {
 public:
  IoLoop();
  ~IoLoop() override;

  /// The steady clock.
  [[nodiscard]] TimePoint now() const noexcept override;
  /// Thread-safe. Work that was posted and has not run when the loop is destroyed, is destroyed.
  void post(Work work) override;
  /// As run(), must not be called by work of this loop.
  void run_until(const std::function<bool()>& done) override;

  /// Runs the loop until stop() is called. May be called again afterwards.
  void run();
  /// Makes the running, or the next, run() return. Thread-safe.
  void stop();

  /// For the .cpp files of this module.
  [[nodiscard]] boost::asio::io_context& context() noexcept;

 private:
  void wake_at(TimePoint due) override;
  struct Impl;
  class Running;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hal::net
