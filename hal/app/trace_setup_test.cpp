#include <hal/app/trace_setup.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hal::app {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;
using telemetry::Mode;

Result<TraceSetup> set_up(Variables variables, std::string_view local_collector = "") {
  auto read = config::read<TraceVariables>(
      {config::Environment{std::move(variables)}, config::Arguments{}});
  if (!read) return error(std::move(read.error()));
  return set_up_traces(*read, "hal9000-api", local_collector);
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
    EXPECT_EQ(setup->endpoint, each.endpoint) << setup->mode.reason;
  }
}

TEST(TraceSetup, RefusesWithVariableValueAndRule) {
  const std::vector<std::pair<Variables, std::string>> cases{
      {{{"HAL_TRACE_MODE", "half"}}, "HAL_TRACE_MODE='half'"},
      {{{"TRACE_URL", "http://zipkin:9411/api/v2/spans"}}, "TRACE_URL="},
      {{{"TRACE_URL", "nonsense"}}, "TRACE_URL='nonsense'"},
      {{{"OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://c"}}, "OTEL_EXPORTER_OTLP_ENDPOINT='ftp://c/"},
      {{{"OTEL_TRACES_EXPORTER", "kafka"}}, "OTEL_TRACES_EXPORTER='kafka'"},
      {{{"OTEL_PROPAGATORS", "tracecontext,jaegr"}}, "OTEL_PROPAGATORS='jaegr'"},
      {{{"OTEL_TRACES_SAMPLER", "sometimes"}}, "sometimes"},
      {{{"HAL_MESH_PROVIDER", "linkerd"}}, "HAL_MESH_PROVIDER='linkerd'"},
      {{{"HAL_FORWARD_HEADERS", "x-user,connection"}}, "HAL_FORWARD_HEADERS='connection'"},
      {{{"OTEL_RESOURCE_ATTRIBUTES", "nonsense"}}, "OTEL_RESOURCE_ATTRIBUTES='nonsense'"},
      {{{"OTEL_BSP_SCHEDULE_DELAY", "soon"}}, "OTEL_BSP_SCHEDULE_DELAY='soon'"},
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

TEST(TraceSetup, PropagatorsAndForwardedHeaders) {
  const auto by_default = set_up({})->layers;
  EXPECT_TRUE(by_default.inject.b3_multi && by_default.inject.trace_context &&
              by_default.inject.baggage);
  const auto setup = set_up({{"OTEL_PROPAGATORS", "tracecontext,baggage"},
                             {"HAL_FORWARD_HEADERS", "X-Tenant"},
                             {"HAL_MESH_PROVIDER", "w3c"}});
  EXPECT_FALSE(setup->layers.inject.b3_multi);
  EXPECT_EQ(setup->layers.extract.provider, wire::MeshProvider::kW3c);
  EXPECT_THAT(setup->layers.extract.forward_headers, testing::ElementsAre("x-tenant"));
}

}  // namespace
}  // namespace hal::app
