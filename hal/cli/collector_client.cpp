#include <hal/cli/collector_client.hpp>

#include <hal/app/node.hpp>
#include <hal/collector/jaeger_json_reader.hpp>
#include <hal/wire/query.hpp>
#include <hal/wire/url.hpp>

#include <algorithm>
#include <functional>
#include <iterator>

namespace hal::cli {
namespace {

/// As which Jaeger 2 and 1 trace who looks at their pages.
bool is_jaegers_own(std::string_view service) {
  return service == "jaeger" || service == "jaeger-query";
}

/// What was read of an answer; of one that is no success, its reason if it gives one.
template <class T>
Result<T> checked(std::string_view url, const http::Response& response, Result<T> read) {
  // 400 and 404 say in Jaeger's JSON what is wrong with the question.
  const bool is_json = response.body.starts_with('{');
  const bool is_reason = is_json && (response.status == 400 || response.status == 404);
  if (is_reason || (response.status == 200 && (read || is_json))) return read;
  auto message = fmt::format("{} answered {}", wire::shown_url(url), response.status);
  if (is_json && !read) message += fmt::format(": {}", read.error().message());
  // Jaeger's page, which it has for all other paths.
  if (response.body.starts_with('<')) {
    message += " with a page, no JSON: is the URL's path missing, as in http://host:16686/jaeger?";
  }
  return error(Code::kUnavailable, std::move(message));
}

Task<Result<std::vector<collector::Trace>>> get_traces(http::Client* client, std::string url) {
  const auto response = co_await or_return(client->get(url));
  co_return checked(url, response, collector::parse_traces(response.body));
}

/// Of the traces that are named first for each service, the one that started last: a backend may
/// name them in another order.
Task<Result<std::vector<collector::Trace>>> get_last_of_services(http::Client* client,
                                                                 std::string base_url) {
  std::vector<collector::Trace> last;
  auto services = co_await or_return(get_services(client, base_url));
  for (auto& service : services) {
    const wire::QueryPairs query{{"service", std::move(service)}, {"limit", "20"}};
    auto found = co_await or_return(
        get_traces(client, fmt::format("{}/api/traces?{}", base_url, wire::format_query(query))));
    last.insert(last.end(), std::move_iterator{found.begin()}, std::move_iterator{found.end()});
    std::ranges::sort(last, std::ranges::greater{}, &collector::Trace::start_unix_ns);
    last.resize(std::min<std::size_t>(last.size(), 1));
  }
  co_return last;
}

}  // namespace

Task<Result<std::string>> find_collector(Session* session, std::string configured_url) {
  if (!configured_url.empty()) {
    while (configured_url.ends_with('/')) configured_url.pop_back();
    co_return configured_url;
  }
  auto nodes = co_await session->discovery().resolve(std::string{app::kCollectorService});
  if (nodes) {
    const auto& metadata = nodes->front().metadata;
    if (const auto url = metadata.find(app::kQueryMetadata); url != metadata.end()) {
      co_return url->second;
    }
  }
  co_return error(Code::kUnavailable,
                  "no collector runs on this machine: start `hal up` or `hal collector`, or name "
                  "one in HAL_COLLECTOR_URL (http://host:16686)");
}

Task<Result<collector::Trace>> get_trace(http::Client* client, std::string base_url,
                                         std::string trace_id) {
  auto found = co_await get_traces(client, fmt::format("{}/api/traces/{}", base_url, trace_id));
  if (!found && found.error().code() != Code::kNotFound) co_return error(std::move(found.error()));
  if (!found || found->empty()) {
    co_return error(Code::kNotFound,
                    fmt::format("{} has no trace {}", wire::shown_url(base_url), trace_id));
  }
  co_return std::move(found->front());
}

Task<Result<std::vector<collector::Trace>>> get_recent(http::Client* client, std::string base_url,
                                                       std::size_t limit) {
  co_return co_await get_traces(client, fmt::format("{}/api/traces?limit={}", base_url, limit));
}

Task<Result<collector::Trace>> get_last(http::Client* client, std::string base_url) {
  auto traces = co_await get_recent(client, base_url, 1);
  if (!traces && traces.error().code() == Code::kInvalidArgument) {
    traces = co_await get_last_of_services(client, base_url);
  }
  if (!traces) co_return error(std::move(traces.error()));
  if (traces->empty()) {
    co_return error(Code::kNotFound,
                    fmt::format("{} has no traces yet", wire::shown_url(base_url)));
  }
  co_return std::move(traces->front());
}

Task<Result<std::vector<collector::Trace>>> search_traces(http::Client* client,
                                                          std::string base_url,
                                                          TraceSearch search) {
  wire::QueryPairs query{{"start", std::to_string(search.start_us)},
                         {"end", std::to_string(search.end_us)},
                         {"limit", std::to_string(search.limit)}};
  if (!search.service.empty()) query.emplace_back("service", search.service);
  co_return co_await get_traces(
      client, fmt::format("{}/api/traces?{}", base_url, wire::format_query(query)));
}

Task<Result<std::vector<std::string>>> get_services(http::Client* client, std::string base_url) {
  const auto url = base_url + "/api/services";
  const auto response = co_await or_return(client->get(url));
  auto names = checked(url, response, collector::parse_names(response.body));
  if (names) std::erase_if(*names, is_jaegers_own);
  co_return names;
}

}  // namespace hal::cli
