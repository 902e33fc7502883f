#include <hal/wire/grpc.hpp>

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include <hal/base/ascii.hpp>
#include <hal/base/contract.hpp>
#include <hal/base/hex.hpp>
#include <hal/wire/gzip.hpp>

namespace hal::wire::grpc {
namespace {

using std::chrono::nanoseconds;

/// Takes memory for a message only as its bytes come: a prefix alone costs a peer nothing.
constexpr std::size_t kReserveMax = 64 * 1024;

struct Unit {
  char name;
  std::int64_t nanoseconds;
};
constexpr Unit kUnits[] = {{'n', 1},
                           {'u', 1'000},
                           {'m', 1'000'000},
                           {'S', 1'000'000'000},
                           {'M', 60'000'000'000},
                           {'H', 3'600'000'000'000}};
constexpr std::int64_t kTimeoutMax = 99'999'999;

}  // namespace

std::array<char, kPrefixBytes> prefix(std::size_t size) {
  expects(size <= std::numeric_limits<std::uint32_t>::max(), "a gRPC message fits 32 bits");
  return {0, static_cast<char>(size >> 24 & 0xff), static_cast<char>(size >> 16 & 0xff),
          static_cast<char>(size >> 8 & 0xff), static_cast<char>(size & 0xff)};
}

void write_message(std::string_view payload, std::string& out) {
  const auto head = prefix(payload.size());
  out.append(head.data(), head.size()).append(payload);
}

void MessageReader::put(std::string_view bytes) {
  if (!error_.ok()) return;
  // One message is complete at most: what stands behind it waits as it came.
  if (!complete_) bytes.remove_prefix(cut(bytes));
  if (bytes.empty() || !error_.ok()) return;
  if (rest_taken_ > rest_.size() / 2) {
    rest_.erase(0, rest_taken_);
    rest_taken_ = 0;
  }
  rest_.append(bytes);
}

/// Takes bytes to the end of one message, and says how many.
std::size_t MessageReader::cut(std::string_view bytes) {
  std::size_t taken = 0;
  if (prefix_filled_ < kPrefixBytes) {
    const auto part = bytes.substr(0, kPrefixBytes - prefix_filled_);
    std::ranges::copy(part, prefix_.begin() + static_cast<std::ptrdiff_t>(prefix_filled_));
    prefix_filled_ += part.size();
    taken = part.size();
    if (prefix_filled_ < kPrefixBytes) return taken;
    read_prefix();
    if (!error_.ok()) return taken;
  }
  const auto part = bytes.substr(taken, size_ - message_.size());
  message_.append(part);
  complete_ = message_.size() == size_;
  return taken + part.size();
}

Result<std::string> MessageReader::take_message() {
  std::string message = std::exchange(message_, {});
  const bool compressed = prefix_[0] == 1;
  complete_ = false;
  prefix_filled_ = 0;
  if (!compressed) return message;
  auto content = gunzip(message, {.output_bytes_max = options_.max_bytes});
  if (content) return content;
  const bool too_large = content.error().code() == Code::kResourceExhausted;
  error_ = Status{too_large ? Code::kResourceExhausted : Code::kInternal,
                  "received a compressed message: " + content.error().message()};
  return error(error_);
}

void MessageReader::read_prefix() {
  size_ = 0;
  for (std::size_t i = 1; i < kPrefixBytes; ++i) {
    size_ = size_ << 8 | static_cast<unsigned char>(prefix_[i]);
  }
  const int flag = prefix_[0];
  if (flag == 1 && (options_.encoding.empty() || options_.encoding == "identity")) {
    error_ = Status{Code::kInternal, "received a compressed message without a grpc-encoding"};
  } else if (flag == 1 && !knows_encoding()) {
    error_ =
        Status{Code::kUnimplemented,
               fmt::format("received a message compressed with '{}', which is not supported here",
                           options_.encoding)};
  } else if (flag != 0 && flag != 1) {
    error_ = Status{Code::kInternal, fmt::format("received a message with the unknown flag {}",
                                                 static_cast<unsigned char>(prefix_[0]))};
  } else if (size_ > options_.max_bytes) {
    error_ = Status{
        Code::kResourceExhausted,
        fmt::format("received message larger than max ({} vs. {})", size_, options_.max_bytes)};
  } else {
    message_.reserve(std::min(size_, kReserveMax));
  }
}

Result<std::optional<std::string>> MessageReader::next() {
  if (!complete_) {
    if (!error_.ok()) return error(error_);
    return std::nullopt;
  }
  auto message = take_message();
  if (!message) return error(std::move(message.error()));
  if (rest_.empty()) return std::move(*message);
  rest_taken_ += cut(std::string_view{rest_}.substr(rest_taken_));
  if (rest_taken_ == rest_.size() || !error_.ok()) {
    rest_ = {};
    rest_taken_ = 0;
  }
  return std::move(*message);
}

Result<> MessageReader::finish() const {
  if (!error_.ok()) return error(error_);
  if (prefix_filled_ == 0 || complete_) return {};
  return error(Code::kInternal,
               prefix_filled_ < kPrefixBytes
                   ? std::string{"the stream ended inside a message's prefix"}
                   : fmt::format("the stream ended inside a message ({} of {} bytes)",
                                 message_.size(), size_));
}

std::optional<nanoseconds> parse_timeout(std::string_view text) noexcept {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  const auto number = parse_int<std::uint32_t>(text.substr(0, text.size() - 1));
  if (!number) return std::nullopt;
  const auto* const unit = std::ranges::find(kUnits, text.back(), &Unit::name);
  if (unit == std::end(kUnits)) return std::nullopt;
  if (*number > nanoseconds::max().count() / unit->nanoseconds) return nanoseconds::max();
  return nanoseconds{*number * unit->nanoseconds};
}

std::string format_timeout(nanoseconds timeout) {
  if (timeout.count() <= 0) return "0n";
  for (const Unit& unit : kUnits) {
    const std::int64_t number = timeout.count() / unit.nanoseconds;
    if (number <= kTimeoutMax) return fmt::format_int{number}.str() + unit.name;
  }
  return fmt::format("{}H", kTimeoutMax);  // not reached: 292 years are 2.6 million hours
}

std::string encode_message(std::string_view message) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  text.reserve(message.size());
  for (const char c : message) {
    if (c >= 0x20 && c < 0x7f && c != '%') {
      text += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    text += '%';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xf];
  }
  return text;
}

std::string decode_message(std::string_view text) {
  std::string message;
  message.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
        hex_value(text[i + 2]) >= 0) {
      message += static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
      i += 2;
    } else {
      message += text[i];
    }
  }
  return message;
}

Code code_from_http(int http_status) noexcept {
  switch (http_status) {
    case 400:
      return Code::kInternal;
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kUnimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return Code::kUnavailable;
    default:
      return Code::kUnknown;
  }
}

Code code_from_http2(std::uint32_t error_code) noexcept {
  switch (error_code) {
    case 7:
      return Code::kUnavailable;  // REFUSED_STREAM
    case 8:
      return Code::kCancelled;  // CANCEL
    case 11:
      return Code::kResourceExhausted;  // ENHANCE_YOUR_CALM
    case 12:
      return Code::kPermissionDenied;  // INADEQUATE_SECURITY
    case 5:                            // STREAM_CLOSED: the specification names no code
    case 13:
      return Code::kUnknown;  // HTTP_1_1_REQUIRED: neither
    default:
      return error_code < 13 ? Code::kInternal : Code::kUnknown;
  }
}

int http_from_code(Code code) noexcept {
  switch (code) {
    case Code::kOk:
      return 200;
    case Code::kCancelled:
      return 499;
    case Code::kInvalidArgument:
    case Code::kFailedPrecondition:
    case Code::kOutOfRange:
      return 400;
    case Code::kDeadlineExceeded:
      return 504;
    case Code::kNotFound:
      return 404;
    case Code::kAlreadyExists:
    case Code::kAborted:
      return 409;
    case Code::kPermissionDenied:
      return 403;
    case Code::kUnauthenticated:
      return 401;
    case Code::kResourceExhausted:
      return 429;
    case Code::kUnimplemented:
      return 501;
    case Code::kUnavailable:
      return 503;
    case Code::kUnknown:
    case Code::kInternal:
    case Code::kDataLoss:
      break;
  }
  return 500;
}

}  // namespace hal::wire::grpc
