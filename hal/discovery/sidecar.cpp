#include <hal/discovery/sidecar.hpp>

#include <hal/async/deadline.hpp>
#include <hal/http/client.hpp>
#include <hal/service/layers/trace/trace.hpp>

namespace hal::discovery {
namespace {

Task<Result<bool>> ask_until_answered(http::Client* client, SidecarOptions options) {
  for (;;) {
    const auto answer = co_await client->get(options.url);
    if (answer) co_return true;
    // A process that only reads its options has a network that refuses.
    if (answer.error().code() == Code::kCancelled) co_return false;
    co_await or_return(co_await sleep(options.pause));
  }
}

}  // namespace

Task<Result<bool>> has_sidecar(net::Network* network, SidecarOptions options) {
  http::Client client{*network, 1, {std::make_shared<layers::UntracedCall>()}};
  const Duration patience = options.patience;
  const auto found = co_await timeout(patience, ask_until_answered(&client, std::move(options)));
  co_await or_return(co_await or_stopped());
  co_return found.value_or(false);
}

}  // namespace hal::discovery
