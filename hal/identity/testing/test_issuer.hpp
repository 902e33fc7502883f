// An issuer of tokens for tests: keys, a clock and revocations that the test sets.
#pragma once

#include <hal/identity/auth_source.hpp>
#include <hal/identity/jwt.hpp>
#include <hal/identity/verifier.hpp>

#include <hal/async/timer.hpp>

#include <memory>
#include <string>

namespace hal::identity::testing {

/// Its keys are the same in each run. One thread.
class TestIssuer {
 public:
  TestIssuer();

  /// What a valid token of this user claims; it lives ten minutes from `now` on.
  [[nodiscard]] Claims claims(std::string subject = "jo", std::string role = "user");
  [[nodiscard]] std::string token(std::string subject = "jo", std::string role = "user") {
    return sign(claims(std::move(subject), std::move(role)));
  }
  [[nodiscard]] std::string sign(const Claims& claims) const { return sign_jwt(claims, pair, kid); }
  /// From now on tokens are signed by another key, which answers tell from then on.
  void rotate();

  /// A source that asks this issuer, which must outlive it.
  [[nodiscard]] std::unique_ptr<AuthSource> source();
  /// As the issuer's tokens need it.
  [[nodiscard]] VerifierOptions options();

  std::chrono::sys_seconds now{std::chrono::seconds{1'800'000'000}};
  Ed25519KeyPair pair;
  std::string kid;
  Keys keys{};                            ///< what is told
  Revocations changes{};                  ///< the next answer's; then nothing, with the same cursor
  Status failure{};                       ///< of each answer, unless it is OK
  bool throws = false;                    ///< instead of answering
  Duration takes{};                       ///< each answer
  int asked = 0;                          ///< for keys
  std::vector<std::int64_t> asked_since;  ///< what it was asked for

 private:
  class Source;
  unsigned ids_ = 0;
  std::uint8_t seed_ = 0;
};

}  // namespace hal::identity::testing
