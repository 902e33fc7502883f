#include <hal/rpc/dispatch.hpp>

namespace hal::rpc {

void Dispatcher::add(Service& service) {
  const std::string name{service.full_name()};
  expects(std::ranges::find(services_, name) == services_.end(),
          "a server has one service of each name");
  services_.push_back(name);
  for (const Method& method : service.methods()) {
    methods_.emplace(fmt::format("/{}/{}", name, method.name), Target{&service, &method});
  }
}

Result<Dispatcher::Target> Dispatcher::find(std::string_view path) const {
  const auto found = methods_.find(path);
  if (found != methods_.end()) return found->second;
  const auto slash = path.rfind('/');
  if (path.size() < 2 || path.front() != '/' || slash == 0) {
    return error(Code::kUnimplemented, fmt::format("malformed method name: \"{}\"", path));
  }
  const auto service = path.substr(1, slash - 1);
  if (std::ranges::find(services_, service) == services_.end()) {
    return error(Code::kUnimplemented, fmt::format("unknown service {}", service));
  }
  return error(Code::kUnimplemented,
               fmt::format("unknown method {} for service {}", path.substr(slash + 1), service));
}

}  // namespace hal::rpc
