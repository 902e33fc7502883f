#include <hal/app/export_setup.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/net/testing/test_certificate.hpp>

#include <filesystem>
#include <fstream>

namespace hal::app {
namespace {

using namespace std::chrono_literals;
using Variables = std::map<std::string, std::string, std::less<>>;
using ::testing::HasSubstr;

/// As set_up_traces() does it: files are read if there is an endpoint.
Result<ExportSetup> choose(Variables variables) {
  auto read = config::read<ExportVariables>(
      {config::Environment{std::move(variables)}, config::Arguments{}});
  if (!read) return error(std::move(read.error()));
  auto setup = choose_export(*read);
  if (!setup || setup->endpoint.empty()) return setup;
  if (auto files = read_tls_files(*read, *setup); !files) return error(files.error());
  return setup;
}

struct Chosen {
  Variables variables;
  std::string endpoint;
  ExportProtocol protocol;
  std::string variable;
};

void check(const std::vector<Chosen>& rows) {
  for (const auto& row : rows) {
    const auto setup = choose(row.variables);
    const std::string first = row.variables.empty() ? "" : row.variables.begin()->second;
    ASSERT_TRUE(setup) << setup.error().to_string();
    EXPECT_EQ(setup->endpoint, row.endpoint) << first;
    EXPECT_EQ(setup->protocol, row.protocol) << first;
    EXPECT_EQ(setup->variable, row.variable) << first;
  }
}

constexpr auto kHttp = ExportProtocol::kOtlpHttp;
constexpr auto kGrpc = ExportProtocol::kOtlpGrpc;
constexpr auto kZipkin = ExportProtocol::kZipkin;
const std::string kBase = "OTEL_EXPORTER_OTLP_ENDPOINT";
const std::string kTraces = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const std::string kZipkinEndpoint = "OTEL_EXPORTER_ZIPKIN_ENDPOINT";
const std::string kProtocol = "OTEL_EXPORTER_OTLP_PROTOCOL";

TEST(ExportSetup, ErrorsAndSettingsShowNoPassword) {
  const std::string url = "http://me:secret@c:9411/api/v2/spans?token=secret";
  for (const auto& variable : {std::string{"TRACE_URL"}, kBase, kTraces, kZipkinEndpoint}) {
    EXPECT_THAT(choose({{variable, url}}).error().to_string(), Not(HasSubstr("secret")))
        << variable;
    std::vector<config::Setting> settings;
    EXPECT_TRUE(config::read<ExportVariables>(
        {config::Environment{{{variable, url}}}, config::Arguments{}}, &settings));
    EXPECT_THAT(config::to_text(settings), Not(HasSubstr("secret"))) << variable;
    EXPECT_THAT(config::to_text(settings), HasSubstr("http://***@c:9411")) << variable;
  }
}

TEST(ExportSetup, TheEndpointOfOpenTelemetrysVariables) {
  check({
      {{}, "", kHttp, ""},
      {{{kBase, "http://c:4318"}}, "http://c:4318/v1/traces", kHttp, kBase},
      {{{kBase, "http://c/otlp/"}}, "http://c/otlp/v1/traces", kHttp, kBase},
      {{{kTraces, "http://c:4318"}, {kBase, "http://other"}}, "http://c:4318", kHttp, kTraces},
      {{{kBase, "http://c:4317"}, {kProtocol, "grpc"}}, "http://c:4317", kGrpc, kBase},
      {{{kTraces, "http://c:4317/"}, {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"}},
       "http://c:4317/",
       kGrpc,
       kTraces},
      {{{kBase, "https://c:4317"}, {kProtocol, "grpc"}}, "https://c:4317", kGrpc, kBase},
      {{{kBase, "http://c"},
        {kProtocol, "grpc"},
        {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"}},
       "http://c/v1/traces",
       kHttp,
       kBase},
      {{{kZipkinEndpoint, "http://z:9411/api/v2/spans"}},
       "http://z:9411/api/v2/spans",
       kZipkin,
       kZipkinEndpoint},
      {{{kZipkinEndpoint, "https://z/prefix"}}, "https://z/prefix", kZipkin, kZipkinEndpoint},
      {{{kZipkinEndpoint, "http://z:9411"}},
       "http://z:9411/api/v2/spans",
       kZipkin,
       kZipkinEndpoint},
  });
}

TEST(ExportSetup, SeveralEndpointsAndTheExportersName) {
  const Variables all{
      {kBase, "http://c"}, {kZipkinEndpoint, "http://z"}, {"TRACE_URL", "http://t"}};
  const auto with = [](Variables variables, const std::string& exporter) {
    variables["OTEL_TRACES_EXPORTER"] = exporter;
    return variables;
  };
  check({
      {all, "http://c/v1/traces", kHttp, kBase},
      {with(all, "otlp"), "http://c/v1/traces", kHttp, kBase},
      {with(all, "zipkin"), "http://z/api/v2/spans", kZipkin, kZipkinEndpoint},
      {with({{kBase, "http://c"}}, "zipkin"), "", kHttp, ""},
      {with({{kZipkinEndpoint, "http://z"}}, "otlp"), "", kHttp, ""},
      {{{kZipkinEndpoint, "http://z"}, {"TRACE_URL", "http://t"}},
       "http://z/api/v2/spans",
       kZipkin,
       kZipkinEndpoint},
      {with({{kZipkinEndpoint, "http://z"}, {"TRACE_URL", "http://t"}}, "otlp"),
       "http://t/v1/traces", kHttp, "TRACE_URL"},
  });
}

TEST(ExportSetup, TraceUrlIsOtlpOrZipkinByItsPathAndPort) {
  const auto url = [](const std::string& text, Variables more = {}) {
    more["TRACE_URL"] = text;
    return more;
  };
  check({
      {url("http://c:4318"), "http://c:4318/v1/traces", kHttp, "TRACE_URL"},
      {url("http://c:4318/"), "http://c:4318/v1/traces", kHttp, "TRACE_URL"},
      {url("http://c/otlp/v1/traces"), "http://c/otlp/v1/traces", kHttp, "TRACE_URL"},
      {url("http://c:4317", {{kProtocol, "grpc"}}), "http://c:4317", kGrpc, "TRACE_URL"},
      {url("http://z:9411"), "http://z:9411/api/v2/spans", kZipkin, "TRACE_URL"},
      {url("http://z:9411/"), "http://z:9411/api/v2/spans", kZipkin, "TRACE_URL"},
      {url("http://z:9411/api/v2/spans"), "http://z:9411/api/v2/spans", kZipkin, "TRACE_URL"},
      {url("http://z/zipkin/api/v2/spans"), "http://z/zipkin/api/v2/spans", kZipkin, "TRACE_URL"},
      {url("http://z:9411/api/v2/spans", {{kProtocol, "grpc"}}), "http://z:9411/api/v2/spans",
       kZipkin, "TRACE_URL"},
      {url("http://z:9411/v1/traces"), "http://z:9411/v1/traces", kHttp, "TRACE_URL"},
      {url("http://z:9411/api/v1/spans"), "http://z:9411/api/v2/spans", kZipkin, "TRACE_URL"},
  });
  EXPECT_EQ(choose(url("http://z:9411/api/v2/spans"))->warning, "");
  EXPECT_EQ(choose(url("http://z/api/v1/spans"))->warning,
            "TRACE_URL='http://z/api/v1/spans' is Zipkin's v1 endpoint: spans go as v2 to "
            "http://z/api/v2/spans");
}

TEST(ExportSetup, RefusesWithVariableValueAndRule) {
  const std::vector<std::pair<Variables, std::string>> rows{
      {{{"OTEL_TRACES_EXPORTER", "console"}},
       "OTEL_TRACES_EXPORTER='console': allowed is one of otlp, zipkin, none"},
      {{{kProtocol, "http/json"}},
       "OTEL_EXPORTER_OTLP_PROTOCOL='http/json': allowed is one of http/protobuf, grpc"},
      {{{kBase, "c:4318"}}, "OTEL_EXPORTER_OTLP_ENDPOINT='c:4318"},
      {{{kBase, "/"}, {kProtocol, "grpc"}}, "OTEL_EXPORTER_OTLP_ENDPOINT=''"},
      {{{kZipkinEndpoint, "nonsense"}}, "OTEL_EXPORTER_ZIPKIN_ENDPOINT='nonsense'"},
      {{{"TRACE_URL", "nonsense"}}, "TRACE_URL='nonsense'"},
      {{{"TRACE_URL", "http://z:9411"}, {"OTEL_TRACES_EXPORTER", "otlp"}},
       "TRACE_URL='http://z:9411': this is an endpoint of Zipkin, but OTEL_TRACES_EXPORTER is "
       "otlp"},
      {{{"TRACE_URL", "http://c:4318"}, {"OTEL_TRACES_EXPORTER", "zipkin"}},
       "TRACE_URL='http://c:4318': this is an endpoint of OTLP, but OTEL_TRACES_EXPORTER is "
       "zipkin"},
      {{{kTraces, "http://c:4318/v1/traces"}, {kProtocol, "grpc"}},
       "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT='http://c:4318/v1/traces': an endpoint of OTLP over "
       "gRPC has no path"},
      {{{kBase, "http://c"}, {kProtocol, "grpc"}, {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}},
       "OTEL_EXPORTER_OTLP_COMPRESSION='gzip': OTLP over gRPC is not compressed"},
  };
  for (const auto& [variables, text] : rows) {
    const auto setup = choose(variables);
    ASSERT_FALSE(setup.has_value()) << text;
    EXPECT_EQ(setup.error().code(), Code::kInvalidArgument) << text;
    EXPECT_THAT(setup.error().message(), HasSubstr(text));
  }
}

std::string headers_of(const std::string& list, const std::string& protocol = "http/protobuf") {
  const auto setup =
      choose({{kBase, "http://c"}, {kProtocol, protocol}, {"OTEL_EXPORTER_OTLP_HEADERS", list}});
  if (!setup) return setup.error().message();
  std::string text;
  for (const auto& [name, value] : setup->headers) text += fmt::format("{}: {}\n", name, value);
  return text;
}

TEST(ExportSetup, HeadersAreAList) {
  EXPECT_EQ(headers_of("X-Tenant=blue"), "x-tenant: blue\n");
  EXPECT_EQ(headers_of("authorization=Bearer%20a%3D , x-a=b=c,x-b="),
            "authorization: Bearer a=\nx-a: b=c\nx-b: \n");
  EXPECT_EQ(headers_of("X-Tenant=blue", "grpc"), "x-tenant: blue\n");
  EXPECT_EQ(choose({{kBase, "http://c"},
                    {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=1"},
                    {"OTEL_EXPORTER_OTLP_HEADERS", "b=2"}})
                ->headers.get("a"),
            "1");
  const std::string wrong = "OTEL_EXPORTER_OTLP_HEADERS='***': entry 2 ";
  EXPECT_EQ(headers_of("a=1,secret"), wrong + "has no '=': allowed is a list of name=value");
  EXPECT_EQ(headers_of("a=1,se cret=1"), wrong + "has a name that is no header's");
  EXPECT_EQ(headers_of("a=1,b=sec%0d%0aret"), wrong + "has a value that is no header's");
  EXPECT_EQ(headers_of("a=1,b=sec%zzret"), wrong + "has a value that is no header's");
  EXPECT_EQ(headers_of("a=1,b!=secret", "grpc"), wrong + "is nothing that gRPC sends as metadata");
}

TEST(ExportSetup, TheShortestTimeoutHolds) {
  const auto timeout = [](Variables variables) {
    variables.emplace(kBase, "http://c");
    return choose(std::move(variables))->timeout;
  };
  EXPECT_EQ(timeout({}), 10s);
  EXPECT_EQ(timeout({{"OTEL_EXPORTER_OTLP_TIMEOUT", "2000"}}), 2s);
  EXPECT_EQ(timeout({{"OTEL_EXPORTER_OTLP_TIMEOUT", "2000"},
                     {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "3s"}}),
            3s);
  EXPECT_EQ(timeout({{"OTEL_BSP_EXPORT_TIMEOUT", "1s"}}), 1s);
  EXPECT_EQ(timeout({{"OTEL_EXPORTER_OTLP_TIMEOUT", "40s"}}), 30s);
  EXPECT_EQ(
      choose({{kZipkinEndpoint, "http://z"}, {"OTEL_EXPORTER_ZIPKIN_TIMEOUT", "4s"}})->timeout, 4s);
}

TEST(ExportSetup, CompressionIsOffUnlessItIsAskedFor) {
  EXPECT_EQ(choose({})->post.compression, exporter::Compression::kNone);
  EXPECT_EQ(choose({{"OTEL_EXPORTER_OTLP_COMPRESSION", "none"}})->post.compression,
            exporter::Compression::kNone);
  EXPECT_EQ(choose({{"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}})->post.compression,
            exporter::Compression::kGzip);
  EXPECT_EQ(choose({{"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "none"},
                    {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}})
                ->post.compression,
            exporter::Compression::kNone);
  EXPECT_EQ(choose({{"OTEL_EXPORTER_OTLP_COMPRESSION", "zip"}}).error().message(),
            "OTEL_EXPORTER_OTLP_COMPRESSION='zip': allowed is one of gzip, none");
}

class ExportSetupTls : public ::testing::Test {
 protected:
  ExportSetupTls() {
    std::filesystem::create_directories(folder_);
    write("ca", ca_.pem());
    write("certificate", identity_.certificates_pem);
    write("key", identity_.key_pem);
  }
  ~ExportSetupTls() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    std::ofstream{folder_ / name} << text;
  }
  std::string file(const std::string& name) const { return (folder_ / name).native(); }
  static std::string error_of(Variables variables) {
    variables.emplace("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4318");
    const auto setup = choose(std::move(variables));
    return setup ? "no error" : setup.error().message();
  }

  const std::filesystem::path folder_ =
      std::filesystem::path{::testing::TempDir()} / fmt::format("hal_export_setup_{}", ::getpid());
  const net::testing::TestCa ca_;
  const net::TlsIdentity identity_ = ca_.issue({.names = {"DNS:api"}});
};

TEST_F(ExportSetupTls, ReadsThePemFiles) {
  const auto setup = choose({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4318"},
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

TEST_F(ExportSetupTls, IsForGrpcToo) {
  const auto setup = choose({{kBase, "https://collector:4317"},
                             {kProtocol, "grpc"},
                             {"OTEL_EXPORTER_OTLP_CERTIFICATE", file("ca")}});
  ASSERT_TRUE(setup) << setup.error().to_string();
  EXPECT_EQ(setup->post.tls.ca_pem, ca_.pem());
}

TEST_F(ExportSetupTls, RefusesWhatCannotBeUsed) {
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

TEST_F(ExportSetupTls, IsLeftAloneWhenNothingIsExported) {
  EXPECT_TRUE(choose({{"OTEL_EXPORTER_OTLP_CERTIFICATE", file("none")}}));
}

}  // namespace
}  // namespace hal::app
