// The interop vectors of B3, W3C, x-request-id, baggage and others: how each spelling found in the
// field is read, and what goes on. tests/integration drives the same tables through sockets.
#include <hal/wire/trace_headers.hpp>

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <hal/base/ascii.hpp>
#include <hal/wire/testing/trace_table.hpp>

#include <map>
#include <set>

namespace hal::wire {
namespace {

using testing::Row;

Sampling sampling_of(const Row& row) {
  const std::map<std::string, Sampling> states{{"", Sampling::kDeferred},
                                               {"denied", Sampling::kDenied},
                                               {"accepted", Sampling::kAccepted},
                                               {"debug", Sampling::kDebug}};
  return states.at(row.sampling);
}

std::map<std::string, std::string> map_of(const Headers& headers) {
  std::map<std::string, std::string> all;
  for (const auto field : headers) {
    EXPECT_TRUE(all.emplace(field.name, field.value).second) << field.name << " goes out twice";
  }
  return all;
}

void check_extracted(const Row& row, const Extracted& got) {
  EXPECT_EQ(got.context.trace_id.hex(), row.trace.empty() ? std::string(32, '0') : row.trace);
  EXPECT_EQ(got.context.span_id.hex(), row.trace.empty() ? std::string(16, '0') : row.span);
  EXPECT_EQ(got.context.sampling, sampling_of(row));
  EXPECT_EQ(got.context.random, row.random);
  EXPECT_EQ(got.rejected ? to_string(*got.rejected) : "", row.rejected);
  EXPECT_EQ(got.forwarded.trace_state, row.state);
  EXPECT_EQ(got.forwarded.request_id, row.request_id);
  EXPECT_EQ(got.forwarded.baggage, row.baggage);
}

/// All that goes out for a context, built from the row: no header is missing, stale or sent twice.
void check_injected(const Row& row, const SpanContext& context, const Extracted& got) {
  Headers out = row.in;  // what an application that copies all headers would send
  for (const auto field : row.in) {
    if (!is_trace_header(field.name)) out.remove(field.name);
  }
  inject(context, got.forwarded, {}, out);
  auto expected = map_of(row.pass);
  const bool decided = context.sampling != Sampling::kDeferred;
  if (context.valid()) {
    expected["x-b3-traceid"] = context.trace_id.hex();
    expected["x-b3-spanid"] = context.span_id.hex();
    if (decided || got.forwarded.trace_parent_seen) {
      const int flags = (is_sampled(context.sampling) ? 1 : 0) + (context.random ? 2 : 0);
      expected["traceparent"] =
          fmt::format("00-{}-{}-0{}", context.trace_id.hex(), context.span_id.hex(), flags);
      if (!row.state.empty()) expected["tracestate"] = row.state;
    }
    if (row.in.contains("grpc-trace-bin")) {
      expected["grpc-trace-bin"] = write_grpc_trace_bin(context);
    }
  }
  if (decided) expected["x-b3-sampled"] = is_sampled(context.sampling) ? "1" : "0";
  if (context.sampling == Sampling::kDebug) expected["x-b3-flags"] = "1";
  if (!row.request_id.empty()) expected["x-request-id"] = row.request_id;
  if (!row.baggage.empty()) expected["baggage"] = row.baggage;
  // What cannot be read of these two is left to whoever made the outbound request.
  if (row.request_id.empty()) out.remove("x-request-id");
  if (row.baggage.empty()) out.remove("baggage");
  EXPECT_EQ(map_of(out), expected);
}

void check(const Row& row) {
  SCOPED_TRACE(row.kind + " " + row.name);
  const ExtractOptions options{.provider = row.provider};
  const Extracted got = extract(row.in, options);
  check_extracted(row, got);
  check_injected(row, got.context, got);
  // A span of this process: a child of what came in, or a root.
  SpanContext child = got.context;
  if (!child.valid()) child.trace_id = *TraceId::from_hex("7");
  child.span_id = *SpanId::from_hex("8");
  if (child.sampling == Sampling::kDeferred) child.sampling = Sampling::kAccepted;
  check_injected(row, child, got);

  const Extracted off = extract_request_id(row.in, options);
  EXPECT_EQ(off.context, SpanContext{});
  EXPECT_EQ(off.rejected, std::nullopt);
  EXPECT_EQ(off.forwarded.request_id, row.request_id);
  EXPECT_EQ(off.trace_headers_seen, got.trace_headers_seen);
  EXPECT_EQ(off.b3_seen, got.b3_seen);
  EXPECT_TRUE(off.forwarded.baggage.empty() && off.forwarded.pass_through.empty());
}

TEST(Vectors, EveryRow) {
  const auto rows = testing::read_rows(HAL_TESTDATA "/trace-vectors.json");
  std::set<int> numbers;
  for (const Row& row : rows) {
    check(row);
    numbers.insert(parse_int<int>(row.name.substr(0, row.name.find(' '))).value_or(0));
  }
  for (int number = 1; number <= 34; ++number) EXPECT_TRUE(numbers.contains(number)) << number;
}

TEST(Vectors, EveryRowOfW3c) {
  const auto rows = testing::read_rows(HAL_TESTDATA "/w3c-vectors.json");
  std::set<std::string> kinds;
  for (const Row& row : rows) {
    check(row);
    kinds.insert(row.kind);
  }
  EXPECT_EQ(kinds.size(), 41u);
}

}  // namespace
}  // namespace hal::wire
