#include <hal/rpc/dispatch.hpp>

namespace hal::rpc {

void Dispatcher::add(Service& service) {
  const std::string name{service.full_name()};
  expects(!has(name), "a server has one service of each name");
  services_.push_back(&service);
  for (const Method& method : service.methods()) {
    methods_.emplace(fmt::format("/{}/{}", name, method.name), Target{&service, &method});
  }
}

bool Dispatcher::has(std::string_view full_name) const noexcept {
  return std::ranges::find(services_, full_name, &Service::full_name) != services_.end();
}

std::vector<std::string> Dispatcher::endpoints() const {
  std::vector<std::string> endpoints;
  for (const Service* service : services_) {
    const auto name = service->full_name();
    const auto bare = name.substr(name.rfind('.') + 1);  // all of it when there is no dot
    for (const Method& method : service->methods()) {
      endpoints.push_back(fmt::format("{}.{}", bare, method.name));
    }
  }
  return endpoints;
}

Result<Dispatcher::Target> Dispatcher::find(std::string_view path) const {
  const auto found = methods_.find(path);
  if (found != methods_.end()) return found->second;
  const auto slash = path.rfind('/');
  if (path.size() < 2 || path.front() != '/' || slash == 0) {
    return error(Code::kUnimplemented, fmt::format("malformed method name: \"{}\"", path));
  }
  const auto service = path.substr(1, slash - 1);
  if (!has(service)) {
    return error(Code::kUnimplemented, fmt::format("unknown service {}", service));
  }
  return error(Code::kUnimplemented,
               fmt::format("unknown method {} for service {}", path.substr(slash + 1), service));
}

}  // namespace hal::rpc
