#include <hal/http/client.hpp>

#include <hal/async/or_return.hpp>
#include <hal/wire/url.hpp>

#include <fmt/format.h>

namespace hal::http {
namespace {

/// The innermost layer: sends the request.
class Send final : public service::Terminal {
 public:
  Send(transport::Http1Pool& pool, net::Endpoint server, const transport::HttpRequest& request)
      : pool_{pool}, server_{std::move(server)}, request_{request} {}

  Task<> run(service::Call& call) override {
    auto outcome = co_await pool_.exchange(server_, request_);
    if (!outcome) {
      call.status = std::move(outcome.error());
      co_return;
    }
    response = std::move(*outcome);
    call.http_status = response.status;
    call.response_headers = &response.headers;
  }

  Response response;

 private:
  transport::Http1Pool& pool_;
  const net::Endpoint server_;
  const transport::HttpRequest& request_;
};

}  // namespace

Client::Client(service::Host& host, ClientOptions options)
    : Client{host.network(), host.workers().size(), host.client_layers(), std::move(options)} {}

Client::Client(net::Network& network, std::size_t workers, service::Layers layers,
               ClientOptions options)
    : layers_{std::move(layers)}, pool_{network, workers, options.pool} {}

Task<Result<Response>> Client::get(std::string url, Headers headers) {
  co_return co_await request(
      {.method = "GET", .url = std::move(url), .headers = std::move(headers)});
}

Task<Result<Response>> Client::post(std::string url, std::string body, Headers headers) {
  co_return co_await request({.method = "POST",
                              .url = std::move(url),
                              .headers = std::move(headers),
                              .body = std::move(body)});
}

Task<Result<Response>> Client::request(ClientRequest request) {
  const auto url = wire::parse_url(request.url);
  if (!url) co_return error(url.error().with_prefix(request.url));
  if (url->scheme != "http") {
    co_return error(Code::kUnimplemented,
                    fmt::format("{}: this client speaks http only; in a mesh the sidecar encrypts",
                                request.url));
  }
  transport::HttpRequest message{.method = std::move(request.method),
                                 .target = url->target(),
                                 .headers = std::move(request.headers),
                                 .body = std::move(request.body)};
  if (!message.headers.contains("host")) message.headers.add("host", url->authority());
  if (!message.headers.contains("user-agent")) message.headers.add("user-agent", "hal9000");
  service::Call call{.kind = service::Kind::kClient,
                     .protocol = service::Protocol::kHttp,
                     .method = message.method,
                     .path = url->path,
                     .query = url->query,
                     .peer_host = url->host,
                     .peer_port = url->port,
                     .request_headers = &message.headers};
  Send send{pool_, {url->host, url->port}, message};
  co_await service::Next{layers_, send}(call);
  if (!call.status.ok()) {
    co_return error(call.status.with_prefix(fmt::format("{} {}", message.method, request.url)));
  }
  co_return std::move(send.response);
}

}  // namespace hal::http
