#include <hal/http/client.hpp>

#include <hal/async/or_return.hpp>
#include <hal/http/content_coding.hpp>
#include <hal/wire/url.hpp>

#include <fmt/format.h>

namespace hal::http {
namespace {

/// The innermost layer: sends the request. The response of an upload is a stream at first.
class Send final : public service::Terminal {
 public:
  Send(transport::Http1Pool& pool, transport::Origin server, const transport::HttpRequest& request,
       const transport::HttpUpload* upload, bool whole)
      : pool_{pool},
        server_{std::move(server)},
        request_{request},
        upload_{upload},
        whole_{whole} {}

  Task<> run(service::Call& call) override {
    if (whole_ && upload_ == nullptr) {
      auto outcome = co_await pool_.exchange(server_, request_);
      if (outcome) response = std::move(*outcome);
      call.status = outcome ? Status{} : std::move(outcome.error());
    } else {
      auto outcome = co_await pool_.open(server_, request_, upload_);
      if (outcome) stream.emplace(std::move(*outcome));
      call.status = outcome ? Status{} : std::move(outcome.error());
    }
    if (!call.status.ok()) co_return;
    auto& head = stream ? stream->head() : response;
    call.http_status = head.status;
    call.response_headers = &head.headers;
  }

  Response response;
  std::optional<transport::Http1Stream> stream;

 private:
  transport::Http1Pool& pool_;
  const transport::Origin server_;
  const transport::HttpRequest& request_;
  const transport::HttpUpload* const upload_;
  const bool whole_;
};

/// The rest of a response, into its head.
Task<Result<Response>> read_all(transport::Http1Stream stream, std::uint64_t body_bytes_max) {
  Response response = std::move(stream.head());
  for (;;) {
    const auto piece = co_await or_return(stream.read());
    if (piece.empty()) co_return response;
    if (response.body.size() + piece.size() > body_bytes_max) {
      co_return error(Code::kInternal, "bad response: the body is over the limit");
    }
    response.body += piece;
  }
}

}  // namespace

Client::Client(service::Host& host, ClientOptions options)
    : Client{host.network(), host.workers().size(), host.client_layers(), std::move(options)} {}

Client::Client(net::Network& network, std::size_t workers, service::Layers layers,
               ClientOptions options)
    : layers_{std::move(layers)},
      body_bytes_max_{options.pool.limits.body_bytes},
      gzip_{options.gzip},
      pool_{network, workers, options.pool, std::move(options.tls)} {}

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

/// One of the two, as Send has it.
struct Client::Sent {
  Response response;
  std::optional<transport::Http1Stream> stream;
  service::CallEnd end;
  bool gzip_offered = false;
};

Task<Result<Response>> Client::request(ClientRequest request) {
  Sent sent = co_await or_return(send(std::move(request), true));
  if (!sent.stream) co_return std::move(sent.response);
  auto response = co_await read_all(std::move(*sent.stream), body_bytes_max_);
  if (response && sent.gzip_offered) {
    if (auto decoded = decode(*response); !decoded) response = error(decoded.error());
  }
  sent.end.finish(response ? Status{} : response.error());
  co_return response;
}

Result<> Client::decode(Response& response) const {
  return decode_response(response, {.output_bytes_max = body_bytes_max_});
}

Task<Result<ResponseStream>> Client::open(ClientRequest request) {
  Sent sent = co_await or_return(send(std::move(request), false));
  co_return ResponseStream{std::move(*sent.stream), std::move(sent.end)};
}

Task<Result<Client::Sent>> Client::send(ClientRequest request, bool whole) {
  const auto url = wire::parse_url(request.url);
  if (!url) co_return error(url.error());
  transport::HttpRequest message{.method = std::move(request.method),
                                 .target = url->target(),
                                 .headers = std::move(request.headers),
                                 .body = std::move(request.body)};
  if (!message.headers.contains("host")) message.headers.add("host", url->authority());
  if (!message.headers.contains("user-agent")) message.headers.add("user-agent", "hal9000");
  const bool gzip_offered = whole && gzip_ && offer_gzip(message.method, message.headers);
  service::Call call{.kind = service::Kind::kClient,
                     .protocol = service::Protocol::kHttp,
                     .method = message.method,
                     .path = url->path,
                     .query = url->query,
                     .peer_host = url->host,
                     .peer_port = url->port,
                     .request_headers = &message.headers};
  service::CallEnd end;
  if (!whole || request.upload != nullptr) call.end = &end;
  std::optional<transport::HttpUpload> upload;
  if (request.upload != nullptr) upload.emplace(*request.upload, request.upload_length);
  Send send{pool_,
            {{url->host, url->port}, url->scheme == "https"},
            message,
            upload ? &*upload : nullptr,
            whole};
  co_await service::Next{layers_, send}(call);
  if (call.status.ok() && gzip_offered && !send.stream) {
    if (auto decoded = decode(send.response); !decoded) call.status = decoded.error();
  }
  if (!call.status.ok()) {
    end.finish(call.status);
    co_return error(call.status.with_prefix(
        fmt::format("{} {}", message.method, wire::shown_url(request.url))));
  }
  co_return Sent{.response = std::move(send.response),
                 .stream = std::move(send.stream),
                 .end = std::move(end),
                 .gzip_offered = gzip_offered};
}

Task<Result<std::string>> ResponseStream::read() {
  auto piece = co_await stream_.read();
  if (!piece) {
    end_.finish(piece.error());
  } else if (piece->empty()) {
    end_.finish({});
  }
  co_return piece;
}

Task<Result<std::optional<std::string>>> ResponseStream::read_line(std::size_t size_max) {
  for (;;) {
    const auto end = buffered_.find('\n', searched_);
    if (end <= size_max) {
      std::string line = buffered_.substr(0, end);
      buffered_.erase(0, end + 1);
      searched_ = 0;
      if (line.ends_with('\r')) line.pop_back();
      co_return line;
    }
    searched_ = buffered_.size();
    if (buffered_.size() > size_max) {
      co_return error(Code::kResourceExhausted,
                      fmt::format("a line of the response has more than {} bytes", size_max));
    }
    auto piece = co_await or_return(read());
    if (piece.empty()) break;
    buffered_ += piece;
  }
  searched_ = 0;
  if (buffered_.empty()) co_return std::nullopt;
  co_return std::exchange(buffered_, {});
}

}  // namespace hal::http
