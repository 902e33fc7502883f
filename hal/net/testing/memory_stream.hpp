// One in-memory connection and its two ends. Internal to MemoryNetwork.
#pragma once

#include <hal/net/testing/memory_network.hpp>

#include <array>

namespace hal::net::testing::detail {

/// One direction: what side `from` writes and the other reads.
struct MemoryPipe {
  std::string data;
  bool ended = false;        ///< the writer has shut down or closed
  bool reader_gone = false;  ///< the reader has closed
  IoOp* reader = nullptr;
  std::span<char> buffer;
  IoOp* writer = nullptr;
  std::string_view left;
  std::size_t total = 0;
};

class MemoryConnection {
 public:
  /// Side 0 has connected to side 1.
  MemoryConnection(std::array<Loop*, 2> loops, std::array<Endpoint, 2> endpoints,
                   const MemoryOptions& options)
      : loops_{loops}, endpoints_{std::move(endpoints)}, options_{options} {}

  std::optional<Result<std::size_t>> read(int side, IoOp& op, std::span<char> buffer);
  std::optional<Result<std::size_t>> write(int side, IoOp& op, std::string_view data);
  void cancel_read(int side, const Status& reason);
  void cancel_write(int side, const Status& reason);
  void end(int side);
  void close(int side);
  /// Both sides see a reset.
  void reset();
  [[nodiscard]] const Endpoint& endpoint(int side) const { return endpoints_[index(side)]; }

 private:
  static std::size_t index(int side) noexcept { return side == 0 ? 0 : 1; }
  [[nodiscard]] MemoryPipe& written_by(int side) noexcept { return pipes_[index(side)]; }
  [[nodiscard]] Status lost(int side, std::string_view why) const;
  std::size_t take(MemoryPipe& pipe, std::span<char> buffer) const;
  void fill(MemoryPipe& pipe) const;
  /// Lets the operations of the pipe that `from` writes go on as far as they can.
  void settle(int from);
  void complete(int side, IoOp*& op, Result<std::size_t> result);

  std::array<Loop*, 2> loops_;
  std::array<Endpoint, 2> endpoints_;
  MemoryOptions options_;
  std::array<MemoryPipe, 2> pipes_;
  bool reset_ = false;
};

using MemoryConnectionPtr = std::shared_ptr<MemoryConnection>;

[[nodiscard]] StreamPair make_ends(const MemoryConnectionPtr& connection);

}  // namespace hal::net::testing::detail
