// Private to the module: the dialect of gRPC that go-micro 1.18 speaks (its client/grpc,
// server/grpc and errors packages).
#pragma once

#include <hal/async/timer.hpp>
#include <hal/base/headers.hpp>
#include <hal/base/status.hpp>
#include <hal/rpc/message.hpp>
#include <hal/service/discovery.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace hal::rpc::go_micro {

/// Whether a request comes from go-micro: it has x-content-type, and a content-type
/// "application/grpc+...". Only those are answered in its dialect.
[[nodiscard]] bool is_caller(const Headers& request);

/// The time its caller gives: `timeout`, in nanoseconds. A value that is none counts as absent, as
/// with go-micro.
[[nodiscard]] std::optional<Duration> timeout_of(const Headers& request);

/// UNKNOWN for an x-content-type that go-micro has no codec for; it answers so, too.
[[nodiscard]] Result<> check_content_type(const Headers& request);

/// A failure as go-micro's client understands it: the same code, and as the message
/// {"id":"<service>","code":<HTTP status>,"detail":"<message>","status":"<reason phrase>"}. It
/// looks at nothing else, and takes what it cannot read for a 500, which it sends again.
[[nodiscard]] Status to_micro(const Status& status, std::string_view service);

/// The opposite: a status whose message is exactly such an object becomes one with its detail as
/// the message, and with the code that the HTTP status means where the server sent UNKNOWN. Other
/// statuses stay as they are.
[[nodiscard]] Status from_micro(Status status);

/// Whether a node is go-micro's own: its metadata say server=grpc, and not that it is ours.
[[nodiscard]] bool is_server(const service::Node& node);

/// Sets on a request with such messages what go-micro's server looks at; `left` is empty where
/// there is no deadline.
void add_headers(Headers& request, Codec codec, std::optional<Duration> left);
/// Takes it away again: the next attempt goes to another kind of node.
void remove_headers(Headers& request, Codec codec);

}  // namespace hal::rpc::go_micro
