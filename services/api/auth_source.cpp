#include "auth_source.hpp"

#include <hal/async/or_return.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace api {
namespace {

using hal::Code;
using hal::error;
using hal::Result;
using hal::Task;
namespace identity = hal::identity;

std::chrono::sys_seconds unix_time(std::int64_t seconds) {
  return std::chrono::sys_seconds{std::chrono::seconds{seconds}};
}

Result<identity::VerificationKey> key_of(const auth::KeysReply::Key& told) {
  identity::VerificationKey key{.kid = told.kid()};
  const std::string& bytes = told.ed25519_public_key();
  if (bytes.size() != key.key.size()) {
    return error(Code::kInternal, fmt::format("key '{}' of the auth service has {} bytes, not {}",
                                              key.kid, bytes.size(), key.key.size()));
  }
  std::ranges::copy(bytes, key.key.begin());
  if (told.retires_at_s() != 0) key.retires_at = unix_time(told.retires_at_s());
  return key;
}

}  // namespace

Task<Result<identity::Keys>> RpcAuthSource::keys() {
  const auto reply = co_await or_return(client_.keys({}));
  identity::Keys keys;
  for (const auto& told : reply.keys()) keys.push_back(co_await or_return(key_of(told)));
  co_return keys;
}

Task<Result<identity::Revocations>> RpcAuthSource::revocations(std::int64_t since) {
  auth::RevocationsRequest request;
  request.set_since(since);
  auto reply = co_await or_return(client_.revocations(std::move(request)));
  identity::Revocations changes{.cursor = reply.cursor()};
  for (auto& token : *reply.mutable_tokens()) {
    changes.tokens.push_back(
        {.id = std::move(*token.mutable_id()), .expires_at = unix_time(token.expires_at_s())});
  }
  for (auto& user : *reply.mutable_users()) {
    changes.users.push_back({.subject = std::move(*user.mutable_subject()),
                             .not_before = unix_time(user.not_before_s())});
  }
  co_return changes;
}

}  // namespace api
