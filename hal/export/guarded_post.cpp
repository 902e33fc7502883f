#include <hal/export/guarded_post.hpp>

#include <hal/base/ascii.hpp>
#include <hal/service/layers/trace/trace.hpp>
#include <hal/transport/http_date.hpp>

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

namespace hal::exporter {
namespace {

/// What stands inside the layers of a request.
class Posting final : public service::Terminal {
 public:
  Posting(HttpPost& post, const std::string& url, std::string body)
      : post_{post}, url_{url}, body_{std::move(body)} {}
  Task<> run(service::Call& call) override {
    reply = co_await post_.post(url_, *call.request_headers, std::move(body_));
  }
  Result<HttpReply> reply{};

 private:
  HttpPost& post_;
  const std::string& url_;
  std::string body_;
};

bool is_success(int status) { return status >= 200 && status < 300; }

bool is_for_now(int status) {
  constexpr std::array<int, 4> kLater{429, 502, 503, 504};
  return std::ranges::find(kLater, status) != kLater.end();
}

std::optional<std::time_t> date(const Headers& headers, std::string_view name) {
  const auto text = headers.get(name);
  return text ? transport::parse_http_date(ascii_trim(*text)) : std::nullopt;
}

/// RFC 9110 10.2.3: seconds, or a date, which is by the collector's own clock if it tells.
std::optional<Duration> retry_after(const Headers& headers) {
  using std::chrono::seconds;
  constexpr std::int64_t kSecondsMax = 24 * 60 * 60;
  const auto text = headers.get("retry-after");
  if (!text) return std::nullopt;
  if (const auto number = parse_int<std::uint64_t>(ascii_trim(*text))) {
    return seconds{std::min<std::uint64_t>(*number, kSecondsMax)};
  }
  const auto then = date(headers, "retry-after");
  if (!then) return std::nullopt;
  const auto now =
      date(headers, "date")
          .value_or(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
  return seconds{std::clamp<std::int64_t>(*then - now, 0, kSecondsMax)};
}

Delivery delivery_of(const Result<HttpReply>& reply) {
  if (!reply) {
    return {.status = reply.error(), .may_retry = reply.error().code() == Code::kUnavailable};
  }
  if (is_success(reply->status)) return {.answered = true};
  return {.status = {Code::kUnavailable, fmt::format("the collector answers {}", reply->status)},
          .answered = true,
          .may_retry = is_for_now(reply->status),
          .retry_after = retry_after(reply->headers)};
}

}  // namespace

GuardedPost::GuardedPost(std::shared_ptr<HttpPost> post, std::string url, Headers headers)
    : post_{std::move(post)},
      url_{std::move(url)},
      headers_{std::move(headers)},
      layers_{std::make_shared<layers::UntracedCall>()} {}

Task<GuardedPost::Outcome> GuardedPost::send(std::string body) const {
  Headers headers = headers_;
  service::Call call{.kind = service::Kind::kClient, .method = "POST", .request_headers = &headers};
  Posting posting{*post_, url_, std::move(body)};
  co_await service::Next{layers_, posting}(call);
  Outcome outcome{.delivery = delivery_of(posting.reply)};
  if (posting.reply) outcome.body = std::move(posting.reply->body);
  co_return outcome;
}

}  // namespace hal::exporter
