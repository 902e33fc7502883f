// Content-Encoding: gzip (RFC 9110 8.4) of whole bodies, either side.
#pragma once

#include <hal/http/error.hpp>
#include <hal/http/message.hpp>
#include <hal/wire/gzip.hpp>

namespace hal::http {

/// A body whose Content-Encoding is gzip (or x-gzip) becomes its content, and Content-Encoding and
/// Content-Length go; anything else stays as it is, other codings too. Failure: 400 for what is
/// not gzip, 413 beyond a limit.
[[nodiscard]] std::expected<void, Failure> decode_request(transport::HttpRequest& request,
                                                          const wire::GunzipLimits& limits);

/// Offers gzip unless the headers say what to accept, or name a range, whose bytes would be those
/// of the coded form. True if the response is to be decoded by decode_response.
[[nodiscard]] bool offer_gzip(std::string_view method, Headers& request);

/// As decode_request, for what came back. INTERNAL: not gzip, or beyond a limit.
[[nodiscard]] Result<> decode_response(Response& response, const wire::GunzipLimits& limits);

}  // namespace hal::http
