#include <hal/net/tcp_stream.hpp>

#include <hal/base/contract.hpp>

#include <boost/asio/buffer.hpp>

#include <cerrno>

namespace hal::net::detail {
namespace {

// A peer that is always faster than this side must not keep the loop from everybody else.
constexpr int kImmediateMax = 32;

namespace asio = boost::asio;

bool would_block(int error_number) { return error_number == EAGAIN || error_number == EWOULDBLOCK; }

Status closed_here() { return {Code::kCancelled, "the connection was closed by this side"}; }

}  // namespace

TcpStream::TcpStream(TcpSocket socket, const SocketAddress& peer, bool readable)
    : socket_{std::move(socket)},
      descriptor_{socket_.native_handle()},
      peer_{peer},
      readable_{readable} {}

TcpStream::~TcpStream() {
  expects(read_.op == nullptr && write_.op == nullptr,
          "a stream is destroyed after its operations have completed");
}

bool TcpStream::may_go_on() noexcept {
  if (immediate_ < kImmediateMax) {
    ++immediate_;
    return true;
  }
  return false;
}

std::optional<Result<std::size_t>> TcpStream::start_read(IoOp& op, std::span<char> buffer) {
  expects(read_.op == nullptr, "one read at a time");
  expects(!buffer.empty(), "a read has room for a byte");
  if (closed_) return error(closed_here());
  // A read that did not fill its buffer has emptied the socket: Asio's own attempt before it waits
  // is then the only call in vain.
  if (readable_ && may_go_on()) {
    ssize_t size = 0;
    do {
      size = ::recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    } while (size < 0 && errno == EINTR);
    if (size >= 0) {
      const auto count = static_cast<std::size_t>(size);
      readable_ = count == buffer.size() || count == 0;  // the end of the stream stays there
      return count;
    }
    if (!would_block(errno)) return error(failure(errno));
    readable_ = false;
  }
  read_.op = &op;
  read_.cancelled = false;
  buffer_ = buffer;
  wait_read();
  return std::nullopt;
}

void TcpStream::wait_read() {
  socket_.async_read_some(asio::buffer(buffer_.data(), buffer_.size()),
                          SlotHandler<&TcpStream::on_read, TcpStream>{this, &read_.slot});
}

void TcpStream::on_read(const boost::system::error_code& failed, std::size_t size) {
  immediate_ = 0;
  if (failed == asio::error::operation_aborted) {
    if (read_.cancelled || closed_) return finish(read_, error(cancelled_here()));
    return wait_read();  // socket_.cancel() was meant for the write
  }
  if (failed == asio::error::eof) {
    readable_ = true;
    finish(read_, 0);
  } else if (failed) {
    finish(read_, error(failure(failed.value())));
  } else {
    readable_ = size == buffer_.size();
    finish(read_, size);
  }
}

std::optional<Result<std::size_t>> TcpStream::start_write(IoOp& op, std::string_view data) {
  expects(write_.op == nullptr, "one write at a time");
  if (closed_) return error(closed_here());
  data_ = data;
  written_ = data.size();
  if (data_.empty()) return written_;
  if (may_go_on()) {
    ssize_t size = 0;
    do {
      size = ::send(descriptor_, data_.data(), data_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (size < 0 && errno == EINTR);
    if (size < 0 && !would_block(errno)) return error(failure(errno));
    if (size > 0) data_.remove_prefix(static_cast<std::size_t>(size));
    if (data_.empty()) return written_;
  }
  write_.op = &op;
  write_.cancelled = false;
  wait_write();
  return std::nullopt;
}

void TcpStream::wait_write() {
  socket_.async_write_some(asio::buffer(data_.data(), data_.size()),
                           SlotHandler<&TcpStream::on_write, TcpStream>{this, &write_.slot});
}

void TcpStream::on_write(const boost::system::error_code& failed, std::size_t size) {
  immediate_ = 0;
  data_.remove_prefix(size);
  if (failed && failed != asio::error::operation_aborted) {
    return finish(write_, error(failure(failed.value())));
  }
  if (!failed && data_.empty()) return finish(write_, written_);
  if (write_.cancelled || closed_) return finish(write_, error(cancelled_here()));
  wait_write();
}

void TcpStream::finish(Direction& direction, Result<std::size_t> result) noexcept {
  IoOp* const op = std::exchange(direction.op, nullptr);
  op->on_complete(std::move(result));  // may destroy the stream
}

Status TcpStream::failure(int error_number) const {
  return socket_error(error_number, to_string(peer()));
}

Status TcpStream::cancelled_here() const {
  return closed_ ? closed_here() : Status{Code::kCancelled, "the operation was cancelled"};
}

void TcpStream::cancel_read() noexcept {
  if (read_.op == nullptr) return;
  read_.cancelled = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void TcpStream::cancel_write() noexcept {
  if (write_.op == nullptr) return;
  write_.cancelled = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void TcpStream::shutdown_write() noexcept {
  if (!closed_) ::shutdown(descriptor_, SHUT_WR);
}

void TcpStream::close() noexcept {
  if (closed_) return;
  closed_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void TcpStream::abort() noexcept {
  if (closed_) return;
  const linger none{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  close();
}

Endpoint TcpStream::local() const {
  if (closed_) return {};
  return to_endpoint(local_address(descriptor_));
}

}  // namespace hal::net::detail
