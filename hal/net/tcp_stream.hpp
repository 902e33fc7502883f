// Stream over a TCP socket. Internal to this module.
#pragma once

#include <hal/net/handler_slot.hpp>
#include <hal/net/io_loop.hpp>
#include <hal/net/socket_address.hpp>
#include <hal/net/stream.hpp>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace hal::net::detail {

using TcpSocket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

/// Makes the system call itself when it is likely to succeed, and leaves the waiting to Asio.
class TcpStream final : public Stream {
 public:
  /// `readable`: whether data may be there already, so that a first read is worth a system call.
  TcpStream(TcpSocket socket, const SocketAddress& peer, bool readable);
  ~TcpStream() override;

  std::optional<Result<std::size_t>> start_read(IoOp& op, std::span<char> buffer) override;
  std::optional<Result<std::size_t>> start_write(IoOp& op, std::string_view data) override;
  void cancel_read() noexcept override;
  void cancel_write() noexcept override;
  void shutdown_write() noexcept override;
  void close() noexcept override;
  void abort() noexcept override;
  [[nodiscard]] Endpoint peer() const override { return to_endpoint(peer_); }
  [[nodiscard]] Endpoint local() const override;

 private:
  struct Direction {
    IoOp* op = nullptr;
    bool cancelled = false;
    HandlerSlot slot;
  };

  void wait_read();
  void wait_write();
  void on_read(const boost::system::error_code& failed, std::size_t size);
  void on_write(const boost::system::error_code& failed, std::size_t size);
  [[nodiscard]] bool may_go_on() noexcept;
  [[nodiscard]] Status failure(int error_number) const;
  [[nodiscard]] Status cancelled_here() const;
  static void finish(Direction& direction, Result<std::size_t> result) noexcept;

  TcpSocket socket_;
  const int descriptor_;
  SocketAddress peer_;
  bool readable_;
  bool closed_ = false;
  int immediate_ = 0;  ///< operations that were done at once since the loop had its last turn
  Direction read_;
  Direction write_;
  std::span<char> buffer_;
  std::string_view data_;  ///< what is left to write
  std::size_t written_ = 0;
};

}  // namespace hal::net::detail
