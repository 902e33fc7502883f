#include <hal/app/trace_setup.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hal::app {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;
using telemetry::Mode;

Result<TraceSetup> set_up(Variables variables, std::string_view local_collector = "") {
  const config::Source source{config::Environment{std::move(variables)}, config::Arguments{}};
  auto traces = config::read<TraceVariables>(source);
  if (!traces) return error(std::move(traces.error()));
  auto exports = config::read<ExportVariables>(source);
  if (!exports) return error(std::move(exports.error()));
  return set_up_traces(*traces, *exports, "hal9000-api", local_collector);
}

struct Case {
  Variables variables;
  std::string local_collector;
  Mode mode;
  std::string endpoint;
};

TEST(TraceSetup, ChoosesModeAndEndpoint) {
  const std::vector<Case> cases{
      {{}, "", Mode::kForward, ""},
      {{}, "http://127.0.0.1:4318", Mode::kFull, "http://127.0.0.1:4318/v1/traces"},
      {{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/"}},
       "",
       Mode::kFull,
       "http://c:4318/v1/traces"},
      {{{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:4318/in"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://other"}},
       "http://127.0.0.1:4318",
       Mode::kFull,
       "http://c:4318/in"},
      {{{"TRACE_URL", "http://c:4318"}}, "", Mode::kFull, "http://c:4318/v1/traces"},
      {{{"TRACE_URL", "http://c/otlp/v1/traces"}}, "", Mode::kFull, "http://c/otlp/v1/traces"},
      {{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}, {"HAL_TRACE_MODE", "forward"}},
       "",
       Mode::kForward,
       ""},
      {{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}, {"OTEL_TRACES_EXPORTER", "none"}},
       "",
       Mode::kForward,
       ""},
      {{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}, {"ENABLE_TRACE", "false"}},
       "",
       Mode::kOff,
       ""},
      {{{"OTEL_SDK_DISABLED", "true"}}, "http://127.0.0.1:4318", Mode::kForward, ""},
  };
  for (const auto& each : cases) {
    const auto setup = set_up(each.variables, each.local_collector);
    ASSERT_TRUE(setup.has_value()) << setup.error().to_string();
    EXPECT_EQ(setup->mode.mode, each.mode) << setup->mode.reason;
    EXPECT_EQ(setup->exporting.endpoint, each.endpoint) << setup->mode.reason;
  }
}

TEST(TraceSetup, RefusesWithVariableValueAndRule) {
  const std::vector<std::pair<Variables, std::string>> cases{
      {{{"HAL_TRACE_MODE", "half"}}, "HAL_TRACE_MODE='half'"},
      {{{"TRACE_URL", "nonsense"}}, "TRACE_URL='nonsense'"},
      {{{"OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://c"}}, "OTEL_EXPORTER_OTLP_ENDPOINT='ftp://c/"},
      {{{"OTEL_TRACES_EXPORTER", "console"}},
       "OTEL_TRACES_EXPORTER='console': allowed is one of otlp, zipkin, none"},
      {{{"OTEL_PROPAGATORS", "tracecontext,jaegr"}},
       "OTEL_PROPAGATORS='jaegr': allowed is a list of tracecontext, baggage, b3multi, b3, jaeger"},
      {{{"OTEL_PROPAGATORS", "none,b3"}}, "OTEL_PROPAGATORS='none': allowed is none alone"},
      {{{"OTEL_TRACES_SAMPLER", "sometimes"}}, "sometimes"},
      {{{"HAL_MESH_PROVIDER", "linkerd"}}, "HAL_MESH_PROVIDER='linkerd'"},
      {{{"HAL_FORWARD_HEADERS", "x-user,connection"}}, "HAL_FORWARD_HEADERS='connection'"},
      {{{"OTEL_RESOURCE_ATTRIBUTES", "nonsense"}}, "OTEL_RESOURCE_ATTRIBUTES='nonsense'"},
      {{{"OTEL_BSP_SCHEDULE_DELAY", "soon"}}, "OTEL_BSP_SCHEDULE_DELAY='soon'"},
      {{{"OTEL_ATTRIBUTE_COUNT_LIMIT", "-1"}}, "OTEL_ATTRIBUTE_COUNT_LIMIT='-1'"},
  };
  for (const auto& [variables, text] : cases) {
    const auto setup = set_up(variables);
    ASSERT_FALSE(setup.has_value()) << text;
    EXPECT_EQ(setup.error().code(), Code::kInvalidArgument) << text;
    EXPECT_THAT(setup.error().message(), testing::HasSubstr(text));
  }
}

TEST(TraceSetup, NamesTheServiceByOpenTelemetrysRules) {
  EXPECT_EQ(set_up({})->service_name, "hal9000-api");
  EXPECT_EQ(set_up({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=shop%20edge,a=b"}})->service_name,
            "shop edge");
  const auto setup = set_up({{"OTEL_SERVICE_NAME", "edge"},
                             {"OTEL_RESOURCE_ATTRIBUTES", "service.name=shop,k8s.pod.name=p-1"}});
  EXPECT_THAT(setup->resource, testing::ElementsAre(testing::Pair("service.name", "edge"),
                                                    testing::Pair("k8s.pod.name", "p-1")));
}

TEST(TraceSetup, PropagatorsSayWhatIsWritten) {
  struct Row {
    std::string list;
    std::string written;
  };
  const std::vector<Row> rows{
      {"", "tracecontext baggage b3multi"},
      {"tracecontext,baggage", "tracecontext baggage"},
      {"b3multi", "b3multi"},
      {"b3", "b3"},
      {"jaeger, baggage", "baggage jaeger"},
      {"b3,b3multi,tracecontext,baggage,jaeger", "tracecontext baggage b3multi b3 jaeger"},
      {"b3,b3", "b3"},
      {"none", ""},
  };
  for (const auto& [list, written] : rows) {
    const auto setup = set_up({{"OTEL_PROPAGATORS", list}});
    ASSERT_TRUE(setup) << setup.error().to_string();
    const auto& inject = setup->layers.inject;
    std::string text;
    for (const auto& [name, on] : {std::pair{"tracecontext", inject.trace_context},
                                   {"baggage", inject.baggage},
                                   {"b3multi", inject.b3_multi},
                                   {"b3", inject.b3_single},
                                   {"jaeger", inject.jaeger}}) {
      if (!on) continue;
      if (!text.empty()) text += ' ';
      text += name;
    }
    EXPECT_EQ(text, written) << list;
  }
}

TEST(TraceSetup, ForwardedHeadersAndTheMeshsProvider) {
  const auto setup =
      set_up({{"HAL_FORWARD_HEADERS", "X-Tenant,authorization"}, {"HAL_MESH_PROVIDER", "w3c"}});
  EXPECT_EQ(setup->layers.extract.provider, wire::MeshProvider::kW3c);
  EXPECT_THAT(setup->layers.extract.forward_headers,
              testing::ElementsAre("x-tenant", "authorization"));
  EXPECT_EQ(set_up({{"HAL_MESH_PROVIDER", "zipkin"}})->layers.extract.provider,
            wire::MeshProvider::kZipkin);
}

TEST(TraceSetup, LimitsOfSpans) {
  const auto usual = set_up({})->limits;
  EXPECT_EQ(usual.attributes_max, 128u);
  EXPECT_EQ(usual.events_max, 128u);
  EXPECT_EQ(usual.event_attributes_max, 128u);
  EXPECT_EQ(usual.value_bytes_max, 16384u);
  const auto general =
      set_up({{"OTEL_ATTRIBUTE_COUNT_LIMIT", "10"}, {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "0"}})
          ->limits;
  EXPECT_EQ(general.attributes_max, 10u);
  EXPECT_EQ(general.event_attributes_max, 10u);
  EXPECT_EQ(general.value_bytes_max, 0u);
  const auto own = set_up({{"OTEL_ATTRIBUTE_COUNT_LIMIT", "10"},
                           {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "11"},
                           {"OTEL_SPAN_EVENT_COUNT_LIMIT", "12"},
                           {"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "13"},
                           {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "14"},
                           {"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "15"}})
                       ->limits;
  EXPECT_EQ(own.attributes_max, 11u);
  EXPECT_EQ(own.events_max, 12u);
  EXPECT_EQ(own.event_attributes_max, 13u);
  EXPECT_EQ(own.value_bytes_max, 15u);
}

TEST(TraceSetup, TheSamplerIsOpenTelemetrys) {
  EXPECT_EQ(set_up({})->sampler.to_string(), telemetry::Sampler{}.to_string());
  EXPECT_EQ(set_up({{"OTEL_TRACES_SAMPLER", "always_off"}})->sampler.to_string(), "always_off");
  EXPECT_EQ(set_up({{"OTEL_TRACES_SAMPLER", "parentbased_traceidratio"},
                    {"OTEL_TRACES_SAMPLER_ARG", "0.25"}})
                ->sampler.to_string(),
            "parentbased_traceidratio 0.25");
}

TEST(TraceSetup, WithTheExportersNameAloneNothingIsExported) {
  // A collector that is not there would orphan every span of a sidecar.
  EXPECT_EQ(set_up({{"OTEL_TRACES_EXPORTER", "otlp"}})->mode.mode, Mode::kForward);
  EXPECT_EQ(set_up({{"OTEL_TRACES_EXPORTER", "zipkin"}})->mode.mode, Mode::kForward);
  const std::string local = "http://127.0.0.1:4318";
  EXPECT_EQ(set_up({{"OTEL_TRACES_EXPORTER", "otlp"}}, local)->mode.mode, Mode::kFull);
  EXPECT_EQ(set_up({{"OTEL_TRACES_EXPORTER", "zipkin"}}, local)->mode.mode, Mode::kForward);
}

}  // namespace
}  // namespace hal::app
