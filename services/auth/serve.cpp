#include "serve.hpp"

#include "options.hpp"
#include "service.hpp"

#include <hal/async/offload.hpp>
#include <hal/identity/base64url.hpp>
#include <hal/rpc/server.hpp>
#include <hal/service/layers/authenticate/authenticate.hpp>
#include <hal/telemetry/log.hpp>
#include <hal/telemetry/prometheus.hpp>

#include <sodium.h>

#include <array>

namespace auth {
namespace {

using hal::Result;
using hal::Task;

/// Each takes a millisecond or, while another program writes, up to some seconds.
constexpr std::size_t kWritesWaitingMax = 128;

/// What is opened before anybody is served.
struct Opened {
  std::unique_ptr<Store> store;
  std::unique_ptr<KeyRing> keys;
  std::string secret;
  std::vector<StoredAttempt> attempts;
  std::string dummy_hash;
};

Result<std::string> hash_of_nothing(const PasswordCost& cost) {
  std::array<std::uint8_t, 32> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return hash_password(hal::identity::base64url_encode(bytes), cost);
}

/// Blocks.
Result<Opened> open(const Files& files, const WallClock& clock) {
  auto store = Store::open(files.database, clock);
  if (!store) return hal::error(store.error().with_prefix("HAL_AUTH_DB"));
  auto keys = KeyRing::open(files.key, clock());
  if (!keys) return hal::error(keys.error().with_prefix("HAL_AUTH_KEY_FILE"));
  if (auto renewed = (*store)->renew_cursors(); !renewed) return hal::error(renewed.error());
  auto secret = (*store)->attempts_secret();
  if (!secret) return hal::error(secret.error());
  auto attempts = (*store)->attempts(
      static_cast<std::int64_t>(kAttemptLimits.keys_max + kClientLimits.keys_max));
  if (!attempts) return hal::error(attempts.error());
  auto dummy_hash = hash_of_nothing({});
  if (!dummy_hash) return hal::error(dummy_hash.error());
  return Opened{.store = std::move(*store),
                .keys = std::move(*keys),
                .secret = std::move(*secret),
                .attempts = std::move(*attempts),
                .dummy_hash = std::move(*dummy_hash)};
}

/// What a restart must not forget of those who guess.
void restore(const std::vector<StoredAttempt>& saved, hal::TimePoint now,
             hal::service::AttemptLimit& attempts, hal::service::AttemptLimit& clients) {
  for (const auto& attempt : saved) {
    const hal::TimePoint free_at{std::chrono::milliseconds{attempt.free_at_ms}};
    if (const auto place = place_stored(attempt.key)) {
      clients.restore(*place, free_at, now);
    } else {
      attempts.restore(attempt.key, free_at, now);
    }
  }
}

void write_metrics(const WorkCounts& counts, hal::telemetry::PrometheusText& text) {
  text.family("hal_auth_hashes_running", "gauge", "Passwords being checked.");
  text.sample({}, std::uint64_t{counts.running});
  text.family("hal_auth_hashes_running_peak", "gauge", "The most that were at once.");
  text.sample({}, std::uint64_t{counts.running_peak});
  text.family("hal_auth_hashes_waiting", "gauge", "Log-ins that wait for that.");
  text.sample({}, std::uint64_t{counts.waiting});
  text.family("hal_auth_hashes_waiting_peak", "gauge", "The most that waited at once.");
  text.sample({}, std::uint64_t{counts.waiting_peak});
  text.family("hal_auth_hashes_total", "counter", "Passwords that have been checked or hashed.");
  text.sample({}, std::uint64_t{counts.done});
  text.family("hal_auth_hashes_refused_total", "counter", "Log-ins refused: too many waited.");
  text.sample({}, std::uint64_t{counts.refused});
}

}  // namespace

Task<Result<>> serve(hal::App& app) {
  const auto options = app.config<AuthOptions>();
  co_await or_return(app.finish_options());

  const WallClock clock = system_wall_clock;
  const auto files =
      co_await or_return(find_files(options, hal::config::Environment::from_process()));
  Opened opened = co_await or_return(hal::offload(open, files, clock));
  hal::log::info("users are in {}, the key is in {}", files.database, files.key);

  hal::service::AttemptLimit attempts{kAttemptLimits};
  hal::service::AttemptLimit clients{kClientLimits};
  restore(opened.attempts, to_time_point(clock()), attempts, clients);
  const auto& home = app.workers().front();
  WorkQueue hashes{home,
                   {.at_once = options.auth_hashes,
                    .waiting_max = options.auth_hashes_waiting,
                    .when_full = "more passwords wait to be checked than the queue holds"}};
  WorkQueue writes{home,
                   {.waiting_max = kWritesWaitingMax, .when_full = "too much is to be written"}};
  app.add_metrics([counts = hashes.counts()](auto& text) { write_metrics(*counts, text); });
  Tokens tokens{*opened.keys, {.issuer = options.auth_issuer, .audience = options.auth_audience}};
  StoreVerifier verifier{tokens, *opened.store, clock};
  Auth service{{.store = *opened.store,
                .hashes = hashes,
                .writes = writes,
                .attempts = attempts,
                .clients = clients,
                .tokens = tokens,
                .verifier = verifier,
                .clock = clock,
                .secret = opened.secret,
                .dummy_hash = opened.dummy_hash}};
  const auto administrators = std::make_shared<const hal::layers::Authenticate>(
      verifier,
      hal::layers::AuthenticateOptions{.roles = {"admin"}, .open_methods = open_methods()});
  co_return co_await hal::rpc::Server{app}.layer(administrators).add(service).run();
}

}  // namespace auth
