// Auth: what others need to verify tokens by themselves.
#include "off_loop.hpp"
#include "service.hpp"

namespace auth {

using hal::Result;
using hal::Task;
using hal::identity::Claims;

Task<Result<RevokeReply>> Auth::revoke(RevokeRequest request) {
  const Claims claims = co_await or_return(off_loop(
      [this](const std::string& token, WallTime now) { return parts_.tokens.read(token, now); },
      request.token(), parts_.clock()));
  if (request.all_of_user()) {
    // Whoever found an old token must not be able to throw its user out again and again.
    (void)co_await or_return(parts_.verifier.verify(request.token()));
    co_await or_return(write_store(
        parts_.writes, [this](const std::string& user) { return parts_.store.revoke_all(user); },
        claims.sub));
    hal::log::info("audit: logout of {} everywhere", claims.sub);
  } else {
    co_await or_return(write_store(
        parts_.writes, [this](const TokenId& token) { return parts_.store.revoke_token(token); },
        token_id_of(claims)));
    hal::log::info("audit: logout of {}, token {}", claims.sub, claims.jti);
  }
  co_return RevokeReply{};
}

Task<Result<RevocationsReply>> Auth::revocations(RevocationsRequest request) {
  const auto list = co_await or_return(read_store(
      [this](std::int64_t since) { return parts_.store.revocations(since); }, request.since()));
  RevocationsReply reply;
  for (const auto& token : list.tokens) {
    auto& out = *reply.add_tokens();
    out.set_id(token.id);
    out.set_expires_at_s(token.expires_at_s);
  }
  for (const auto& cutoff : list.cutoffs) {
    auto& out = *reply.add_users();
    out.set_subject(cutoff.subject);
    out.set_not_before_s(cutoff.not_before_s);
  }
  reply.set_cursor(list.cursor);
  reply.set_is_complete(list.is_complete);
  co_return reply;
}

Task<Result<KeysReply>> Auth::keys(KeysRequest /*request*/) {
  const auto keys = co_await or_return(
      off_loop([this](WallTime now) { return parts_.tokens.public_keys(now); }, parts_.clock()));
  KeysReply reply;
  for (const auto& key : keys) {
    auto& out = *reply.add_keys();
    out.set_kid(key.kid);
    out.set_ed25519_public_key(key.key.data(), key.key.size());
    if (key.retires_at) out.set_retires_at_s(key.retires_at->time_since_epoch().count());
  }
  co_return reply;
}

}  // namespace auth
