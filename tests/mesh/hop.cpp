// hal9000-mesh-hop: one service of a call chain. Calls others as HOP_CALLS says and answers with
// what came in and what they answered: {"service":..,"headers":{name:[value]},"called":[..]}, at
// GET /hop over HTTP, or greeter.Greeter/SayHello with this JSON in `rsp`.
#include <hal/app/app.hpp>
#include <hal/async/when_all.hpp>
#include <hal/http/client.hpp>
#include <hal/http/extract.hpp>
#include <hal/http/server.hpp>
#include <hal/rpc/server.hpp>
#include <hal/service/layers/trace/trace.hpp>

#include <greeter.hal.hpp>

#include <boost/json.hpp>

#include <atomic>

namespace hop {
namespace {

using hal::Code;
using hal::Result;
using hal::Task;
namespace http = hal::http;
namespace json = boost::json;

struct HopOptions {
  /// http or grpc.
  std::string hop_serves = "http";
  /// "http://host:port", or the name of a gRPC service.
  std::vector<std::string> hop_calls{};
  /// All calls together, instead of one after the other.
  bool hop_at_once = false;
  /// Calls of gRPC services may be sent again by the kit.
  bool hop_idempotent = false;
  /// So many requests are answered with UNAVAILABLE first.
  unsigned hop_refusals = 0;
  /// A URL that each request asks for outside its trace, as the kit asks a sidecar or a registry.
  std::string hop_probes{};
};
BOOST_DESCRIBE_STRUCT(HopOptions, (),
                      (hop_serves, hop_calls, hop_at_once, hop_idempotent, hop_refusals,
                       hop_probes))

/// Shared by all workers.
struct Hop {
  HopOptions options;
  std::string service;
  hal::App& app;
  http::Client client{app};
  http::Client own_client{
      app.network(), app.workers().size(), {std::make_shared<hal::layers::UntracedCall>()}};
  std::map<std::string, greeter::GreeterClient, std::less<>> greeters{};
  std::atomic<unsigned> refusals_left{options.hop_refusals};

  [[nodiscard]] bool refuses() {
    for (auto left = refusals_left.load(); left > 0;) {
      if (refusals_left.compare_exchange_weak(left, left - 1)) return true;
    }
    return false;
  }
};

json::object as_json(const hal::Headers& headers) {
  json::object fields;
  for (const auto& field : headers) {
    auto& values = fields.emplace(field.name, json::array{}).first->value().as_array();
    values.emplace_back(field.value);
  }
  return fields;
}

/// An answer that is no JSON stays the text it is.
json::value parse(const std::string& text) {
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  return failed ? json::value(text) : value;
}

Task<Result<json::value>> call_one(Hop* hop, std::string target) {
  if (target.starts_with("http://")) {
    const auto response = co_await or_return(hop->client.get(target + "/hop"));
    if (response.status != 200) {
      co_return hal::error(Code::kUnavailable, fmt::format("{}: {}", target, response.body));
    }
    co_return parse(response.body);
  }
  greeter::SayRequest request;
  request.set_msg(hop->service);
  const auto reply = co_await or_return(
      hop->greeters.at(target).say_hello(request, {.idempotent = hop->options.hop_idempotent}));
  co_return parse(reply.rsp());
}

Task<Result<json::array>> call_all(Hop* hop) {
  json::array answers;
  if (hop->options.hop_at_once) {
    const auto call = [hop](std::string target) { return call_one(hop, std::move(target)); };
    for (auto& answer : co_await or_return(hal::when_all(hop->options.hop_calls, call))) {
      answers.push_back(std::move(answer));
    }
    co_return answers;
  }
  for (const auto& target : hop->options.hop_calls) {
    answers.push_back(co_await or_return(call_one(hop, target)));
  }
  co_return answers;
}

Task<Result<std::string>> answer(Hop* hop, const hal::Headers* headers) {
  if (hop->refuses()) co_return hal::error(Code::kUnavailable, "refused, as HOP_REFUSALS says");
  if (!hop->options.hop_probes.empty()) {
    co_await or_return(hop->own_client.get(hop->options.hop_probes));
  }
  auto called = co_await or_return(call_all(hop));
  co_return json::serialize(json::object{
      {"service", hop->service}, {"headers", as_json(*headers)}, {"called", std::move(called)}});
}

Task<Result<http::Response>> get_hop(http::State<Hop> hop, const http::Request& request) {
  http::Response response;
  response.body = co_await or_return(answer(&*hop, &request.headers));
  response.headers.add("content-type", "application/json");
  co_return response;
}

class GrpcHop final : public greeter::GreeterService {
 public:
  explicit GrpcHop(Hop& hop) : hop_{hop} {}

  Task<Result<SayResp>> say_hello(SayRequest) override {
    const auto& call = co_await hal::rpc::server_call();
    SayResp reply;
    reply.set_rsp(co_await or_return(answer(&hop_, call.request_headers)));
    co_return reply;
  }

 private:
  Hop& hop_;
};

Task<Result<>> serve(hal::App& app) {
  Hop hop{.options = app.config<HopOptions>(), .service{app.service_name()}, .app = app};
  for (const auto& target : hop.options.hop_calls) {
    if (!target.starts_with("http://")) {
      hop.greeters.try_emplace(target, greeter::GreeterClient{app.channel(target)});
    }
  }
  if (hop.options.hop_serves == "http") {
    co_return co_await http::Server{app, http::Router{hop}.get("/hop", get_hop)}.run();
  }
  if (hop.options.hop_serves == "grpc") {
    GrpcHop service{hop};
    co_return co_await hal::rpc::Server{app}.add(service).run();
  }
  co_return hal::error(
      Code::kInvalidArgument,
      fmt::format("HOP_SERVES='{}': allowed is http or grpc", hop.options.hop_serves));
}

}  // namespace
}  // namespace hop

int main(int argc, char** argv) { return hal::run(argc, argv, hop::serve); }
