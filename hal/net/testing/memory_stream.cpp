#include <hal/net/testing/memory_stream.hpp>

#include <fmt/format.h>

namespace hal::net::testing {
namespace detail {
namespace {

class MemoryStream final : public Stream {
 public:
  MemoryStream(MemoryConnectionPtr connection, int side)
      : connection_{std::move(connection)}, side_{side} {}
  ~MemoryStream() override { MemoryStream::close(); }

  std::optional<Result<std::size_t>> start_read(IoOp& op, std::span<char> buffer) override {
    expects(!buffer.empty(), "a read has room for a byte");
    if (closed_) return error(closed_here());
    return connection_->read(side_, op, buffer);
  }
  std::optional<Result<std::size_t>> start_write(IoOp& op, std::string_view data) override {
    if (closed_) return error(closed_here());
    return connection_->write(side_, op, data);
  }
  void cancel_read() noexcept override {
    connection_->cancel_read(side_, {Code::kCancelled, "the operation was cancelled"});
  }
  void cancel_write() noexcept override {
    connection_->cancel_write(side_, {Code::kCancelled, "the operation was cancelled"});
  }
  void shutdown_write() noexcept override {
    if (!closed_) connection_->end(side_);
  }
  void close() noexcept override {
    if (std::exchange(closed_, true)) return;
    connection_->cancel_read(side_, closed_here());
    connection_->cancel_write(side_, closed_here());
    connection_->close(side_);
  }
  void abort() noexcept override {
    if (std::exchange(closed_, true)) return;
    connection_->cancel_read(side_, closed_here());
    connection_->cancel_write(side_, closed_here());
    connection_->reset();
  }
  [[nodiscard]] Endpoint peer() const override { return connection_->endpoint(1 - side_); }
  [[nodiscard]] Endpoint local() const override {
    return closed_ ? Endpoint{} : connection_->endpoint(side_);
  }

 private:
  static Status closed_here() {
    return {Code::kCancelled, "the connection was closed by this side"};
  }
  const MemoryConnectionPtr connection_;
  const int side_;
  bool closed_ = false;
};

}  // namespace

StreamPair make_ends(const MemoryConnectionPtr& connection) {
  return {std::make_unique<MemoryStream>(connection, 0),
          std::make_unique<MemoryStream>(connection, 1)};
}

Status MemoryConnection::lost(int side, std::string_view why) const {
  return {Code::kUnavailable, fmt::format("{}: {}", to_string(endpoint(1 - side)), why)};
}

void MemoryConnection::complete(int side, IoOp*& op, Result<std::size_t> result) {
  if (op == nullptr) return;
  loops_[index(side)]->post(
      [done = std::exchange(op, nullptr), result = std::move(result)]() mutable {
        done->on_complete(std::move(result));
      });
}

std::size_t MemoryConnection::take(MemoryPipe& pipe, std::span<char> buffer) const {
  std::size_t size = std::min(buffer.size(), pipe.data.size());
  if (options_.one_byte_at_a_time) size = std::min<std::size_t>(size, 1);
  std::memcpy(buffer.data(), pipe.data.data(), size);
  pipe.data.erase(0, size);
  return size;
}

void MemoryConnection::fill(MemoryPipe& pipe) const {
  const std::size_t room = options_.buffered_bytes_max - pipe.data.size();
  pipe.data.append(pipe.left.substr(0, room));
  pipe.left.remove_prefix(std::min(room, pipe.left.size()));
}

void MemoryConnection::settle(int from) {
  MemoryPipe& pipe = written_by(from);
  fill(pipe);
  if (pipe.reader != nullptr && !pipe.data.empty()) {
    const std::size_t size = take(pipe, pipe.buffer);
    complete(1 - from, pipe.reader, size);
    fill(pipe);
  }
  if (pipe.reader != nullptr && pipe.ended) complete(1 - from, pipe.reader, 0);
  if (pipe.left.empty()) complete(from, pipe.writer, pipe.total);
}

std::optional<Result<std::size_t>> MemoryConnection::read(int side, IoOp& op,
                                                          std::span<char> buffer) {
  MemoryPipe& pipe = written_by(1 - side);
  expects(pipe.reader == nullptr, "one read at a time");
  if (reset_) return error(lost(side, "Connection reset by peer"));
  if (!pipe.data.empty()) {
    const std::size_t size = take(pipe, buffer);
    settle(1 - side);
    return size;
  }
  if (pipe.ended) return 0;
  pipe.reader = &op;
  pipe.buffer = buffer;
  return std::nullopt;
}

std::optional<Result<std::size_t>> MemoryConnection::write(int side, IoOp& op,
                                                           std::string_view data) {
  MemoryPipe& pipe = written_by(side);
  expects(pipe.writer == nullptr, "one write at a time");
  if (reset_ || pipe.reader_gone || pipe.ended) return error(lost(side, "Broken pipe"));
  pipe.left = data;
  pipe.total = data.size();
  settle(side);
  if (pipe.left.empty()) return data.size();
  pipe.writer = &op;
  return std::nullopt;
}

void MemoryConnection::cancel_read(int side, const Status& reason) {
  complete(side, written_by(1 - side).reader, error(reason));
}

void MemoryConnection::cancel_write(int side, const Status& reason) {
  MemoryPipe& pipe = written_by(side);
  pipe.left = {};
  complete(side, pipe.writer, error(reason));
}

void MemoryConnection::end(int side) {
  written_by(side).ended = true;
  settle(side);
}

void MemoryConnection::close(int side) {
  end(side);
  MemoryPipe& incoming = written_by(1 - side);
  incoming.reader_gone = true;
  cancel_write(1 - side, lost(1 - side, "Broken pipe"));
}

void MemoryConnection::reset() {
  reset_ = true;
  for (const int side : {0, 1}) {
    written_by(side).data.clear();
    cancel_read(side, lost(side, "Connection reset by peer"));
    cancel_write(side, lost(side, "Connection reset by peer"));
  }
}

}  // namespace detail

StreamPair make_stream_pair(Loop& loop, const MemoryOptions& options) {
  return detail::make_ends(std::make_shared<detail::MemoryConnection>(
      std::array<Loop*, 2>{&loop, &loop},
      std::array<Endpoint, 2>{Endpoint{.host = "127.0.0.1", .port = 50000},
                              Endpoint{.host = "127.0.0.1", .port = 80}},
      options));
}

}  // namespace hal::net::testing
