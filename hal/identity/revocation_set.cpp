#include <hal/identity/revocation_set.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace hal::identity {
namespace {

/// The subject whose not_before counts for all.
constexpr std::string_view kEveryone;

}  // namespace

Result<RevocationSet> RevocationSet::with(const Revocations& changes, std::chrono::sys_seconds now,
                                          const RevocationLimits& limits) const {
  RevocationSet next = *this;
  const auto raise = [](Times& times, const std::string& name, std::chrono::sys_seconds time) {
    auto& known = times.try_emplace(name, time).first->second;
    known = std::max(known, time);
  };
  for (const auto& token : changes.tokens) raise(next.tokens_, token.id, token.expires_at);
  for (const auto& user : changes.users) raise(next.users_, user.subject, user.not_before);
  // The times are another process's: sums are made with `now` alone, which cannot overflow.
  const auto forget = [](Times& times, std::chrono::sys_seconds before) {
    std::erase_if(times, [before](const auto& entry) { return entry.second < before; });
  };
  forget(next.tokens_, now - limits.leeway);
  forget(next.users_, now - limits.leeway - limits.lifetime_max);
  if (const auto all = next.users_.find(kEveryone); all != next.users_.end()) {
    const auto not_before = all->second;
    std::erase_if(next.users_, [not_before](const auto& user) {
      return user.second <= not_before && user.first != kEveryone;
    });
  }
  if (const auto most = std::max(next.tokens_.size(), next.users_.size());
      most > limits.entries_max) {
    return error(Code::kResourceExhausted,
                 fmt::format("{} revocations; at most {}", most, limits.entries_max));
  }
  return next;
}

bool RevocationSet::contains(std::string_view token_id, std::string_view subject,
                             std::chrono::sys_seconds issued_at) const {
  if (tokens_.contains(token_id)) return true;
  const auto is_cut_off = [&](std::string_view name) {
    const auto user = users_.find(name);
    return user != users_.end() && issued_at < user->second;
  };
  return is_cut_off(subject) || is_cut_off(kEveryone);
}

}  // namespace hal::identity
