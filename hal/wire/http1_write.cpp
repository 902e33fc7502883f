// Serializing of HTTP/1.1; the parsers are in http1.cpp.
#include <array>
#include <charconv>

#include <fmt/format.h>

#include <hal/base/ascii.hpp>
#include <hal/base/contract.hpp>
#include <hal/wire/field.hpp>
#include <hal/wire/http1.hpp>

namespace hal::wire::http1 {
namespace {

bool has_space_or_control(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f) return true;
  }
  return false;
}

void append_number(std::uint64_t number, int base, std::string& out) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  out.append(digits.data(), end);
}

/// The framing decides Upgrade no more than it does the rest: it is passed on.
bool framed(std::string_view name) {
  if (name.starts_with(':') || ascii_iequals(name, "content-length")) return true;
  return is_hop_field(name) && name.size() != 7;
}

/// On an error `out` is as long as before the head: `begin`.
Result<> append_fields(const Headers& headers, const Framing& framing, std::size_t begin,
                       std::string& out) {
  expects(!(framing.chunked && framing.content_length),
          "a message is chunked or has a length, not both");
  for (const Headers::Field field : headers) {
    if (framed(field.name)) continue;
    if (auto checked = check_field(field); !checked) {
      out.resize(begin);
      return checked;
    }
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (framing.content_length) {
    out.append("Content-Length: ");
    append_number(*framing.content_length, 10, out);
    out.append("\r\n");
  } else if (framing.chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  }
  if (!framing.keep_alive) {
    out.append("Connection: close\r\n");
  } else if (!framing.peer_http11) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
  return {};
}

struct Reason {
  int status;
  std::string_view phrase;
};

// The IANA registry of HTTP status codes; 499 is nginx' and Envoy's "client closed request".
constexpr Reason kReasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

}  // namespace

Result<> write_request_head(std::string_view method, std::string_view target,
                            const Headers& headers, const Framing& framing, std::string& out) {
  if (!valid_token(method)) return error(Code::kInvalidArgument, "the method is no token");
  if (target.empty() || has_space_or_control(target)) {
    return error(Code::kInvalidArgument,
                 "the request target is empty or has a space or control character: encode it");
  }
  const std::size_t begin = out.size();
  out.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
  return append_fields(headers, framing, begin, out);
}

Result<> write_response_head(int status, const Headers& headers, const Framing& framing,
                             std::string& out) {
  if (status < 100 || status > 999) {
    return error(Code::kInvalidArgument, fmt::format("{} is no HTTP status", status));
  }
  const std::size_t begin = out.size();
  out.append("HTTP/1.1 ");
  append_number(static_cast<std::uint64_t>(status), 10, out);
  out.append(" ").append(reason_phrase(status)).append("\r\n");
  return append_fields(headers, framing, begin, out);
}

void write_continue(std::string& out) { out.append("HTTP/1.1 100 Continue\r\n\r\n"); }

void write_chunk(std::string_view bytes, std::string& out) {
  if (bytes.empty()) return;
  append_number(bytes.size(), 16, out);
  out.append("\r\n").append(bytes).append("\r\n");
}

void write_last_chunk(std::string& out) { out.append("0\r\n\r\n"); }

std::string_view reason_phrase(int status) noexcept {
  const auto* const found = std::ranges::lower_bound(kReasons, status, {}, &Reason::status);
  if (found == std::end(kReasons) || found->status != status) return {};
  return found->phrase;
}

}  // namespace hal::wire::http1
