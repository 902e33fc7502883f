#include <hal/cli/collector_client.hpp>

#include <hal/app/node.hpp>
#include <hal/collector/jaeger_json_reader.hpp>
#include <hal/wire/query.hpp>

namespace hal::cli {
namespace {

Task<Result<std::vector<collector::Trace>>> get_traces(http::Client* client, std::string url) {
  const auto response = co_await or_return(client->get(url));
  // 400 and 404 say in Jaeger's JSON what is wrong.
  if (response.status == 200 || response.status == 400 || response.status == 404) {
    co_return collector::parse_traces(response.body);
  }
  co_return error(Code::kUnavailable, fmt::format("{} answered {}", url, response.status));
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
    co_return error(Code::kNotFound, fmt::format("{} has no trace {}", base_url, trace_id));
  }
  co_return std::move(found->front());
}

Task<Result<std::vector<collector::Trace>>> get_recent(http::Client* client, std::string base_url,
                                                       std::size_t limit) {
  co_return co_await get_traces(client, fmt::format("{}/api/traces?limit={}", base_url, limit));
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
  if (response.status != 200) {
    co_return error(Code::kUnavailable, fmt::format("{} answered {}", url, response.status));
  }
  co_return collector::parse_names(response.body);
}

}  // namespace hal::cli
