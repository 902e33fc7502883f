#include <hal/identity/signing_keys.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <set>
#include <tuple>

namespace hal::identity {
namespace {

SigningKey new_key(std::chrono::sys_seconds now) {
  auto pair = Ed25519KeyPair::generate();
  return {.kid = thumbprint(pair.public_key()), .pair = pair, .created_at = now, .retires_at{}};
}

bool has_retired(const SigningKey& key, std::chrono::sys_seconds now) {
  return key.retires_at && *key.retires_at <= now;
}

}  // namespace

SigningKeys SigningKeys::make(std::chrono::sys_seconds now) { return SigningKeys{{new_key(now)}}; }

Result<SigningKeys> SigningKeys::from(std::vector<SigningKey> keys) {
  if (keys.empty()) return error(Code::kInvalidArgument, "there is no key");
  if (keys.size() > kKeysMax) {
    return error(Code::kInvalidArgument, fmt::format("{} keys; at most {}", keys.size(), kKeysMax));
  }
  std::set<std::string_view> names;
  for (const SigningKey& key : keys) {
    if (key.kid.empty() || key.kid.size() > kKidBytesMax) {
      return error(Code::kInvalidArgument,
                   fmt::format("a kid has 1 to {} bytes, not {}", kKidBytesMax, key.kid.size()));
    }
    if (!names.insert(key.kid).second) {
      return error(Code::kInvalidArgument, fmt::format("two keys have the kid '{}'", key.kid));
    }
  }
  if (std::ranges::all_of(keys, [](const SigningKey& key) { return key.retires_at.has_value(); })) {
    return error(Code::kInvalidArgument, "every key retires: none can sign");
  }
  // Of those of one second the one that retires last, or not yet, is the newest.
  std::ranges::sort(keys, {}, [](const SigningKey& key) {
    return std::tuple{key.created_at, key.retires_at.value_or(std::chrono::sys_seconds::max()),
                      std::string_view{key.kid}};
  });
  return SigningKeys{std::move(keys)};
}

Result<> SigningKeys::rotate(std::chrono::sys_seconds now, const RotationOptions& options) {
  std::erase_if(keys_, [&](const SigningKey& key) { return has_retired(key, now); });
  if (keys_.size() >= kKeysMax) {
    return error(Code::kResourceExhausted,
                 fmt::format("{} keys verify still: wait until one retires", keys_.size()));
  }
  for (SigningKey& key : keys_) {
    if (!key.retires_at) key.retires_at = now + options.publish_after + options.verify_for;
  }
  // Clocks may be set back: the order of age stays.
  const auto created = keys_.empty() ? now : std::max(now, keys_.back().created_at);
  keys_.push_back(new_key(created));
  return {};
}

const SigningKey& SigningKeys::signer(std::chrono::sys_seconds now,
                                      const RotationOptions& options) const {
  for (const SigningKey& key : std::views::reverse(keys_)) {
    if (!has_retired(key, now) && key.created_at <= now - options.publish_after) return key;
  }
  return *std::ranges::find_if(keys_,
                               [&](const SigningKey& key) { return !has_retired(key, now); });
}

std::string SigningKeys::sign(const Claims& claims, std::chrono::sys_seconds now,
                              const RotationOptions& options) const {
  const SigningKey& key = signer(now, options);
  return sign_jwt(claims, key.pair, key.kid);
}

Keys SigningKeys::public_keys(std::chrono::sys_seconds now) const {
  Keys keys;
  for (const SigningKey& key : keys_) {
    if (has_retired(key, now)) continue;
    keys.push_back({.kid = key.kid, .key = key.pair.public_key(), .retires_at = key.retires_at});
  }
  return keys;
}

}  // namespace hal::identity
