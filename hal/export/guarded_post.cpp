#include <hal/export/guarded_post.hpp>

#include <hal/base/ascii.hpp>
#include <hal/service/layers/trace/trace.hpp>

#include <algorithm>
#include <array>

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

/// RFC 9110 10.2.3; its other form, a date, counts as absent.
std::optional<Duration> retry_after(const Headers& headers) {
  const auto text = headers.get("retry-after");
  const auto seconds = text ? parse_int<std::uint16_t>(ascii_trim(*text)) : std::nullopt;
  return seconds ? std::optional<Duration>{std::chrono::seconds{*seconds}} : std::nullopt;
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
