// ApiClient: requests to the Kubernetes API server.
#pragma once

#include <hal/discovery/kubernetes/api_access.hpp>
#include <hal/http/client.hpp>

#include <string>
#include <string_view>

namespace hal::discovery::kubernetes {

/// What an answer that is an error says, beside its Status.
struct Refusal {
  int http_status = 0;    ///< 0: there was no answer
  std::string message{};  ///< the server's own; "" from one that is no API server, as a proxy
  /// Retry-After in its form of seconds (RFC 9110 10.2.3): not to be asked before; at most
  /// kRetryAfterMax.
  Duration retry_after{};
};
/// A longer wish would keep changes from us.
inline constexpr Duration kRetryAfterMax = std::chrono::minutes{2};

/// One request, in the terms of RBAC: what a message about it names.
struct ApiRequest {
  std::string_view verb;      ///< "list", "watch", "patch": static storage
  std::string_view resource;  ///< "pods": static storage
  std::string ns;             ///< the namespace
  std::string path;           ///< "/api/v1/namespaces/devel/pods?watch=true"
  /// Filled in when the server refuses; outlives the request. Null: nobody wants to know.
  Refusal* refusal = nullptr;
};

/// What the API server's answer means. PERMISSION_DENIED names verb, resource and namespace;
/// OUT_OF_RANGE is "410 Gone": the resourceVersion is too old; UNAUTHENTICATED, NOT_FOUND,
/// INVALID_ARGUMENT (400, 415, 422), ABORTED (409), RESOURCE_EXHAUSTED (429), UNAVAILABLE (5xx);
/// else UNKNOWN. `message` is the server's own ("" if there is none).
[[nodiscard]] Status status_of(const ApiRequest& request, int http_status,
                               std::string_view message);

/// Calls that are no part of any trace. Used on workers' loops; must outlive its requests.
class ApiClient {
 public:
  /// `network` must outlive it. `workers`: loop->worker_index() is below it.
  ApiClient(net::Network& network, std::size_t workers, const ApiAccess& access);

  /// "https://10.96.0.1:443".
  [[nodiscard]] const std::string& server() const noexcept { return server_; }

  /// A 200 whose body is to be read; any other answer is status_of(). Beside those: UNAVAILABLE and
  /// DEADLINE_EXCEEDED as of http::Client, UNAUTHENTICATED as of Token::read.
  Task<Result<http::ResponseStream>> open(ApiRequest request);
  /// Sends a strategic merge patch; errors as of open().
  Task<Result<>> patch(ApiRequest request, std::string body);

 private:
  Result<Headers> headers() const;
  static Status refused(const ApiRequest& request, int http_status, const Headers& headers,
                        std::string_view body);

  const std::string server_;
  const Token token_;
  http::Client client_;
};

}  // namespace hal::discovery::kubernetes
