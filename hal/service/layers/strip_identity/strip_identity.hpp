// StripIdentity: whoever calls from outside does not say who he is by a plain header.
#pragma once

#include <hal/service/layer.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace hal::layers {

/// Names that begin so are the kit's own: services behind an edge may name a user to each other.
inline constexpr std::string_view kIdentityHeaderPrefix = "x-hal-identity-";

/// Server side, for the outermost router of an edge: takes headers that claim an identity away from
/// the request and from what its calls pass on (HAL_FORWARD_HEADERS): `end-user`, which meshes'
/// examples route by, and all that begin with kIdentityHeaderPrefix. Nothing here trusts them; this
/// keeps strangers from writing them into the logs and routes of those who might.
class StripIdentity final : public service::Layer {
 public:
  /// `names`: further headers to take away.
  explicit StripIdentity(std::vector<std::string> names = {});
  Task<> handle(service::Call& call, service::Next next) const override;

 private:
  [[nodiscard]] bool is_stripped(std::string_view name) const;

  std::vector<std::string> names_;
};

}  // namespace hal::layers
