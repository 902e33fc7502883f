// GuardedPost: batches by HTTP POST, kept out of every trace.
#pragma once

#include <hal/export/http_post.hpp>
#include <hal/export/span_sender.hpp>
#include <hal/service/layer.hpp>

#include <memory>
#include <string>

namespace hal::exporter {

/// Immutable: thread-safe.
class GuardedPost {
 public:
  /// `headers` go with every request.
  GuardedPost(std::shared_ptr<HttpPost> post, std::string url, Headers headers);

  struct Outcome {
    Delivery delivery{};
    std::string body{};  ///< of the answer
  };
  /// A 2xx answer takes the batch. May be sent again: what has no answer, and 429, 502, 503, 504,
  /// after their Retry-After, seconds or a date, at most a day (opentelemetry-proto
  /// specification.md, "Failures"; Zipkin has no rule of its own).
  Task<Outcome> send(std::string body) const;

 private:
  const std::shared_ptr<HttpPost> post_;
  const std::string url_;
  const Headers headers_;
  const service::Layers layers_;
};

}  // namespace hal::exporter
