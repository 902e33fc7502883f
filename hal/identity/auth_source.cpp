#include <hal/identity/auth_source.hpp>

#include <algorithm>

namespace hal::identity {

const VerificationKey* find_key(const Keys& keys, std::string_view kid,
                                std::chrono::sys_seconds now) noexcept {
  const auto found = std::ranges::find(keys, kid, &VerificationKey::kid);
  if (found == keys.end() || (found->retires_at && *found->retires_at <= now)) return nullptr;
  return &*found;
}

}  // namespace hal::identity
