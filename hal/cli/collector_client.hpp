// Asks a collector, or Jaeger, for traces.
#pragma once

#include <hal/cli/session.hpp>
#include <hal/cli/trace_pages.hpp>
#include <hal/collector/span.hpp>
#include <hal/http/client.hpp>

#include <string>
#include <vector>

namespace hal::cli {

/// The query API's base URL: HAL_COLLECTOR_URL, else the collector in the local registry.
/// kUnavailable that says how to have one.
Task<Result<std::string>> find_collector(Session* session, std::string configured_url);

/// One trace; kNotFound when the collector does not have it.
Task<Result<collector::Trace>> get_trace(http::Client* client, std::string base_url,
                                         std::string trace_id);
/// The newest traces of a collector, the newest first; kInvalidArgument of Jaeger, which does not
/// search without a service.
Task<Result<std::vector<collector::Trace>>> get_recent(http::Client* client, std::string base_url,
                                                       std::size_t limit);
/// The newest trace; of Jaeger, the newest of the 20 that it names first for each service.
/// kNotFound when there is none.
Task<Result<collector::Trace>> get_last(http::Client* client, std::string base_url);
/// The traces that a search finds; which and in what order, when there are more than its limit, is
/// the backend's affair.
Task<Result<std::vector<collector::Trace>>> search_traces(http::Client* client,
                                                          std::string base_url, TraceSearch search);
/// All services that have spans, but for Jaeger itself.
Task<Result<std::vector<std::string>>> get_services(http::Client* client, std::string base_url);

}  // namespace hal::cli
