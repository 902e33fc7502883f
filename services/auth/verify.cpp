// Auth: logging in.
#include "off_loop.hpp"
#include "service.hpp"

#include <chrono>
#include <utility>

#include <hal/service/client_address.hpp>

#include <fmt/format.h>

namespace auth {
namespace {

using hal::Code;
using hal::Result;
using hal::Task;

/// How often the time of a client that is known is written again.
constexpr std::int64_t kClientRefreshS = 24 * 3600;
/// Longer texts are no addresses.
constexpr std::size_t kClientBytesMax = 64;

/// What the comparison of a password came to.
struct Checked {
  bool right = false;
  std::optional<std::string> new_hash{};
};

/// Costs the same whether or not there is such a user. Blocks.
Checked check(const Secret& password, const std::optional<std::string>& hash,
              const std::string& dummy_hash, const PasswordCost& cost) {
  const bool same = verify_password(*password, hash ? *hash : dummy_hash);
  if (!hash || !same) return {};
  Checked checked{.right = true};
  if (needs_rehash(*hash, cost)) {
    auto fresh = hash_password(*password, cost);
    if (fresh) checked.new_hash = std::move(*fresh);
  }
  return checked;
}

/// What of a stranger's address counts as one: one subscriber has 65,536 IPv6 networks.
std::string place_of(std::string_view address) {
  auto site = hal::service::client_site(address.substr(0, address.find('/')));
  return site.empty() ? std::string{address} : site;
}

std::unexpected<hal::Status> wrong() {
  return hal::error(Code::kUnauthenticated, "wrong username or password");
}

}  // namespace

std::string Auth::shown(const Attempt& attempt) {
  const std::string_view name = attempt.login ? std::string_view{attempt.name} : "(unknown)";
  if (attempt.address.empty()) return std::string{name};
  return fmt::format("{} from {}", name, attempt.address);
}

Task<Result<VerifyReply>> Auth::verify(VerifyRequest request) {
  auto attempt = co_await or_return(begin(request));
  co_await or_return(slow_down(attempt));
  const std::optional<std::string> hash =
      attempt.login ? std::optional{attempt.login->password_hash} : std::nullopt;
  auto checked =
      co_await parts_.hashes.run(check, attempt.password, hash, parts_.dummy_hash, parts_.cost);
  if (checked && !checked->right) co_return co_await refuse(attempt);
  give_back(attempt);
  if (!checked) {
    hal::log::info("audit: login of {} not checked: {}", shown(attempt), checked.error().message());
    co_return hal::error(std::move(checked.error()));
  }
  co_return co_await finish(attempt, std::move(checked->new_hash));
}

Task<Result<Auth::Attempt>> Auth::begin(VerifyRequest& request) {
  Attempt attempt{.password = make_secret(*request.mutable_password())};
  auto name = canonical_username(request.username());
  if (!name) co_return hal::error(std::move(name.error()));
  if (auto allowed = check_password(*attempt.password); !allowed) {
    co_return hal::error(std::move(allowed.error()));
  }
  attempt.name = std::move(*name);
  if (request.client_address().size() <= kClientBytesMax) {
    attempt.address = std::move(*request.mutable_client_address());
  }
  if (!attempt.address.empty()) {
    attempt.client = attempt_key(parts_.secret, attempt.name, attempt.address);
  }
  attempt.login = co_await or_return(read_store(
      [this](const std::string& user, const std::optional<AttemptKey>& client) {
        return parts_.store.find_login(user, client);
      },
      attempt.name, attempt.client));
  const bool known = attempt.login && attempt.login->client_is_known;
  attempt.place = attempt.client;
  if (attempt.client && !known) {
    attempt.place = attempt_key(parts_.secret, attempt.name, place_of(attempt.address));
  }
  attempt.key = known ? *attempt.client : attempt_key(parts_.secret, attempt.name);
  co_return attempt;
}

std::optional<hal::Duration> Auth::take(const Attempt& attempt) {
  const hal::TimePoint now = to_time_point(parts_.clock());
  if (attempt.place) {
    if (const auto wait = parts_.clients.take(*attempt.place, now)) return wait;
  }
  const auto wait = parts_.attempts.take(attempt.key, now);
  if (wait && attempt.place) parts_.clients.give_back(*attempt.place);
  return wait;
}

void Auth::give_back(const Attempt& attempt) {
  if (attempt.place) parts_.clients.give_back(*attempt.place);
  parts_.attempts.give_back(attempt.key);
}

Task<Result<>> Auth::slow_down(const Attempt& attempt) {
  const auto wait = take(attempt);
  if (!wait) co_return Result<>{};
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait).count();
  hal::log::info("audit: login of {} slowed down: {} s", shown(attempt), seconds);
  auto& call = co_await hal::rpc::server_call();
  co_await or_return(call.add_trailing_metadata("retry-after", std::to_string(seconds)));
  co_return hal::error(Code::kResourceExhausted,
                       fmt::format("too many attempts to log in: the next one in {} s", seconds));
}

std::vector<StoredAttempt> Auth::taken(const Attempt& attempt) const {
  const auto free_at_ms = [](std::optional<hal::TimePoint> free_at) {
    return unix_ms(free_at.value_or(hal::TimePoint{}));
  };
  std::vector<StoredAttempt> taken{
      {.key = attempt.key, .free_at_ms = free_at_ms(parts_.attempts.free_at(attempt.key))}};
  if (attempt.place) {
    taken.push_back({.key = stored_place(*attempt.place),
                     .free_at_ms = free_at_ms(parts_.clients.free_at(*attempt.place))});
  }
  return taken;
}

Task<Result<VerifyReply>> Auth::refuse(const Attempt& attempt) {
  // That it cannot be saved is logged, and changes nothing for whoever guesses.
  (void)co_await write_store(
      parts_.writes,
      [this](const std::vector<StoredAttempt>& taken) { return parts_.store.save_attempts(taken); },
      taken(attempt));
  hal::log::info("audit: login of {} refused", shown(attempt));
  co_return wrong();
}

Task<Result<VerifyReply>> Auth::finish(const Attempt& attempt,
                                       std::optional<std::string> new_hash) {
  const Login& login = *attempt.login;
  Success success{.name = attempt.name,
                  .password_version = login.password_version,
                  .new_hash = std::move(new_hash)};
  if (!login.client_is_known || login.client_seen_at_s + kClientRefreshS < unix_s(parts_.clock())) {
    success.seen_client = attempt.client;
  }
  const bool rehashed = success.new_hash.has_value();
  auto token = co_await or_return(write_store(
      parts_.writes,
      [this](const Success& right) -> Result<std::string> {
        const auto grant = parts_.store.log_in(right);
        if (!grant) return hal::error(grant.error());
        if (!*grant) return std::string{};
        return parts_.tokens.issue(right.name, **grant, parts_.clock());
      },
      std::move(success)));
  if (token.empty()) {
    hal::log::info("audit: login of {} refused: the user has changed meanwhile", shown(attempt));
    co_return wrong();
  }
  hal::log::info("audit: login of {}{}", shown(attempt),
                 rehashed ? ", password hashed anew with other parameters" : "");
  VerifyReply reply;
  reply.set_token(std::move(token));
  reply.set_expires_in_s(kTokenLifetimeS);
  co_return reply;
}

}  // namespace auth
