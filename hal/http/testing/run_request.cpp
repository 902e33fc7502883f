#include <hal/http/testing/run_request.hpp>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/http/dispatcher.hpp>

namespace hal::http::testing {
namespace {

/// The whole body in one piece.
class OnePiece final : public transport::BodyReader {
 public:
  explicit OnePiece(std::string body) : body_{std::move(body)} {}
  Task<Result<std::string>> read() override { co_return std::exchange(body_, {}); }

 private:
  std::string body_;
};

/// Keeps what is written.
class Collected final : public transport::BodyWriter {
 public:
  explicit Collected(const Response& response) : response_{response} {}
  Task<Result<>> start(std::optional<std::uint64_t>) override {
    sent_ = response_;
    co_return Result<>{};
  }
  Task<Result<>> write(std::string_view bytes) override {
    if (!sent_) sent_ = response_;
    sent_->body += bytes;
    co_return Result<>{};
  }
  [[nodiscard]] bool started() const noexcept override { return sent_.has_value(); }
  void abandon() noexcept override { sent_->body += "(abandoned)"; }

  [[nodiscard]] Response result() const { return sent_.value_or(response_); }

 private:
  const Response& response_;
  std::optional<Response> sent_;
};

Task<Result<>> dispatch(const Dispatcher* dispatcher, transport::HttpExchange* exchange) {
  const net::Endpoint peer{"192.0.2.1", 1234};
  co_await dispatcher->run(*exchange, peer);
  co_return Result<>{};
}

Response run_on(Loop& loop, const Dispatcher& dispatcher, ClientRequest request) {
  transport::HttpRequest message{.method = std::move(request.method),
                                 .target = std::move(request.url),
                                 .headers = std::move(request.headers),
                                 .body = std::move(request.body)};
  Response response;
  const bool streams = dispatcher.body_use(message) == transport::BodyUse::kStream;
  OnePiece body{streams ? std::exchange(message.body, {}) : std::string{}};
  Collected writer{response};
  transport::HttpExchange exchange{
      .request = message, .response = response, .body = body, .writer = writer};
  const auto done = block_on(loop, dispatch, &dispatcher, &exchange);
  expects(done.has_value(), "a dispatcher turns every failure into a response");
  return writer.result();
}

}  // namespace

Response run_request(Router router, ClientRequest request, service::Layers outer) {
  hal::testing::ManualLoop loop;
  return run_on(loop, Dispatcher{std::move(router), std::move(outer)}, std::move(request));
}

Response run_request(service::testing::TestHost& host, Router router, ClientRequest request) {
  return run_on(host.loop(), Dispatcher{std::move(router), host.server_layers()},
                std::move(request));
}

Response get(Router router, std::string url, Headers headers) {
  return run_request(std::move(router), {.url = std::move(url), .headers = std::move(headers)});
}

Response post_json(Router router, std::string url, std::string body) {
  return run_request(std::move(router), {.method = "POST",
                                         .url = std::move(url),
                                         .headers = {{"content-type", "application/json"}},
                                         .body = std::move(body)});
}

}  // namespace hal::http::testing
