#include <hal/collector/trace_service.hpp>

#include <gmock/gmock.h>

#include <hal/internal/otlp.pb.h>
#include <hal/rpc/server.hpp>
#include <hal/rpc/testing/raw_call.hpp>

namespace hal::collector {
namespace {

using internal::otlp::ExportTraceServiceRequest;
using internal::otlp::ExportTraceServiceResponse;
using rpc::testing::RawCall;
using ::testing::HasSubstr;

constexpr std::string_view kExport = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

Task<> serve(rpc::Server* server) { (void)co_await server->run(); }

class TraceServiceTest : public ::testing::Test {
 protected:
  TraceServiceTest() {
    host.listen_on.port = 4317;
    server.emplace(host);
    server->add(service);
    host.background().spawn(serve, &*server);
    host.manual_loop().run_ready();
    connection = rpc::testing::open_connection(host, 4317);
  }
  ~TraceServiceTest() override { host.shut_down(); }

  static ExportTraceServiceRequest request_of(std::string trace_id) {
    ExportTraceServiceRequest request;
    auto& span = *request.add_resource_spans()->add_scope_spans()->add_spans();
    span.set_trace_id(std::move(trace_id));
    span.set_span_id("12345678");
    return request;
  }

  Store store;
  Intake intake{store};
  TraceService service{intake};
  service::testing::TestHost host;
  std::optional<rpc::Server> server;
  std::shared_ptr<transport::Http2Connection> connection;
};

TEST_F(TraceServiceTest, SpansAreTaken) {
  RawCall call{host, *connection, kExport};
  call.send(request_of("0123456789abcdef")).end();
  EXPECT_TRUE(call.next<ExportTraceServiceResponse>());
  EXPECT_EQ(call.status(), Status{});
  EXPECT_EQ(store.stats().spans, 1U);
}

TEST_F(TraceServiceTest, RefusalsSayWhy) {
  RawCall call{host, *connection, kExport};
  call.send(request_of("short")).end();
  ASSERT_TRUE(call.status());
  EXPECT_EQ(call.status()->code(), Code::kInvalidArgument);
  EXPECT_THAT(std::string{call.status()->message()},
              HasSubstr("resource_spans[0].scope_spans[0].spans[0]: trace_id has 5 bytes"));
  EXPECT_EQ(store.stats().spans, 0U);
}

TEST_F(TraceServiceTest, AnEmptyRequestIsTaken) {
  RawCall call{host, *connection, kExport};
  call.send(ExportTraceServiceRequest{}).end();
  EXPECT_EQ(call.status(), Status{});
}

}  // namespace
}  // namespace hal::collector
