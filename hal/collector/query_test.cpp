#include <hal/collector/query.hpp>

#include <gmock/gmock.h>

namespace hal::collector {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using Parameters = std::vector<std::pair<std::string, std::string>>;

constexpr std::uint64_t kNow = 1'700'000'000'000'000'000;
constexpr std::uint64_t kHour = 3'600'000'000'000;

Result<TraceQuery> parse(const Parameters& parameters) {
  return parse_trace_query(parameters, kNow);
}

TEST(TraceQuery, NothingAsksForTheLastTwenty) {
  const auto query = parse({});
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->limit, 20U);
  EXPECT_EQ(query->filter.service, std::nullopt);
  EXPECT_EQ(query->filter.start_min_unix_ns, std::nullopt);
}

TEST(TraceQuery, ReadsWhatJaegersPageSends) {
  const auto query = parse({{"end", "1700000000000000"},
                            {"limit", "50"},
                            {"lookback", "1h"},
                            {"maxDuration", "1.5s"},
                            {"minDuration", "200us"},
                            {"operation", "GET /"},
                            {"service", "api"},
                            {"start", "1699996400000000"},
                            {"tags", R"({"error":"true","http.response.status_code":503})"}});
  ASSERT_TRUE(query.has_value()) << query.error().to_string();
  EXPECT_EQ(query->limit, 50U);
  EXPECT_EQ(query->filter.service, "api");
  EXPECT_EQ(query->filter.operation, "GET /");
  EXPECT_EQ(query->filter.start_max_unix_ns, kNow);
  EXPECT_EQ(query->filter.start_min_unix_ns, kNow - kHour);
  EXPECT_EQ(query->filter.duration_min_ns, 200'000U);
  EXPECT_EQ(query->filter.duration_max_ns, 1'500'000'000U);
  EXPECT_THAT(query->filter.tags,
              ElementsAre(Pair("error", "true"), Pair("http.response.status_code", "503")));
}

TEST(TraceQuery, LookbackCountsBackFromEndOrNow) {
  EXPECT_EQ(parse({{"lookback", "2h"}})->filter.start_min_unix_ns, kNow - 2 * kHour);
  EXPECT_EQ(parse({{"lookback", "1d"}, {"end", "1600000000000000"}})->filter.start_min_unix_ns,
            1'600'000'000'000'000'000 - 24 * kHour);
  EXPECT_EQ(parse({{"lookback", "custom"}})->filter.start_min_unix_ns, std::nullopt);
}

TEST(TraceQuery, TagsAndIdsMayRepeat) {
  const auto query =
      parse({{"tag", "user:ww"}, {"tag", "url:http://x"}, {"traceID", "AB"}, {"traceID", "cd"}});
  ASSERT_TRUE(query.has_value());
  EXPECT_THAT(query->filter.tags, ElementsAre(Pair("user", "ww"), Pair("url", "http://x")));
  EXPECT_THAT(query->ids, ElementsAre(*TraceId::from_hex("ab"), *TraceId::from_hex("cd")));
}

TEST(TraceQuery, EmptyAndUnknownParametersDoNothing) {
  const auto query = parse({{"service", ""}, {"minDuration", ""}, {"raw", "true"}});
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->filter.service, std::nullopt);
}

TEST(TraceQuery, Durations) {
  const std::vector<std::pair<std::string, std::uint64_t>> cases{{"5ns", 5},
                                                                 {"1us", 1'000},
                                                                 {"1µs", 1'000},
                                                                 {"1.25ms", 1'250'000},
                                                                 {"1m30s", 90'000'000'000},
                                                                 {"2d", 48 * kHour}};
  for (const auto& [text, ns] : cases) {
    EXPECT_EQ(parse({{"minDuration", text}})->filter.duration_min_ns, ns) << text;
  }
}

TEST(TraceQuery, RefusalsNameTheParameterTheValueAndTheRule) {
  const std::string duration = " must be a duration such as 1.5s, 200ms or 1h30m";
  const std::string tags = " must be a JSON object of texts such as {\"error\":\"true\"}";
  const std::string limit = " must be a number from 1 to 100000";
  const std::string time = " must be a time in microseconds since 1970";
  const std::vector<std::pair<Parameters, std::string>> cases{
      {{{"limit", "0"}}, "limit=\"0\"" + limit},
      {{{"limit", "-1"}}, "limit=\"-1\"" + limit},
      {{{"limit", "many"}}, "limit=\"many\"" + limit},
      {{{"limit", "100001"}}, "limit=\"100001\"" + limit},
      {{{"minDuration", "5"}}, "minDuration=\"5\"" + duration},
      {{{"minDuration", "s"}}, "minDuration=\"s\"" + duration},
      {{{"maxDuration", "-1s"}}, "maxDuration=\"-1s\"" + duration},
      {{{"maxDuration", "1.2.3s"}}, "maxDuration=\"1.2.3s\"" + duration},
      {{{"maxDuration", "1000000d"}}, "maxDuration=\"1000000d\"" + duration},
      {{{"lookback", "1w"}}, "lookback=\"1w\"" + duration},
      {{{"start", "yesterday"}}, "start=\"yesterday\"" + time},
      {{{"end", "99999999999999999999"}}, "end=\"99999999999999999999\"" + time},
      {{{"tags", "error=true"}}, "tags=\"error=true\"" + tags},
      {{{"tags", "[]"}}, "tags=\"[]\"" + tags},
      {{{"tags", R"({"a":{}})"}}, R"(tags="{"a":{}}")" + tags},
      {{{"tag", "error"}}, "tag=\"error\" must be key:value"},
      {{{"tag", ":x"}}, "tag=\":x\" must be key:value"},
      {{{"traceID", "last"}}, "traceID=\"last\" must be 1-32 hexadecimal digits, not all zero"},
      {{{"traceID", "0"}}, "traceID=\"0\" must be 1-32 hexadecimal digits, not all zero"},
      {{{"start", "2"}, {"end", "1"}}, "start is after end"},
      {{{"minDuration", "2s"}, {"maxDuration", "1s"}}, "minDuration is longer than maxDuration"},
  };
  for (const auto& [parameters, message] : cases) {
    const auto query = parse(parameters);
    ASSERT_FALSE(query.has_value()) << message;
    EXPECT_EQ(query.error().code(), Code::kInvalidArgument);
    EXPECT_EQ(query.error().message(), message);
  }
}

}  // namespace
}  // namespace hal::collector
