#include <hal/net/testing/tcp_pair.hpp>

#include <hal/async/block_on.hpp>

namespace hal::net::testing {
namespace {

Task<Result<StreamPair>> connect_pair(Listener* listener) {
  TcpNetwork network;
  auto client = co_await or_return(network.connect(listener->local()));
  auto server = co_await or_return(co_await listener->accept());
  co_return StreamPair{std::move(client), std::move(server)};
}

}  // namespace

StreamPair make_tcp_pair(IoLoop& loop) {
  const auto listener = listen_tcp(loop, {.host = "127.0.0.1"});
  expects(listener.has_value(), "the test can listen on loopback");
  auto pair = block_on(loop, connect_pair, listener->get());
  expects(pair.has_value(), "the test can connect over loopback");
  return std::move(*pair);
}

}  // namespace hal::net::testing
