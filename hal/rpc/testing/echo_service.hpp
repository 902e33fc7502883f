// The service that tests call, and a host that serves it.
#pragma once

#include <hal/rpc/server.hpp>
#include <hal/service/layers/deadline/deadline.hpp>
#include <hal/service/layers/panic/panic.hpp>
#include <hal/service/testing/test_host.hpp>

#include <testing/echo.hal.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace hal::rpc::testing {

using test::rpc::EchoClient;
using test::rpc::Reply;
using test::rpc::Request;

inline Request request(std::string text) {
  Request made;
  made.set_text(std::move(text));
  return made;
}

/// Notes what it sees of each call.
class EchoService final : public test::rpc::EchoService {
 public:
  Task<Result<Reply>> say(Request request) override {
    ++calls;
    auto& call = co_await server_call();
    text_metadata = call.metadata("x-text");
    binary_metadata = call.metadata("x-data-bin");
    micro_from_service = call.metadata("micro-from-service");
    co_await or_return(call.add_initial_metadata("x-initial", "first"));
    co_await or_return(call.add_initial_metadata("x-initial-bin", std::string_view{"\0\xff", 2}));
    co_await or_return(call.add_trailing_metadata("x-trailing", "last"));
    if (!more_initial.empty())
      co_await or_return(call.add_initial_metadata("x-more", more_initial));
    if (!more_trailing.empty()) {
      co_await or_return(call.add_trailing_metadata("x-more", more_trailing));
    }
    Reply reply;
    reply.set_text(request.reply_bytes() > 0 ? std::string(request.reply_bytes(), 'x')
                                             : request.text());
    co_return reply;
  }

  Task<Result<Reply>> fail(Request request) override {
    auto& call = co_await server_call();
    co_await or_return(call.add_trailing_metadata("x-trailing", "why"));
    co_return error(code_from_number(request.code()), request.text());
  }

  Task<Result<Reply>> wait(Request request) override {
    const Context& context = co_await this_context();
    time_left = context.deadline - context.loop->now();
    ++waiting;
    const auto slept = co_await sleep(std::chrono::milliseconds{request.wait_ms()});
    --waiting;
    stopped = slept ? Status{} : slept.error();
    co_await or_return(Result<>{slept});
    Reply reply;
    reply.set_text(request.text());
    co_return reply;
  }

  Task<Result<Reply>> panic(Request request) override {
    if (request.text() != "calm") throw std::runtime_error{"secret"};
    co_return Reply{};
  }

  int calls = 0;
  int waiting = 0;
  Duration time_left{};
  Status stopped;
  std::string more_initial;
  std::string more_trailing;
  std::optional<std::string> text_metadata;
  std::optional<std::string> binary_metadata;
  std::optional<std::string> micro_from_service;
};

inline Task<> serve(service::Host* host, Service* service, ServerOptions options, Status* ended) {
  const auto result = co_await Server{*host, options}.add(*service).run();
  *ended = result ? Status{} : result.error();
}

/// A server on port 40000 of a network in memory, known to the registry as "echo".
class EchoTest : public ::testing::Test {
 protected:
  EchoTest() {
    host.around_server = {std::make_shared<layers::ServerDeadline>(),
                          std::make_shared<layers::Panic>()};
    host.listen_on.port = kPort;
    host.registry().put("echo", "127.0.0.1:40000");
  }
  void start_server(const ServerOptions& options = {}) {
    host.background().spawn(serve, static_cast<service::Host*>(&host), static_cast<Service*>(&echo),
                            options, &server_ended);
    host.manual_loop().run_ready();
  }
  EchoClient client(const ChannelOptions& options = {}) {
    return EchoClient{Channel{host, "echo", options}};
  }

  static constexpr std::uint16_t kPort = 40000;
  EchoService echo;
  Status server_ended{Code::kUnknown, "still running"};
  service::testing::TestHost host;
};

}  // namespace hal::rpc::testing
