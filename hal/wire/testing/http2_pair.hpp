// Two HTTP/2 sessions back to back, and what their handlers were told.
#pragma once

#include <hal/wire/http2.hpp>

#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hal::wire::http2::testing {

inline std::string text(const Headers& headers) {
  std::string all;
  for (const Headers::Field field : headers) {
    all += fmt::format("{}{}={}", all.empty() ? "" : " ", field.name, field.value);
  }
  return all;
}

/// Writes down what happens, one line per call, pieces of a body joined.
struct Recorder : Handler {
  void on_headers(StreamId id, Headers&& headers, bool end_stream) override {
    log.push_back(fmt::format("{} headers {}{}", id, text(headers), end_stream ? " |" : ""));
    if (headers_hook) headers_hook(id, headers);
  }
  void on_data(StreamId id, std::string_view bytes) override {
    const std::string begin = fmt::format("{} data ", id);
    if (!log.empty() && log.back().starts_with(begin)) {
      log.back() += bytes;
    } else {
      log.push_back(begin + std::string{bytes});
    }
    received += bytes.size();
    if (session != nullptr && consume) session->consume(id, bytes.size());
  }
  void on_trailers(StreamId id, Headers&& trailers) override {
    log.push_back(fmt::format("{} trailers {}", id, text(trailers)));
  }
  void on_end(StreamId id) override {
    log.push_back(fmt::format("{} end", id));
    if (end_hook) end_hook(id);
  }
  void on_close(StreamId id, ErrorCode code) override {
    log.push_back(fmt::format("{} close {}", id, name(code)));
  }
  void on_taken_back(StreamId id, bool answered) override {
    log.push_back(fmt::format("{} taken back{}", id, answered ? " |" : ""));
  }
  void on_header_list_over(StreamId id) override {
    log.push_back(fmt::format("{} header list over", id));
  }
  void on_writable(StreamId id) override { log.push_back(fmt::format("{} writable", id)); }
  void on_goaway(StreamId last, ErrorCode code, std::string_view debug) override {
    log.push_back(fmt::format("goaway {} {} {}", last, name(code), debug));
  }
  void on_settings() override { ++settings; }
  void on_ping_ack(const std::array<std::uint8_t, 8>& payload) override {
    log.push_back(fmt::format("pong {}", payload[7]));
  }

  std::vector<std::string> take() { return std::exchange(log, {}); }

  std::vector<std::string> log;
  std::size_t received = 0;
  int settings = 0;
  bool consume = true;
  Session* session = nullptr;
  std::function<void(StreamId, const Headers&)> headers_hook;
  std::function<void(StreamId)> end_hook;
};

/// A client and a server back to back.
struct Pair {
  explicit Pair(const Settings& client_settings = {}, const Settings& server_settings = {})
      : client{Role::kClient, client_settings, at_client},
        server{Role::kServer, server_settings, at_server} {
    at_client.session = &client;
    at_server.session = &server;
  }

  /// Carries bytes both ways, `piece` at a time, until both are silent.
  void run(std::size_t piece = std::string::npos) {
    for (bool moved = true; moved;) {
      moved = carry(client, server, piece);
      moved = carry(server, client, piece) || moved;
    }
  }

  static bool carry(Session& from, Session& to, std::size_t piece) {
    std::string bytes;
    EXPECT_TRUE(from.produce(bytes).has_value());
    for (std::size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at)) {
      const auto received = to.receive(std::string_view{bytes}.substr(at, piece));
      EXPECT_TRUE(received.has_value()) << received.error().to_string();
    }
    return !bytes.empty();
  }

  StreamId request(bool end_stream = true) {
    const auto id = client.submit_request(kRequest, end_stream);
    EXPECT_TRUE(id.has_value());
    return id.value_or(0);
  }

  const Headers kRequest{{":method", "POST"},
                         {":scheme", "http"},
                         {":path", "/greeter.Greeter/SayHello"},
                         {":authority", "greeter:80"},
                         {"content-type", "application/grpc"},
                         {"te", "trailers"}};
  Recorder at_client, at_server;
  Session client, server;
};

/// What a server sends that answers one request by `respond` and keeps to no limit.
inline std::string unlimited_answer(const std::function<void(Session&)>& respond) {
  Settings unlimited;
  unlimited.header_list_bytes = 1024 * 1024;
  Pair pair{unlimited, unlimited};
  pair.request();
  pair.run();
  respond(pair.server);
  std::string bytes;
  EXPECT_TRUE(pair.server.produce(bytes));
  return bytes;
}

}  // namespace hal::wire::http2::testing
