#include <hal/export/http_post.hpp>

#include <hal/async/or_return.hpp>
#include <hal/transport/http1_pool.hpp>
#include <hal/wire/url.hpp>

namespace hal::exporter {
namespace {

/// Collectors answer with a few bytes; OTLP bounds it at 4 MiB (exporter.md).
constexpr transport::Http1PoolOptions kPool{
    .limits = {.body_bytes = 4 * 1024 * 1024},
    .exchange_timeout = std::chrono::hours{1},  // the exporter's own is what counts
    .idle_max = 1,
};

class PooledPost final : public HttpPost {
 public:
  PooledPost(net::Network& network, std::size_t workers) : pool_{network, workers, kPool} {}

  Task<Result<HttpReply>> post(const std::string& url, const Headers& headers,
                               std::string body) override {
    const auto target = co_await or_return(wire::parse_url(url));
    if (target.scheme != "http") {
      co_return error(Code::kInvalidArgument, "spans are sent by http only, not by https");
    }
    transport::HttpRequest request{
        .method = "POST", .target = target.target(), .headers = headers, .body = std::move(body)};
    request.headers.set("host", target.authority());
    auto response = co_await or_return(pool_.exchange({target.host, target.port}, request));
    co_return HttpReply{.status = response.status,
                        .headers = std::move(response.headers),
                        .body = std::move(response.body)};
  }

 private:
  transport::Http1Pool pool_;
};

}  // namespace

std::shared_ptr<HttpPost> make_http_post(net::Network& network, std::size_t workers) {
  return std::make_shared<PooledPost>(network, workers);
}

}  // namespace hal::exporter
