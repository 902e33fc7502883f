#include <hal/rpc/dispatch.hpp>

namespace hal::rpc {
namespace {

/// "Greeter" of "greeter.Greeter".
std::string_view bare_name(std::string_view full_name) {
  return full_name.substr(full_name.rfind('.') + 1);  // all of it when there is no dot
}

}  // namespace

void Dispatcher::add(Service& service) {
  const std::string name{service.full_name()};
  expects(!has(name), "a server has one service of each name");
  services_.push_back(&service);
  for (const Method& method : service.methods()) {
    const auto added =
        methods_.emplace(fmt::format("/{}/{}", name, method.name), Target{&service, &method});
    added.first->second.path = added.first->first;
  }
}

bool Dispatcher::has(std::string_view full_name) const noexcept {
  return std::ranges::find(services_, full_name, &Service::full_name) != services_.end();
}

std::vector<std::string> Dispatcher::endpoints() const {
  std::vector<std::string> endpoints;
  for (const Service* service : services_) {
    for (const Method& method : service->methods()) {
      endpoints.push_back(fmt::format("{}.{}", bare_name(service->full_name()), method.name));
    }
  }
  return endpoints;
}

void Dispatcher::allow_aliases(std::vector<std::string> prefixes) {
  prefixes_ = std::move(prefixes);
  for (const Service* service : services_) {
    const auto bare = bare_name(service->full_name());
    const auto same = [bare](const Service* each) { return bare_name(each->full_name()) == bare; };
    if (std::ranges::count_if(services_, same) > 1) continue;
    for (const Method& method : service->methods()) {
      const auto known = methods_.find(fmt::format("/{}/{}", service->full_name(), method.name));
      bare_methods_.emplace(fmt::format("{}/{}", bare, method.name), known->second);
    }
  }
}

const Dispatcher::Target* Dispatcher::find_alias(std::string_view service,
                                                 std::string_view method) const {
  const auto dot = service.rfind('.');
  const auto prefix = dot == std::string_view::npos ? std::string_view{} : service.substr(0, dot);
  const bool allowed = std::ranges::any_of(prefixes_, [prefix](const std::string& each) {
    return each == "*" || (!each.empty() && each == prefix);
  });
  if (!allowed) return nullptr;
  const auto found = bare_methods_.find(fmt::format("{}/{}", bare_name(service), method));
  return found == bare_methods_.end() ? nullptr : &found->second;
}

Result<Dispatcher::Target> Dispatcher::find(std::string_view path) const {
  const auto found = methods_.find(path);
  if (found != methods_.end()) return found->second;
  const auto slash = path.rfind('/');
  if (path.size() < 2 || path.front() != '/' || slash == 0) {
    return error(Code::kUnimplemented, fmt::format("malformed method name: \"{}\"", path));
  }
  const auto service = path.substr(1, slash - 1);
  if (const auto* const target = find_alias(service, path.substr(slash + 1))) return *target;
  if (!has(service)) {
    return error(Code::kUnimplemented, fmt::format("unknown service {}", service));
  }
  return error(Code::kUnimplemented,
               fmt::format("unknown method {} for service {}", path.substr(slash + 1), service));
}

}  // namespace hal::rpc
