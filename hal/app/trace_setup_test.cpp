#include <hal/app/trace_setup.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/net/testing/test_certificate.hpp>

#include <filesystem>
#include <fstream>

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

TEST(TraceSetup, CompressionIsOffUnlessItIsAskedFor) {
  EXPECT_EQ(set_up({})->post.compression, exporter::Compression::kNone);
  EXPECT_EQ(set_up({{"OTEL_EXPORTER_OTLP_COMPRESSION", "none"}})->post.compression,
            exporter::Compression::kNone);
  EXPECT_EQ(set_up({{"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}})->post.compression,
            exporter::Compression::kGzip);
  EXPECT_EQ(set_up({{"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "none"},
                    {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}})
                ->post.compression,
            exporter::Compression::kNone);
  EXPECT_EQ(set_up({{"OTEL_EXPORTER_OTLP_COMPRESSION", "zip"}}).error().message(),
            "OTEL_EXPORTER_OTLP_COMPRESSION='zip': allowed is one of gzip, none");
}

class TraceSetupTls : public ::testing::Test {
 protected:
  TraceSetupTls() {
    std::filesystem::create_directories(folder_);
    write("ca", ca_.pem());
    write("certificate", identity_.certificates_pem);
    write("key", identity_.key_pem);
  }
  ~TraceSetupTls() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    std::ofstream{folder_ / name} << text;
  }
  std::string file(const std::string& name) const { return (folder_ / name).native(); }
  static std::string error_of(Variables variables) {
    variables.emplace("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4318");
    const auto setup = set_up(std::move(variables));
    return setup ? "no error" : setup.error().message();
  }

  const std::filesystem::path folder_ =
      std::filesystem::path{::testing::TempDir()} / fmt::format("hal_trace_setup_{}", ::getpid());
  const net::testing::TestCa ca_;
  const net::TlsIdentity identity_ = ca_.issue({.names = {"DNS:api"}});
};

TEST_F(TraceSetupTls, ReadsThePemFiles) {
  const auto setup = set_up({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4318"},
                             {"OTEL_EXPORTER_OTLP_CERTIFICATE", file("ca")},
                             {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", file("certificate")},
                             {"OTEL_EXPORTER_OTLP_CLIENT_KEY", file("key")}});
  ASSERT_TRUE(setup) << setup.error().to_string();
  EXPECT_EQ(setup->endpoint, "https://collector:4318/v1/traces");
  EXPECT_EQ(setup->post.tls.ca_pem, ca_.pem());
  ASSERT_TRUE(setup->post.tls.identity);
  EXPECT_EQ(setup->post.tls.identity->key_pem, identity_.key_pem);
  EXPECT_EQ(setup->post.tls.verification, net::TlsVerification::kFull);
}

TEST_F(TraceSetupTls, RefusesWhatCannotBeUsed) {
  EXPECT_EQ(error_of({{"OTEL_EXPORTER_OTLP_CERTIFICATE", file("none")}}),
            fmt::format("OTEL_EXPORTER_OTLP_CERTIFICATE='{0}': {0}: No such file or directory",
                        file("none")));
  EXPECT_THAT(error_of({{"OTEL_EXPORTER_OTLP_CERTIFICATE", file("key")}}),
              testing::HasSubstr("there is no certificate in it"));
  EXPECT_THAT(error_of({{"OTEL_EXPORTER_OTLP_CLIENT_KEY", file("key")}}),
              testing::HasSubstr("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE is missing"));
  EXPECT_THAT(error_of({{"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", file("certificate")}}),
              testing::HasSubstr("OTEL_EXPORTER_OTLP_CLIENT_KEY is missing"));
  write("key", ca_.issue({.names = {"DNS:other"}}).key_pem);
  EXPECT_THAT(error_of({{"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", file("certificate")},
                        {"OTEL_EXPORTER_OTLP_CLIENT_KEY", file("key")}}),
              testing::HasSubstr("key values mismatch"));
}

TEST_F(TraceSetupTls, IsLeftAloneWhenNothingIsExported) {
  EXPECT_TRUE(set_up({{"OTEL_EXPORTER_OTLP_CERTIFICATE", file("none")}}));
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
