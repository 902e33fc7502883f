#include <hal/net/port_holder.hpp>
#include <hal/net/tcp_stream.hpp>

#include <hal/base/contract.hpp>
#include <hal/net/listener.hpp>

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <boost/asio/basic_socket_acceptor.hpp>

#include <cerrno>

namespace hal::net {
namespace {

namespace asio = boost::asio;
using detail::OwnedSocket;
using detail::SlotHandler;
using detail::SocketAddress;

// After so many connections in one go the loop gets a turn.
constexpr int kImmediateMax = 32;

Status closed_here() { return {Code::kCancelled, "the listener was closed"}; }

bool out_of_resources(int error_number) {
  return error_number == EMFILE || error_number == ENFILE || error_number == ENOBUFS ||
         error_number == ENOMEM;
}

/// Errors that belong to one connection, or to the network at this moment: accept(2) tells to go
/// on with the next.
bool is_of_connection(int error_number) {
  switch (error_number) {
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
    case EOPNOTSUPP:
    case EFAULT:
      return false;
    default:
      return true;
  }
}

class TcpListener final : public Listener, private Timer {
 public:
  TcpListener(IoLoop& loop, OwnedSocket socket, int family, const ListenOptions& options)
      : loop_{loop},
        options_{options},
        family_{family},
        descriptor_{socket.get()},
        acceptor_{loop.context().get_executor(), protocol(), socket.release()},
        local_{detail::to_endpoint(detail::local_address(descriptor_))} {
    if (local_.host == "::" || local_.host == "0.0.0.0") local_.host.clear();
  }

  ~TcpListener() override {
    expects(op_ == nullptr, "a listener is destroyed after its accept has completed");
  }

  std::unique_ptr<Stream> try_accept() override {
    if (closed_) return nullptr;
    auto stream = accept_one();
    return stream ? std::move(*stream) : nullptr;
  }

  std::optional<Result<std::unique_ptr<Stream>>> start_accept(AcceptOp& op) override {
    expects(op_ == nullptr, "one accept at a time");
    if (closed_) return error(closed_here());
    pausing_ = false;
    if (++immediate_ <= kImmediateMax) {
      if (auto done = attempt()) return done;
    }
    op_ = &op;
    if (pausing_) {
      pause();
    } else {
      wait();
    }
    return std::nullopt;
  }

  void cancel_accept() noexcept override {
    if (op_ == nullptr) return;
    cancelled_ = true;
    if (armed()) {
      loop_.remove(*this);
      loop_.post([op = std::exchange(op_, nullptr)] {
        op->on_accept(error(Code::kCancelled, "the accept was cancelled"));
      });
      cancelled_ = false;
      return;
    }
    boost::system::error_code ignored;
    acceptor_.cancel(ignored);
  }

  void close() noexcept override {
    if (closed_) return;
    cancel_accept();
    closed_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  }

  [[nodiscard]] Endpoint local() const override { return local_; }
  [[nodiscard]] std::uint64_t accept_errors() const noexcept override { return errors_; }

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;

  [[nodiscard]] asio::ip::tcp protocol() const {
    return family_ == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
  }

  /// A stream, or the errno of what is left to do: EAGAIN, or a lack of something, or a bug.
  std::expected<std::unique_ptr<Stream>, int> accept_one() {
    for (;;) {
      SocketAddress peer;
      const int socket =
          ::accept4(descriptor_, &peer.base, &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket >= 0) return make_stream(OwnedSocket{socket}, peer);
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return std::unexpected{EAGAIN};
      ++errors_;
      if (out_of_resources(errno) || !is_of_connection(errno)) return std::unexpected{errno};
    }
  }

  std::expected<std::unique_ptr<Stream>, int> make_stream(OwnedSocket socket,
                                                          const SocketAddress& peer) {
    boost::system::error_code failed;
    detail::TcpSocket owned{loop_.context().get_executor()};
    owned.assign(protocol(), socket.get(), failed);
    if (failed) {  // the reactor has no room for it
      ++errors_;
      return std::unexpected{ENOMEM};
    }
    static_cast<void>(socket.release());
    return std::make_unique<detail::TcpStream>(std::move(owned), peer, true);
  }

  /// A result, or nothing: then pausing_ says how to wait.
  std::optional<Result<std::unique_ptr<Stream>>> attempt() {
    auto stream = accept_one();
    if (stream) return std::move(*stream);
    pausing_ = out_of_resources(stream.error());
    if (pausing_ || stream.error() == EAGAIN) return std::nullopt;
    return error(Code::kInternal, detail::socket_error(stream.error(), "accept").message());
  }

  void wait() {
    acceptor_.async_wait(asio::socket_base::wait_read,
                         SlotHandler<&TcpListener::on_ready, TcpListener>{this, &slot_});
  }

  void pause() { loop_.add(*this, saturating_add(loop_.now(), options_.pause_when_full)); }

  void on_ready(const boost::system::error_code&) {
    if (std::exchange(cancelled_, false) || closed_) {
      finish(error(closed_ ? closed_here() : Status{Code::kCancelled, "the accept was cancelled"}));
      return;
    }
    go_on();
  }

  void on_timer() noexcept override { go_on(); }

  void go_on() {
    immediate_ = 0;
    if (auto done = attempt()) {
      finish(std::move(*done));
    } else if (pausing_) {
      pause();
    } else {
      wait();
    }
  }

  void finish(Result<std::unique_ptr<Stream>> stream) noexcept {
    std::exchange(op_, nullptr)->on_accept(std::move(stream));  // may destroy the listener
  }

  IoLoop& loop_;
  const ListenOptions options_;
  const int family_;
  const int descriptor_;
  Acceptor acceptor_;
  Endpoint local_;
  detail::HandlerSlot slot_;
  AcceptOp* op_ = nullptr;
  int immediate_ = 0;
  bool cancelled_ = false;
  bool closed_ = false;
  bool pausing_ = false;
  std::uint64_t errors_ = 0;
};

}  // namespace

Result<std::unique_ptr<Listener>> listen_tcp(IoLoop& loop, const Endpoint& endpoint,
                                             const ListenOptions& options) {
  auto socket = detail::bind_tcp(endpoint, detail::Sharing::kSamePort);
  if (!socket) return error(std::move(socket.error()));
  // Linux hands the option on to the accepted sockets: one call instead of one per connection.
  const int on = 1;
  setsockopt(socket->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::listen(socket->get(), options.backlog) != 0) {
    if (errno == EADDRINUSE) {
      return error(Code::kAlreadyExists,
                   fmt::format("port {} is taken by {}", endpoint.port, port_holder(endpoint)));
    }
    return error(
        detail::socket_error(errno, fmt::format("cannot listen on {}", to_string(endpoint))));
  }
  // SO_REUSEPORT lets two processes of one user share a port, and each gets half of the other's
  // connections: only now that this socket listens as well, neither can miss the other.
  const std::string holder = endpoint.port == 0 ? std::string{} : foreign_holder(endpoint);
  if (!holder.empty()) {
    return error(Code::kAlreadyExists,
                 fmt::format("port {} is taken by {}", endpoint.port, holder));
  }
  const int family = detail::local_address(socket->get()).family();
  return std::make_unique<TcpListener>(loop, std::move(*socket), family, options);
}

}  // namespace hal::net
