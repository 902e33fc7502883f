#include <hal/service/layers/metrics/metrics.hpp>

#include <hal/async/loop.hpp>
#include <hal/service/http_status.hpp>

#include <array>

#include <fmt/format.h>

namespace hal::layers {
namespace {

using service::Call;
using telemetry::RequestMetrics;

/// Counts a request as under way, on every way out.
class UnderWay {
 public:
  UnderWay(RequestMetrics& metrics, std::string_view protocol) noexcept
      : metrics_{metrics}, protocol_{protocol} {
    metrics_.started(protocol_);
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;
  ~UnderWay() { metrics_.ended(protocol_); }

 private:
  RequestMetrics& metrics_;
  std::string_view protocol_;
};

constexpr std::array<std::string_view, 9> kMethods{"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                   "CONNECT", "OPTIONS", "TRACE", "PATCH"};

telemetry::RequestKind kind_of(const Call& call) {
  if (call.protocol == service::Protocol::kGrpc) return {.protocol = "grpc", .route = call.method};
  const bool known =
      !call.route.empty() || std::ranges::find(kMethods, call.method) != kMethods.end();
  return {.protocol = "http", .method = known ? call.method : "_OTHER", .route = call.route};
}

/// As the server answers it: see http::Dispatcher.
int http_status(const Call& call) {
  if (call.status.ok()) return call.http_status == 0 ? 200 : call.http_status;
  return call.http_status >= 400 ? call.http_status : service::http_status_of(call.status.code());
}

}  // namespace

Task<> Metrics::handle(Call& call, service::Next next) const {
  const Context& context = co_await this_context();
  RequestMetrics& metrics = (*workers_)[context.loop->worker_index()];
  const telemetry::RequestKind kind = kind_of(call);
  const UnderWay under_way{metrics, kind.protocol};
  const TimePoint start = context.loop->now();
  co_await next(call);
  const auto duration = context.loop->now() - start;
  if (call.protocol == service::Protocol::kGrpc) {
    metrics.count(kind, name(call.status.code()), duration);
  } else {
    metrics.count(kind, fmt::format_int{http_status(call)}.str(), duration);
  }
}

}  // namespace hal::layers
