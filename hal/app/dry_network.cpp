#include <hal/app/dry_network.hpp>

namespace hal::app {
namespace {

std::unexpected<Status> only_read() {
  return error(Code::kCancelled, "nothing is started: only the options are read");
}

}  // namespace

Result<> DryNetwork::end_here() {
  all_read_.store(true);
  return only_read();
}

Result<std::unique_ptr<net::Listener>> DryNetwork::listen(Loop& /*loop*/,
                                                          const net::Endpoint& /*endpoint*/,
                                                          const net::ListenOptions& /*options*/) {
  all_read_.store(true);
  return only_read();
}

Task<Result<std::unique_ptr<net::Stream>>> DryNetwork::connect(net::Endpoint /*endpoint*/) {
  co_return only_read();
}

Task<Result<std::vector<net::Endpoint>>> DryNetwork::resolve(std::string /*host*/,
                                                             std::uint16_t /*port*/) {
  co_return only_read();
}

}  // namespace hal::app
