#include <hal/service/layers/authenticate/authenticate.hpp>

#include <hal/base/ascii.hpp>
#include <hal/base/contract.hpp>
#include <hal/telemetry/log.hpp>

#include <fmt/format.h>

namespace hal::layers {
namespace {

using service::Call;
using service::Protocol;

// Error codes of RFC 6750 3.1.
constexpr std::string_view kNoError;
constexpr std::string_view kInvalidRequest = "invalid_request";
constexpr std::string_view kInvalidToken = "invalid_token";
constexpr std::string_view kInsufficientScope = "insufficient_scope";

/// May stand between double quotes as it is (RFC 9110 5.6.4).
bool is_quotable(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return c >= 0x20 && c <= 0x7e && c != '"' && c != '\\'; });
}

}  // namespace

Result<std::string_view> bearer_token(const Headers& headers) {
  constexpr std::string_view kScheme = "Bearer ";
  if (headers.count("authorization") > 1) {
    return error(Code::kInvalidArgument, "more than one Authorization header");
  }
  // Schemes are named without case (RFC 9110 11.1).
  const std::string_view value = headers.get("authorization").value_or("");
  if (!ascii_iequals(value.substr(0, kScheme.size()), kScheme)) {
    return error(Code::kUnauthenticated, "a token is needed: Authorization: Bearer <token>");
  }
  return ascii_trim(value.substr(kScheme.size()));
}

Authenticate::Authenticate(service::TokenVerifier& verifier, AuthenticateOptions options)
    : verifier_{&verifier}, options_{std::move(options)} {
  expects(is_quotable(options_.realm), "a realm is printable ASCII without \" and \\");
}

/// By the method that is run, not by the path: an alias is the same method, and what is no method
/// is none that is open.
bool Authenticate::is_open(const Call& call) const {
  if (call.protocol != Protocol::kGrpc) return false;
  return call.method.starts_with("grpc.health.v1.Health/") ||
         std::ranges::find(options_.open_methods, call.method) != options_.open_methods.end();
}

Status Authenticate::check_roles(const Identity& identity) const {
  const auto has = [&](const std::string& role) { return identity.has_role(role); };
  if (options_.roles.empty() || std::ranges::any_of(options_.roles, has)) return {};
  return {Code::kPermissionDenied,
          fmt::format("the role {} is needed", fmt::join(options_.roles, " or "))};
}

void Authenticate::refuse(Call& call, Status status, std::string_view error) const {
  call.status = std::move(status);
  challenge(call, error);
}

/// A 401 says what would be taken (RFC 9110 15.5.2).
void Authenticate::challenge(Call& call, std::string_view error) const {
  if (call.protocol != Protocol::kHttp || call.response_headers->contains("www-authenticate"))
    return;
  std::string value = fmt::format("Bearer realm=\"{}\"", options_.realm);
  if (!error.empty()) value += fmt::format(", error=\"{}\"", error);
  call.response_headers->add("www-authenticate", value);
}

Task<> Authenticate::handle(Call& call, service::Next next) const {
  if (is_open(call)) {
    co_await next(call);
    co_return;
  }
  const auto token = bearer_token(*call.request_headers);
  if (!token) {
    const bool several = token.error().code() == Code::kInvalidArgument;
    refuse(call, token.error(), several ? kInvalidRequest : kNoError);
    co_return;
  }
  if (token->size() > options_.token_bytes_max) {
    refuse(call,
           {Code::kUnauthenticated,
            fmt::format("the token has more than {} bytes", options_.token_bytes_max)},
           kInvalidToken);
    co_return;
  }
  auto identity = co_await verifier_->verify(*token);
  if (!identity && identity.error().code() == Code::kUnauthenticated) {
    refuse(call, std::move(identity.error()), kInvalidToken);
    co_return;
  }
  if (!identity) {
    // The verifier says it once, aloud; here any token would write a line.
    log::debug("{}: no token can be verified: {}", call.path, identity.error().to_string());
    call.status = std::move(identity.error());
    co_return;
  }
  if (Status missing = check_roles(**identity); !missing.ok()) {
    log::info("audit: {} may not {}: {}", (*identity)->subject(),
              call.protocol == Protocol::kGrpc ? call.method : call.path, missing.message());
    refuse(call, std::move(missing), kInsufficientScope);
    co_return;
  }
  auto& promise = co_await hal::detail::this_promise();
  Context context = promise.context();
  context.identity = std::move(*identity);
  promise.use_context(context);
  co_await next(call);
  // Another service that was shown the token may know more of it than the verifier does yet.
  if (call.status.code() == Code::kUnauthenticated) challenge(call, kInvalidToken);
}

}  // namespace hal::layers
