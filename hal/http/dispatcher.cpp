#include <hal/http/dispatcher.hpp>

#include <hal/async/loop.hpp>
#include <hal/async/scope.hpp>
#include <hal/http/path.hpp>
#include <hal/service/http_status.hpp>
#include <hal/service/refusals.hpp>
#include <hal/telemetry/log.hpp>

namespace hal::http {
namespace {

std::string allow_value(std::set<std::string_view> methods) {
  methods.insert("OPTIONS");
  return fmt::format("{}", fmt::join(methods, ", "));
}

/// The outcome of the call as an HTTP status. A status that a layer has set after the handler's
/// success counts by its code.
int status_of(const service::Call& call) {
  return call.http_status >= 400 ? call.http_status : service::http_status_of(call.status.code());
}

}  // namespace

void set_error_for(const Headers& request, Response& response, const ErrorKind& kind,
                   std::string_view message) {
  response.headers.add("vary", "accept-language");
  set_error(response, kind, message,
            preferred_language(request.joined("accept-language").value_or("")));
}

void count_refusal(service::Refusals* refusals, int http_status, std::string_view why,
                   const net::Endpoint& peer) {
  const Context* const context = current_context();
  if (refusals == nullptr || context == nullptr) return;
  refusals->refused({.http_status = http_status, .why = why, .peer = net::to_string(peer)},
                    context->loop->now());
}

/// The innermost handler: the route's, or what a router answers by itself.
class Dispatcher::Terminal final : public service::Terminal {
 public:
  Terminal(const Dispatcher& dispatcher, const RouteTree::Found& found, const Request& request,
           const transport::HttpExchange& streams, service::Call& call)
      : dispatcher_{dispatcher},
        route_{found.index == RouteTree::npos ? nullptr
                                              : &dispatcher.router_.routes()[found.index]},
        exchange_{.request = request,
                  .response = streams.response,
                  .call = call,
                  .route = route_ == nullptr ? kNoRoute : route_->info,
                  .values = {found.values.data(), found.count},
                  .streams = &streams} {}

  Task<> run(service::Call& call) override {
    co_await (route_ != nullptr ? route_->handler(exchange_) : run_without_route());
    // Inside the layers, so that the line has the ids of the trace.
    if (!call.status.ok() && status_of(call) >= 500) {
      log::warn("{} {}: {}", call.method, call.path, call.status.to_string());
    }
  }

 private:
  inline static const RouteInfo kNoRoute{};

  Task<> run_without_route() {
    const Request& request = exchange_.request;
    auto methods = dispatcher_.tree_.methods(request.path);
    if (methods.empty() && request.path != "*") {
      exchange_.fail({404, {Code::kNotFound, fmt::format("no route for {}", request.path)}});
      co_return;
    }
    exchange_.response.headers.add("allow", allow_value(std::move(methods)));
    if (request.method == "OPTIONS") {
      exchange_.response.status = exchange_.call.http_status = 204;
      co_return;
    }
    exchange_.fail({405,
                    {Code::kUnimplemented,
                     fmt::format("{} does not answer to {}", request.path, request.method)}});
  }

  const Dispatcher& dispatcher_;
  const Router::Route* route_;
  Exchange exchange_;
};

Dispatcher::Dispatcher(Router router, service::Layers outer)
    : router_{std::move(router)},
      layers_{router_.trace() ? layers::with_trace(std::move(outer), *router_.trace())
                              : std::move(outer)} {
  layers_.insert(layers_.end(), router_.layers().begin(), router_.layers().end());
  for (const auto& route : router_.routes()) {
    tree_.add(route.info.method, route.info.pattern, route_layers_.size());
    auto& all = route_layers_.emplace_back(layers_);
    all.insert(all.end(), route.layers.begin(), route.layers.end());
  }
}

const service::Layers& Dispatcher::layers_of(std::size_t route) const {
  return route == RouteTree::npos ? layers_ : route_layers_[route];
}

transport::BodyUse Dispatcher::body_use(const transport::HttpRequest& head) const {
  const auto target = parse_target(head.method, head.target);
  if (!target) return transport::BodyUse::kStream;
  const auto found = tree_.find(head.method, target->path);
  if (found.index == RouteTree::npos) return transport::BodyUse::kStream;
  return router_.routes()[found.index].handler.reads_body() ? transport::BodyUse::kStream
                                                            : transport::BodyUse::kWhole;
}

Task<> Dispatcher::run(transport::HttpExchange& exchange, const net::Endpoint& peer,
                       std::string_view scheme, service::Refusals* refusals) const {
  transport::HttpRequest& message = exchange.request;
  Response& response = exchange.response;
  const auto target = parse_target(message.method, message.target);
  if (!target) {
    // Not a path: there is nothing that a layer could say about it.
    const Failure& why = target.error();
    count_refusal(refusals, why.http_status, why.status.message(), peer);
    set_error_for(message.headers, response, error_kind(why.http_status), why.status.message());
    co_return;
  }
  const Request request{.method = message.method,
                        .path = target->path,
                        .query = target->query,
                        .headers = message.headers,
                        .body = message.body};
  const auto found = tree_.find(request.method, request.path);
  service::Call call{.kind = service::Kind::kServer,
                     .protocol = service::Protocol::kHttp,
                     .method = request.method,
                     .path = request.path,
                     .query = request.query,
                     .scheme = scheme,
                     .peer_host = peer.host,
                     .peer_port = peer.port,
                     .request_headers = &message.headers,
                     .response_headers = &response.headers};
  if (found.index != RouteTree::npos) {
    const auto& route = router_.routes()[found.index];
    call.route = route.info.pattern;
    call.default_timeout = route.timeout ? route.timeout : router_.timeout();
  }

  auto& promise = co_await hal::detail::this_promise();
  Context& outer = promise.context();
  Context context = outer;
  context.call = &call;
  promise.use_context(context);
  Terminal terminal{*this, found, request, exchange, call};
  try {
    co_await service::Next{layers_of(found.index), terminal}(call);
  } catch (...) {
    promise.enter();
    log::error("{} {} threw: {}", call.method, call.path, status_of_current_exception().message());
    call.status = {Code::kInternal, "internal error"};
    call.http_status = 500;
  }
  promise.use_context(outer);
  if (call.status.ok()) co_return;
  if (exchange.writer.started()) {
    exchange.writer.abandon();
  } else {
    const ErrorKind kind = error_kind(status_of(call), call.status.code());
    set_error_for(message.headers, response, kind,
                  message_for_clients(kind, call.status.message()));
  }
}

}  // namespace hal::http
