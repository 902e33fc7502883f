#include <hal/discovery/testing/blocking.hpp>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/thread_pool.hpp>

namespace hal::discovery::testing {
namespace {

using service::Discovery;
using service::Node;

template <class F, class... Values>
auto run(F function, Values... values) {
  ThreadPool pool{{.threads = 1}};
  hal::testing::ManualLoop loop;
  loop.set_offload_pool(&pool);
  return block_on(loop, std::move(function), std::move(values)...);
}

Task<Result<std::vector<Node>>> resolve_in(Discovery* registry, std::string service) {
  co_return co_await registry->resolve(std::move(service));
}
Task<Result<std::vector<Node>>> list_in(Discovery* registry) {
  co_return co_await registry->list();
}
Task<Result<>> add_in(Discovery* registry, Node node) {
  co_return co_await registry->add(std::move(node));
}
Task<Result<>> remove_in(Discovery* registry, std::string id) {
  co_return co_await registry->remove(std::move(id));
}

}  // namespace

Result<std::vector<Node>> resolve(Discovery& registry, std::string_view service) {
  return run(resolve_in, &registry, std::string{service});
}
Result<std::vector<Node>> list(Discovery& registry) { return run(list_in, &registry); }
Result<> add(Discovery& registry, Node node) { return run(add_in, &registry, std::move(node)); }
Result<> remove(Discovery& registry, std::string_view id) {
  return run(remove_in, &registry, std::string{id});
}

Node make_node(std::string_view service, unsigned number) {
  return {.id = fmt::format("{}-{}", service, number),
          .address = fmt::format("127.0.0.1:{}", 1000 + number),
          .service = std::string{service},
          .version = "v1",
          .metadata = {{"protocol", "grpc"}, {"server", "grpc"}}};
}

std::vector<std::string> ids_of(const std::vector<Node>& nodes) {
  std::vector<std::string> ids;
  for (const Node& node : nodes) ids.push_back(node.id);
  return ids;
}

std::vector<std::string> addresses_of(const std::vector<Node>& nodes) {
  std::vector<std::string> addresses;
  for (const Node& node : nodes) addresses.push_back(node.address);
  return addresses;
}

}  // namespace hal::discovery::testing
