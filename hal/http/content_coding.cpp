#include <hal/http/content_coding.hpp>

#include <hal/base/ascii.hpp>

namespace hal::http {
namespace {

constexpr std::string_view kContentEncoding = "content-encoding";
constexpr std::string_view kAcceptEncoding = "accept-encoding";

/// One coding only: "gzip, gzip" is a bomb's disguise and nobody's need.
bool is_gzip(const Headers& headers) {
  const auto coding = headers.get(kContentEncoding);
  return coding && headers.count(kContentEncoding) == 1 &&
         (ascii_iequals(*coding, "gzip") || ascii_iequals(*coding, "x-gzip"));
}

void drop_coding(Headers& headers) {
  headers.remove(kContentEncoding);
  headers.remove("content-length");  // that of the coded form
}

}  // namespace

std::expected<void, Failure> decode_request(transport::HttpRequest& request,
                                            const wire::GunzipLimits& limits) {
  if (!is_gzip(request.headers)) return {};
  auto content = wire::gunzip(request.body, limits);
  if (!content) {
    const int status = content.error().code() == Code::kResourceExhausted ? 413 : 400;
    return std::unexpected{Failure{status, content.error().with_prefix("body")}};
  }
  request.body = std::move(*content);
  drop_coding(request.headers);
  return {};
}

bool offer_gzip(std::string_view method, Headers& request) {
  if (method == "HEAD" || request.contains(kAcceptEncoding) || request.contains("range")) {
    return false;
  }
  request.add(kAcceptEncoding, "gzip");
  return true;
}

Result<> decode_response(Response& response, const wire::GunzipLimits& limits) {
  // 204, 304: a header about a body that is not there.
  if (response.body.empty() || !is_gzip(response.headers)) return {};
  auto content = wire::gunzip(response.body, limits);
  if (!content) return error(Code::kInternal, "the response: " + content.error().message());
  response.body = std::move(*content);
  drop_coding(response.headers);
  return {};
}

}  // namespace hal::http
