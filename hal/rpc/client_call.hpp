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
             std::size_t message_bytes_max);

  /// Sets call.status. A request that the peer has certainly not processed is sent again on
  /// another connection (RFC 9113 8.7).
  Task<> run(service::Call& call) override;

 private:
  enum class Again : bool { kNo, kYes };
  Task<Result<Again>> attempt(service::Call& call);
  Task<Result<>> receive(transport::Http2Stream& stream);
  [[nodiscard]] static Result<> check_headers(const Headers& headers);
  Result<> finish(transport::Http2Stream& stream, std::optional<std::string> message);

  Connections& connections_;
  const google::protobuf::MessageLite& request_;
  google::protobuf::MessageLite& response_;
  CallOptions& options_;
  const std::size_t message_bytes_max_;
  Headers response_headers_;
};

}  // namespace hal::rpc
