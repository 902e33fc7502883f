// ClientCall: one unary exchange on a connection, the innermost part of a call.
#pragma once

#include <hal/rpc/channel.hpp>
#include <hal/rpc/connections.hpp>

namespace hal::rpc {

/// Lives as long as the call; everything it refers to does, too.
class ClientCall final : public service::Terminal {
 public:
  ClientCall(Connections& connections, const google::protobuf::MessageLite& request,
             google::protobuf::MessageLite& response, CallOptions& options,
             const ChannelOptions& channel_options);

  /// Sets call.status. A request that the peer has certainly not processed is sent again on
  /// another connection (RFC 9113 8.7), at once; within the budget, and after a while, go one that
  /// a second node refuses, and an idempotent one that ended with UNAVAILABLE. No part of an answer
  /// is given out before the last attempt.
  Task<> run(service::Call& call) override;

 private:
  /// What an attempt has come to: its end, or what has become of the request.
  enum class Fate : std::uint8_t { kEnded, kNotSent, kNotProcessed, kRefusedAgain, kUnknown };
  Task<Result<>> attempt(service::Call& call);
  Task<Result<>> exchange(service::Call& call, const Route& route);
  void write_headers(Headers& headers, const Context& context, bool micro);
  void refused(const Route& route);
  Task<Result<>> receive(transport::Http2Stream& stream);
  [[nodiscard]] static Result<> check_headers(const Headers& headers);
  Result<> finish(transport::Http2Stream& stream, std::optional<std::string> message);
  Task<bool> again(service::Call& call, const Status& failure);
  [[nodiscard]] std::optional<Duration> retry_delay();

  Connections& connections_;
  const google::protobuf::MessageLite& request_;
  google::protobuf::MessageLite& response_;
  CallOptions& options_;
  const ChannelOptions& channel_options_;
  Headers response_headers_;
  /// The server's own wish (grpc-retry-pushback-ms).
  std::optional<std::string> pushback_;
  std::uint64_t node_ = 0;
  std::uint64_t avoid_ = 0;
  int attempts_ = 0;
  bool was_refused_ = false;
  bool micro_headers_ = false;
  Fate fate_ = Fate::kEnded;
};

}  // namespace hal::rpc
