#include <hal/identity/testing/test_issuer.hpp>

#include <hal/async/or_return.hpp>
#include <hal/async/wait_queue.hpp>

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace hal::identity::testing {
namespace {

Ed25519KeyPair pair_of(std::uint8_t number) {
  std::array<std::uint8_t, Ed25519KeyPair::kSeedBytes> seed{};
  seed.fill(number);
  return Ed25519KeyPair::from_seed(seed);
}

}  // namespace

class TestIssuer::Source final : public AuthSource {
 public:
  explicit Source(TestIssuer& issuer) : issuer_{issuer} {}

  Task<Result<Keys>> keys() override {
    ++issuer_.asked;
    co_await or_return(answer());
    co_return issuer_.keys;
  }
  Task<Result<Revocations>> revocations(std::int64_t since) override {
    issuer_.asked_since.push_back(since);
    co_await or_return(answer());
    co_return std::exchange(issuer_.changes, {.cursor = issuer_.changes.cursor});
  }

 private:
  Task<Result<>> answer() {
    if (issuer_.throws) throw std::runtime_error{"broken"};
    if (issuer_.takes > Duration::zero()) co_await or_return(co_await sleep(issuer_.takes));
    if (!issuer_.failure.ok()) co_return error(issuer_.failure);
    co_return Result<>{};
  }

  TestIssuer& issuer_;
};

TestIssuer::TestIssuer() : pair{pair_of(0)} { rotate(); }

void TestIssuer::rotate() {
  pair = pair_of(++seed_);
  kid = thumbprint(pair.public_key());
  keys.push_back({.kid = kid, .key = pair.public_key(), .retires_at{}});
}

Claims TestIssuer::claims(std::string subject, std::string role) {
  const std::int64_t seconds = now.time_since_epoch().count();
  return {.iss = "hal9000-auth",
          .aud = "hal9000",
          .sub = std::move(subject),
          .jti = fmt::format("id-{}", ++ids_),
          .iat = seconds,
          .nbf = seconds,
          .exp = seconds + 600,
          .role = std::move(role)};
}

std::unique_ptr<AuthSource> TestIssuer::source() { return std::make_unique<Source>(*this); }

VerifierOptions TestIssuer::options() {
  return {.rules{}, .cache{}, .clock = [this] { return now; }};
}

}  // namespace hal::identity::testing
