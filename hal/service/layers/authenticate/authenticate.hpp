// Authenticate: only callers with a valid bearer token come in (RFC 6750).
#pragma once

#include <hal/base/headers.hpp>
#include <hal/service/layer.hpp>
#include <hal/service/token_verifier.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace hal::layers {

struct AuthenticateOptions {
  /// The caller has at least one of these; empty: every valid token will do.
  std::vector<std::string> roles{};
  /// gRPC: full names of methods that need no token ("auth.Auth/Verify"). The health service needs
  /// none either: probes have no tokens. HTTP routes that need none stand in another group.
  std::vector<std::string> open_methods{};
  /// What the token is for, in WWW-Authenticate. Precondition: printable ASCII without '"' and '\'.
  std::string realm = "hal9000";
  /// Larger tokens are refused unread: more than any issuer here makes.
  std::size_t token_bytes_max = 4096;
};

/// Server side, HTTP and gRPC: reads `authorization: Bearer <token>`, asks the verifier, and runs
/// the call with the identity in its Context (current_identity(), http::Caller). Otherwise the
/// handler does not run, and the answer is
///  - UNAUTHENTICATED, 401: no such header or another scheme; the token is not valid;
///  - INVALID_ARGUMENT, 400: several Authorization headers, of which each hop might take another;
///  - PERMISSION_DENIED, 403: a valid token without one of the roles;
///  - UNAVAILABLE, 503: the verifier cannot tell at present.
/// HTTP answers 400 to 403 have WWW-Authenticate with RFC 6750's error code (3.1); none with the
/// first 401, whose caller has shown nothing yet. Inner layers replace an outer one's identity.
class Authenticate final : public service::Layer {
 public:
  /// The verifier must outlive the layer.
  explicit Authenticate(service::TokenVerifier& verifier, AuthenticateOptions options = {});
  Task<> handle(service::Call& call, service::Next next) const override;

 private:
  [[nodiscard]] bool is_open(const service::Call& call) const;
  [[nodiscard]] Status check_roles(const Identity& identity) const;
  void refuse(service::Call& call, Status status, std::string_view error) const;
  void challenge(service::Call& call, std::string_view error) const;

  service::TokenVerifier* verifier_;
  AuthenticateOptions options_;
};

/// The token of the request's one `Authorization: Bearer` header: a view into `headers`, as long as
/// the caller made it. kUnauthenticated without such a header, or with one of another scheme;
/// kInvalidArgument when there are several.
[[nodiscard]] Result<std::string_view> bearer_token(const Headers& headers);

}  // namespace hal::layers
