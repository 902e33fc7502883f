#include <hal/net/network.hpp>

#include <hal/net/tcp_stream.hpp>

#include <hal/async/deadline.hpp>

#include <fmt/format.h>
#include <netinet/tcp.h>

#include <boost/asio/connect.hpp>

namespace hal::net {
namespace {

namespace asio = boost::asio;
using detail::SlotHandler;
using detail::SocketAddress;
using detail::TcpSocket;

IoLoop& io_loop(Loop& loop) {
  auto* const io = dynamic_cast<IoLoop*>(&loop);
  expects(io != nullptr, "TCP runs on an IoLoop");
  return *io;
}

class ConnectAwaiter final : private StopCallback {
 public:
  ConnectAwaiter(IoLoop& loop, const SocketAddress& address)
      : address_{address}, socket_{loop.context().get_executor()} {}
  ~ConnectAwaiter() = default;

  [[nodiscard]] bool await_ready() const noexcept { return false; }

  bool await_suspend(std::coroutine_handle<> coroutine, Context& context) {
    if (context.stop != nullptr && context.stop->requested()) {
      status_ = context.stop->reason();
      return false;
    }
    socket_.open(address_.family() == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(),
                 failed_);
    if (failed_) return false;
    socket_.set_option(asio::ip::tcp::no_delay{true}, failed_);
    asio::ip::tcp::endpoint endpoint;
    endpoint.resize(address_.size);
    std::memcpy(endpoint.data(), &address_.base, address_.size);
    coroutine_ = coroutine;
    socket_.async_connect(endpoint,
                          SlotHandler<&ConnectAwaiter::on_connect, ConnectAwaiter>{this, &slot_});
    attach(context.stop);
    return true;
  }

  Result<std::unique_ptr<Stream>> await_resume() {
    if (!status_.ok() && (failed_ || !coroutine_)) return error(std::move(status_));
    if (failed_) {
      return error(detail::socket_error(failed_.value(), to_string(detail::to_endpoint(address_))));
    }
    return std::make_unique<detail::TcpStream>(std::move(socket_), address_, false);
  }

 private:
  void on_connect(const boost::system::error_code& failed) {
    release();
    failed_ = failed;
    hal::detail::resume(coroutine_);
  }

  void on_stop(const Status& reason) noexcept override {
    status_ = reason;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }

  const SocketAddress address_;
  TcpSocket socket_;
  detail::HandlerSlot slot_;
  std::coroutine_handle<> coroutine_;
  boost::system::error_code failed_;
  Status status_;  ///< the reason of a stop
};

Task<Result<std::unique_ptr<Stream>>> connect_address(Endpoint endpoint) {
  const auto address = co_await or_return(detail::to_socket_address(endpoint));
  Context& context = co_await this_context();
  co_return co_await ConnectAwaiter{io_loop(*context.loop), address};
}

/// What one of `left` addresses may take, so that a silent one leaves time for the others.
TimePoint share_of(const Context& context, std::size_t left) {
  if (left == 1 || context.deadline == kNoDeadline) return context.deadline;
  const TimePoint now = context.loop->now();
  return now + (context.deadline - now) / static_cast<Duration::rep>(left);
}

}  // namespace

Result<std::unique_ptr<Listener>> TcpNetwork::listen(Loop& loop, const Endpoint& endpoint,
                                                     const ListenOptions& options) {
  return listen_tcp(io_loop(loop), endpoint, options);
}

Task<Result<std::unique_ptr<Stream>>> TcpNetwork::connect(Endpoint endpoint) {
  const auto addresses = co_await or_return(resolve(endpoint.host, endpoint.port));
  Context& context = co_await this_context();
  std::string reasons;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const TimePoint until = share_of(context, addresses.size() - i);
    auto stream = co_await with_deadline(until, connect_address(addresses[i]));
    if (stream) co_return std::move(*stream);
    co_await or_return(co_await or_stopped());
    if (!reasons.empty()) reasons += "; ";
    reasons += stream.error().code() == Code::kDeadlineExceeded
                   ? fmt::format("{}: no answer in time", to_string(addresses[i]))
                   : stream.error().message();
  }
  co_return error(Code::kUnavailable,
                  fmt::format("cannot connect to {}: {}", to_string(endpoint), reasons));
}

Task<Result<std::vector<Endpoint>>> TcpNetwork::resolve(std::string host, std::uint16_t port) {
  if (host.empty() || host == "localhost") {
    co_return std::vector<Endpoint>{{.host = "127.0.0.1", .port = port},
                                    {.host = "::1", .port = port}};
  }
  if (is_numeric_host(host)) {
    co_return std::vector<Endpoint>{{.host = std::move(host), .port = port}};
  }
  std::vector<Endpoint> found;
  for (auto& address : co_await or_return(names_.addresses(std::move(host)))) {
    found.push_back({.host = std::move(address), .port = port});
  }
  co_return found;
}

}  // namespace hal::net
