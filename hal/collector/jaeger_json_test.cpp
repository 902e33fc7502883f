#include <hal/collector/jaeger_json.hpp>

#include <limits>

#include <gmock/gmock.h>
#include <boost/json.hpp>

#include <hal/collector/jaeger_json_reader.hpp>
#include <hal/collector/testing/traces.hpp>

namespace hal::collector {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::hello_trace;
using testing::make_span;
using testing::make_trace;

std::string json_of(const Trace& trace) { return traces_json({&trace, 1}); }

/// A trace that uses all that the format can say.
Trace full_trace() {
  Trace trace = hello_trace();
  Span& span = trace.spans[2];
  span.status = SpanStatus::kError;
  span.status_message = "no \"luck\"\n";
  span.trace_state = "a=1";
  span.attributes = {{"text", "x\u00e9"},    {"yes", true},
                     {"count", -7L},         {"ratio", 0.5},
                     {"big", INT64_MAX},     {"raw", Bytes{std::string("\0\1\2\3", 4)}},
                     {"one", Bytes{"\xff"}}, {"two", Bytes{"ab"}}};
  span.events = {{testing::kTraceStartNs + 1000, "retry", {{"attempt", 2L}}},
                 {testing::kTraceStartNs + 2000, "", {{"message", "x"}}}};
  span.links = {{*TraceId::from_hex("77"), *SpanId::from_hex("8")}};
  trace.spans[1].status = SpanStatus::kOk;
  span.resource = std::make_shared<Resource>("hal9000-greeter",
                                             std::vector<Attribute>{{"k8s.pod.name", "greeter-1"}});
  return trace;
}

TEST(TracesJson, NoTraces) {
  EXPECT_EQ(traces_json({}), R"({"data":[],"total":0,"limit":0,"offset":0,"errors":null})");
}

TEST(TracesJson, OneSpanExactly) {
  Span span = make_span({.id = "a2",
                         .parent = "a1",
                         .name = "GET /",
                         .kind = SpanKind::kServer,
                         .start_us = 1,
                         .duration_us = 250,
                         .error = "refused"});
  span.attributes = {{"http.response.status_code", 503L}};
  span.events = {{testing::kTraceStartNs + 5'999, "retry", {}}};
  span.scope = std::make_shared<Instrumentation>("hal", "0.1");
  span.dropped_attributes = 3;
  Trace trace{.id = span.trace_id, .spans = {span}};
  EXPECT_EQ(json_of(trace),
            R"({"data":[{"traceID":"4bf92f3577b34da6a3ce929d0e0e4736","spans":[)"
            R"({"traceID":"4bf92f3577b34da6a3ce929d0e0e4736","spanID":"00000000000000a2",)"
            R"("operationName":"GET /","references":[{"refType":"CHILD_OF",)"
            R"("traceID":"4bf92f3577b34da6a3ce929d0e0e4736","spanID":"00000000000000a1"}],)"
            R"("startTime":1700000000000001,"duration":250,"tags":[)"
            R"({"key":"otel.scope.name","type":"string","value":"hal"},)"
            R"({"key":"otel.scope.version","type":"string","value":"0.1"},)"
            R"({"key":"http.response.status_code","type":"int64","value":503},)"
            R"({"key":"span.kind","type":"string","value":"server"},)"
            R"({"key":"otel.status_code","type":"string","value":"ERROR"},)"
            R"({"key":"error","type":"bool","value":true},)"
            R"({"key":"otel.status_description","type":"string","value":"refused"}],)"
            R"("logs":[{"timestamp":1700000000000005,"fields":[)"
            R"({"key":"event","type":"string","value":"retry"}]}],)"
            R"("processID":"p1","warnings":["3 attributes dropped"]}],)"
            R"("processes":{"p1":{"serviceName":"hal9000-api","tags":[]}},"warnings":null}],)"
            R"("total":0,"limit":0,"offset":0,"errors":null})");
}

TEST(TracesJson, EqualResourcesAreOneProcess) {
  const auto json = boost::json::parse(json_of(hello_trace()));
  const auto& trace = json.at("data").at(0);
  EXPECT_EQ(trace.at("processes").as_object().size(), 2U);
  EXPECT_EQ(trace.at("spans").at(1).at("processID"), "p1");
  EXPECT_EQ(trace.at("spans").at(2).at("processID"), "p2");
  EXPECT_EQ(trace.at("processes").at("p2").at("serviceName"), "hal9000-greeter");
}

TEST(TracesJson, WhatJsonCannotSayIsText) {
  Trace trace = make_trace({{.id = "1", .name = "\xff\x01"}});
  trace.spans[0].attributes = {{"nan", std::numeric_limits<double>::quiet_NaN()}};
  const auto json = boost::json::parse(json_of(trace));
  const auto& span = json.at("data").at(0).at("spans").at(0);
  EXPECT_EQ(span.at("tags").at(0).at("value"), "nan");
  EXPECT_EQ(span.at("operationName"), "\xEF\xBF\xBD\x01");
}

TEST(TracesJson, AnErrorAttributeStaysTheOnlyOne) {
  Trace trace = make_trace({{.id = "1", .error = "x"}});
  trace.spans[0].attributes = {{"error", "timeout"}};
  EXPECT_THAT(json_of(trace), ::testing::Not(HasSubstr(R"("key":"error","type":"bool")")));
}

TEST(OtherJson, NamesOperationsAndErrors) {
  const std::vector<std::string> names{"api", "gre\"eter"};
  EXPECT_EQ(names_json(names),
            R"({"data":["api","gre\"eter"],"total":2,"limit":0,"offset":0,"errors":null})");
  const std::vector<Operation> operations{{"GET /", SpanKind::kServer}, {"x", {}}};
  EXPECT_EQ(operations_json(operations),
            R"({"data":[{"name":"GET /","spanKind":"server"},{"name":"x","spanKind":""}],)"
            R"("total":2,"limit":0,"offset":0,"errors":null})");
  EXPECT_EQ(error_json(404, "trace not found"),
            R"({"data":null,"total":0,"limit":0,"offset":0,)"
            R"("errors":[{"code":404,"msg":"trace not found"}]})");
}

TEST(ParseTraces, IsTheReverseOfTracesJson) {
  const std::vector<Trace> written{full_trace(), hello_trace("abc")};
  const auto read = parse_traces(traces_json(written));
  ASSERT_TRUE(read.has_value()) << read.error().to_string();
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[1].id, written[1].id);
  // Equal in every field that the format has: then the texts are equal too.
  EXPECT_EQ(traces_json(*read), traces_json(written));
  const Span& span = (*read)[0].spans[2];
  const Span& original = written[0].spans[2];
  EXPECT_EQ(span.attributes, original.attributes);
  EXPECT_EQ(span.events, original.events);
  EXPECT_EQ(span.links, original.links);
  EXPECT_EQ(span.kind, SpanKind::kServer);
  EXPECT_EQ(span.status, SpanStatus::kError);
  EXPECT_EQ(span.status_message, original.status_message);
  EXPECT_EQ(*span.resource, *original.resource);
}

TEST(ParseTraces, TakesWhatAnOlderJaegerSends) {
  const auto read = parse_traces(R"({"data":[{"traceID":"48485a3953bb6124","spans":[
    {"traceID":"48485a3953bb6124","spanID":"2","parentSpanID":"1","flags":1,
     "operationName":"HTTP GET","startTime":1700000000000000,"duration":1200,"processID":"p9",
     "tags":[{"key":"sampler.param","type":"float64","value":1},
             {"key":"http.status_code","type":"int64","value":"500"},
             {"key":"error","type":"string","value":"true"},{"key":"no value"},7],
     "logs":null,"warnings":["clock skew"],"process":{"serviceName":"x"}},
    {"traceID":"48485a3953bb6124","spanID":"1"}],
    "processes":null,"warnings":["late"]}],"total":0,"errors":null})");
  ASSERT_TRUE(read.has_value()) << read.error().to_string();
  const Trace& trace = read->front();
  EXPECT_EQ(trace.id.hex(), "000000000000000048485a3953bb6124");
  EXPECT_THAT(trace.warnings, ElementsAre("late", "span 0000000000000002: clock skew"));
  ASSERT_EQ(trace.spans.size(), 2U);
  const Span& span = trace.spans[1];
  EXPECT_EQ(span.parent_id, *SpanId::from_hex("1"));
  EXPECT_EQ(span.duration_ns(), 1'200'000U);
  EXPECT_EQ(span.status, SpanStatus::kError);
  EXPECT_EQ(span.service(), kUnknownService);
  EXPECT_THAT(span.attributes,
              ElementsAre(Attribute{"sampler.param", 1.0}, Attribute{"http.status_code", 500L}));
  EXPECT_TRUE(trace.spans[0].is_root());
  EXPECT_EQ(trace.spans[0].start_unix_ns, 0U);
}

TEST(ParseTraces, AParentOfAnotherTraceIsALink) {
  const auto read = parse_traces(R"({"data":[{"traceID":"a","spans":[{"traceID":"a","spanID":"1",
    "references":[{"refType":"CHILD_OF","traceID":"b","spanID":"2"},
                  {"refType":"CHILD_OF","traceID":"a","spanID":"3"},
                  {"refType":"FOLLOWS_FROM","traceID":"a","spanID":"4"}]}]}]})");
  ASSERT_TRUE(read.has_value());
  const Span& span = read->front().spans.front();
  EXPECT_EQ(span.parent_id, *SpanId::from_hex("3"));
  EXPECT_EQ(span.links.size(), 2U);
}

TEST(ParseTraces, EmptyListsAndErrors) {
  EXPECT_TRUE(parse_traces(traces_json({}))->empty());
  EXPECT_TRUE(parse_traces(R"({"data":null})")->empty());
  const std::vector<std::tuple<std::string, Code, std::string>> cases{
      {error_json(404, "trace not found"), Code::kNotFound, "trace not found"},
      {error_json(400, "bad id"), Code::kInvalidArgument, "bad id"},
      {error_json(500, "disk full"), Code::kUnavailable, "disk full"},
      {R"({"data":[],"errors":[{}]})", Code::kUnavailable,
       "the trace backend failed without a reason"},
  };
  for (const auto& [json, code, message] : cases) {
    const auto read = parse_traces(json);
    ASSERT_FALSE(read.has_value()) << json;
    EXPECT_EQ(read.error(), Status(code, message));
  }
}

TEST(ParseTraces, SaysWhatIsWrongWhere) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"<html>", "it begins with \"<html>\""},
      {"", "not JSON"},
      {"[]", "not one of Jaeger's query API"},
      {"{}", "the answer has no \"data\""},
      {R"({"data":[7]})", "data[0]: must be an object"},
      {R"({"data":[{"traceID":"xyz","spans":[]}]})",
       "data[0].traceID: must be 1-32 hexadecimal digits"},
      {R"({"data":[{"traceID":"1"}]})", "data[0].spans: must be a list"},
      {R"({"data":[{"traceID":"1","spans":[null]}]})", "data[0].spans[0]: must be an object"},
      {R"({"data":[{"traceID":"1","spans":[{"traceID":"1"}]}]})",
       "data[0].spans[0].spanID: must be 1-16 hexadecimal digits"},
      {R"({"data":[{"traceID":"1","spans":[{"traceID":"1","spanID":"2","references":[
         {"refType":"CHILD_OF","traceID":"1"}]}]}]})",
       "data[0].spans[0].references[0]: traceID \"1\" and spanID \"\" must be hexadecimal"},
  };
  for (const auto& [json, message] : cases) {
    const auto read = parse_traces(json);
    ASSERT_FALSE(read.has_value()) << json;
    EXPECT_EQ(read.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(read.error().message(), HasSubstr(message));
  }
}

TEST(ParseTraces, DeepNestingIsRefused) {
  EXPECT_FALSE(parse_traces(std::string(100'000, '[')).has_value());
}

TEST(ParseTraces, EveryCutAnswerIsAnError) {
  const std::string json = json_of(full_trace());
  for (std::size_t size = 0; size < json.size(); ++size) {
    EXPECT_FALSE(parse_traces(json.substr(0, size)).has_value()) << size;
  }
}

TEST(ParseNames, ReadsNamesAndRefusesOthers) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(*parse_names(names_json(Names{"a", "b \"c\""})), (Names{"a", "b \"c\""}));
  EXPECT_TRUE(parse_names(R"({"data":null})")->empty());
  EXPECT_EQ(parse_names(R"({"data":["a",1]})").error().message(), "data[1]: must be a text");
  EXPECT_EQ(parse_names(error_json(404, "gone")).error(), Status(Code::kNotFound, "gone"));
  EXPECT_FALSE(parse_names("<html>").has_value());
}

}  // namespace
}  // namespace hal::collector
