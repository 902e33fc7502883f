// A TokenVerifier for tests: tokens are what the test says they are.
#pragma once

#include <hal/service/token_verifier.hpp>

#include <map>
#include <string>
#include <utility>

namespace hal::service::testing {

/// Not thread-safe.
class TestTokenVerifier final : public TokenVerifier {
 public:
  /// `token` is of this subject from now on.
  void put(std::string token, IdentityFields fields) {
    known_[std::move(token)] = std::make_shared<const Identity>(std::move(fields));
  }

  Task<Result<std::shared_ptr<const Identity>>> verify(std::string_view token) override {
    ++asked;
    if (!failure.ok()) co_return error(failure);
    const auto found = known_.find(token);
    if (found == known_.end()) co_return error(Code::kUnauthenticated, "no such token");
    co_return found->second;
  }

  /// What every verify() answers, unless it is OK.
  Status failure{};
  int asked = 0;

 private:
  std::map<std::string, std::shared_ptr<const Identity>, std::less<>> known_;
};

}  // namespace hal::service::testing
