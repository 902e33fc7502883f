#include <hal/export/http_post.hpp>

#include <hal/async/or_return.hpp>
#include <hal/transport/http1_pool.hpp>
#include <hal/wire/gzip.hpp>
#include <hal/wire/url.hpp>

namespace hal::exporter {
namespace {

/// Collectors answer with a few bytes; OTLP bounds it at 4 MiB (exporter.md).
constexpr transport::Http1PoolOptions kPool{
    .limits = {.body_bytes = 4 * 1024 * 1024},
    .exchange_timeout = std::chrono::hours{1},  // the exporter's own is what counts
    .idle_max = 1};

class PooledPost final : public HttpPost {
 public:
  PooledPost(net::Network& network, std::size_t workers, HttpPostOptions options)
      : compression_{options.compression}, pool_{network, workers, kPool, std::move(options.tls)} {}

  Task<Result<HttpReply>> post(const std::string& url, const Headers& headers,
                               std::string body) override {
    const auto target = co_await or_return(wire::parse_url(url));
    transport::HttpRequest request{
        .method = "POST", .target = target.target(), .headers = headers, .body = std::move(body)};
    request.headers.set("host", target.authority());
    if (compression_ == Compression::kGzip) {
      request.headers.set("content-encoding", "gzip");
      request.body = wire::gzip(request.body);
    }
    transport::Origin origin{{target.host, target.port}, target.scheme == "https"};
    auto response = co_await or_return(pool_.exchange(std::move(origin), request));
    co_return HttpReply{.status = response.status,
                        .headers = std::move(response.headers),
                        .body = std::move(response.body)};
  }

 private:
  const Compression compression_;
  transport::Http1Pool pool_;
};

}  // namespace

std::shared_ptr<HttpPost> make_http_post(net::Network& network, std::size_t workers,
                                         HttpPostOptions options) {
  return std::make_shared<PooledPost>(network, workers, std::move(options));
}

}  // namespace hal::exporter
