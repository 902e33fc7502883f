#include <hal/service/layers/strip_identity/strip_identity.hpp>

#include <hal/base/ascii.hpp>

#include <algorithm>

namespace hal::layers {

StripIdentity::StripIdentity(std::vector<std::string> names) : names_{std::move(names)} {
  names_.emplace_back("end-user");
}

bool StripIdentity::is_stripped(std::string_view name) const {
  return ascii_iequals(name.substr(0, kIdentityHeaderPrefix.size()), kIdentityHeaderPrefix) ||
         std::ranges::any_of(names_,
                             [&](std::string_view own) { return ascii_iequals(own, name); });
}

Task<> StripIdentity::handle(service::Call& call, service::Next next) const {
  std::vector<std::string> found;
  for (const auto field : *call.request_headers) {
    if (is_stripped(field.name)) found.emplace_back(field.name);
  }
  if (found.empty()) {
    co_await next(call);
    co_return;
  }
  for (const auto& name : found) call.request_headers->remove(name);
  auto& promise = co_await hal::detail::this_promise();
  Context context = promise.context();
  if (context.forwarded != nullptr) {
    auto kept = std::make_shared<ForwardedHeaders>(*context.forwarded);
    std::erase_if(kept->pass_through, [&](const auto& field) { return is_stripped(field.first); });
    context.forwarded = std::move(kept);
  }
  promise.use_context(context);
  co_await next(call);
}

}  // namespace hal::layers
