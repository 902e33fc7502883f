// One table of cases for every implementation of Stream.
#include <hal/net/stream.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/block_on.hpp>
#include <hal/async/deadline.hpp>
#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/wait_queue.hpp>
#include <hal/async/when_all.hpp>
#include <hal/net/testing/tcp_pair.hpp>
#include <hal/net/testing/tls_pair.hpp>

#include <ostream>

namespace hal::net {
namespace {

using ::testing::HasSubstr;
using testing::StreamPair;

Task<Result<std::string>> read_exactly(Stream* stream, std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t have = 0; have < size;) {
    const auto more = co_await or_return(co_await stream->read_some(std::span{text}.subspan(have)));
    if (more == 0) co_return error(Code::kOutOfRange, "the stream ended early");
    have += more;
  }
  co_return text;
}

Task<Result<std::string>> read_to_end(Stream* stream) {
  std::string text;
  char buffer[16 * 1024];
  for (;;) {
    const auto size = co_await or_return(co_await stream->read_some(buffer));
    if (size == 0) co_return text;
    text.append(buffer, size);
  }
}

Task<Result<int>> write_and_end(Stream* stream, std::string text) {
  co_await or_return(co_await stream->write_all(text));
  stream->shutdown_write();
  co_return 0;
}

Task<Result<int>> answer(Stream* stream) {
  const auto text = co_await or_return(read_exactly(stream, 4));
  co_return co_await or_return(write_and_end(stream, text + " pong"));
}
Task<Result<std::string>> ask(Stream* stream) {
  co_await or_return(co_await stream->write_all("ping"));
  co_return co_await or_return(read_to_end(stream));
}

Task<Result<>> echoes(StreamPair* ends) {
  const auto [reply, ignored] =
      co_await or_return(when_all(ask(ends->first.get()), answer(ends->second.get())));
  EXPECT_EQ(reply, "ping pong");
  co_return Result<>{};
}

Task<Result<>> is_half_closed(StreamPair* ends) {
  co_await or_return(write_and_end(ends->first.get(), "request"));
  EXPECT_EQ(co_await read_to_end(ends->second.get()), "request");
  char byte = 0;
  EXPECT_EQ(co_await ends->second->read_some({&byte, 1}), 0) << "the end stays";
  co_await or_return(write_and_end(ends->second.get(), "reply"));
  EXPECT_EQ(co_await read_to_end(ends->first.get()), "reply");
  co_return Result<>{};
}

Task<Result<>> sees_the_end_when_the_peer_closes(StreamPair* ends) {
  co_await or_return(co_await ends->second->write_all("last words"));
  ends->second->close();
  ends->second->close();
  EXPECT_EQ(co_await read_to_end(ends->first.get()), "last words");
  co_return Result<>{};
}

Task<Result<>> note_read_error(Stream* stream, Status* noted) {
  const auto text = co_await read_exactly(stream, 1);
  if (!text) *noted = text.error();
  co_return Result<>{};
}
Task<Result<>> write_until_error(Stream* stream, Status* noted) {
  const std::string chunk(1 << 20, 'x');
  for (;;) {
    if (auto written = co_await stream->write_all(chunk); !written) {
      *noted = written.error();
      co_return Result<>{};
    }
  }
}
Task<Result<>> cancel_scope(Scope& scope, Stream* stream, Status* read, Status* written) {
  if (read != nullptr) scope.spawn(note_read_error, stream, read);
  if (written != nullptr) scope.spawn(write_until_error, stream, written);
  co_await or_return(co_await sleep(std::chrono::milliseconds{1}));
  scope.cancel({Code::kAborted, "changed my mind"});
  co_return Result<>{};
}

Task<Result<>> stops_reading(StreamPair* ends) {
  Status reason;
  co_await or_return(
      with_scope(cancel_scope, ends->first.get(), &reason, static_cast<Status*>(nullptr)));
  EXPECT_EQ(reason.to_string(), "ABORTED: changed my mind");
  co_await or_return(co_await ends->second->write_all("still good"));
  EXPECT_EQ(co_await read_exactly(ends->first.get(), 10), "still good");
  co_return Result<>{};
}

Task<Result<>> stops_writing_into_full_buffers(StreamPair* ends) {
  Status reason;
  co_await or_return(
      with_scope(cancel_scope, ends->first.get(), static_cast<Status*>(nullptr), &reason));
  EXPECT_EQ(reason.to_string(), "ABORTED: changed my mind");
  co_return Result<>{};
}

Task<Result<>> stops_both_directions(StreamPair* ends) {
  Status read;
  Status written;
  co_await or_return(with_scope(cancel_scope, ends->first.get(), &read, &written));
  EXPECT_EQ(read.to_string(), "ABORTED: changed my mind");
  EXPECT_EQ(written.to_string(), "ABORTED: changed my mind");
  co_return Result<>{};
}

Task<Result<int>> cancel_the_others_write(Stream* mine, Stream* others) {
  Status reason;
  co_await or_return(with_scope(cancel_scope, mine, static_cast<Status*>(nullptr), &reason));
  co_await or_return(co_await others->write_all("answer"));
  co_return 0;
}

Task<Result<>> a_stopped_write_leaves_the_read_alone(StreamPair* ends) {
  const auto [text, ignored] =
      co_await or_return(when_all(read_exactly(ends->first.get(), 6),
                                  cancel_the_others_write(ends->first.get(), ends->second.get())));
  EXPECT_EQ(text, "answer");
  co_return Result<>{};
}

Task<Result<std::string>> cancel_my_read(Stream* stream) {
  Status reason;
  co_await or_return(with_scope(cancel_scope, stream, &reason, static_cast<Status*>(nullptr)));
  co_return reason.message();
}
Task<Result<int>> write_megabytes(Stream* stream, std::size_t megabytes) {
  co_return co_await or_return(write_and_end(stream, std::string(megabytes << 20, 'm')));
}
Task<Result<std::size_t>> read_later(Stream* stream) {
  co_await or_return(co_await sleep(std::chrono::milliseconds{2}));
  co_return (co_await or_return(read_to_end(stream))).size();
}

Task<Result<>> a_stopped_read_leaves_the_write_alone(StreamPair* ends) {
  const auto [ignored, reason, size] = co_await or_return(
      when_all(write_megabytes(ends->first.get(), 16), cancel_my_read(ends->first.get()),
               read_later(ends->second.get())));
  EXPECT_EQ(reason, "changed my mind");
  EXPECT_EQ(size, 16U << 20);
  co_return Result<>{};
}

Task<Result<>> work_in_a_stopped_scope(Scope& scope, Stream* stream) {
  scope.cancel({Code::kAborted, "too late"});
  char byte = 0;
  EXPECT_EQ((co_await stream->read_some({&byte, 1})).error().message(), "too late");
  EXPECT_EQ((co_await stream->write_all("x")).error().message(), "too late");
  co_return Result<>{};
}

Task<Result<>> does_nothing_once_stopped(StreamPair* ends) {
  co_await or_return(co_await ends->second->write_all("x"));
  co_await or_return(with_scope(work_in_a_stopped_scope, ends->first.get()));
  EXPECT_EQ(co_await read_exactly(ends->first.get(), 1), "x");
  co_return Result<>{};
}

Task<Result<int>> abort_later(Stream* stream) {
  co_await or_return(co_await sleep(std::chrono::milliseconds{1}));
  stream->abort();
  co_return 0;
}
Task<Result<Status>> status_of_read(Stream* stream) {
  co_return (co_await read_exactly(stream, 1)).error();
}

Task<Result<>> names_the_peer_that_resets(StreamPair* ends) {
  const auto [failed, ignored] = co_await or_return(
      when_all(status_of_read(ends->first.get()), abort_later(ends->second.get())));
  EXPECT_EQ(failed.code(), Code::kUnavailable);
  EXPECT_EQ(failed.message(), to_string(ends->first->peer()) + ": Connection reset by peer");
  co_return Result<>{};
}

Task<Result<>> cannot_write_to_a_closed_peer(StreamPair* ends) {
  ends->second->close();
  Status failed;
  co_await or_return(write_until_error(ends->first.get(), &failed));
  EXPECT_EQ(failed.code(), Code::kUnavailable);
  EXPECT_THAT(failed.message(), HasSubstr(to_string(ends->first->peer())));
  co_return Result<>{};
}

Task<Result<int>> close_later(Stream* stream) {
  co_await or_return(co_await sleep(std::chrono::milliseconds{1}));
  stream->close();
  co_return 0;
}

Task<Result<>> closing_ends_its_own_read(StreamPair* ends) {
  const auto [failed, ignored] = co_await or_return(
      when_all(status_of_read(ends->first.get()), close_later(ends->first.get())));
  EXPECT_EQ(failed.to_string(), "CANCELLED: the connection was closed by this side");
  EXPECT_EQ((co_await status_of_read(ends->first.get()))->code(), Code::kCancelled);
  EXPECT_EQ((co_await ends->first->write_all("x")).error().code(), Code::kCancelled);
  ends->first->shutdown_write();
  ends->first->abort();
  EXPECT_NE(ends->first->peer().port, 0);
  EXPECT_EQ(ends->first->local(), Endpoint{});
  co_return Result<>{};
}

std::string numbered_text(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + ' ';
  return text;
}

Task<Result<>> carries_much(StreamPair* ends) {
  const std::string text = numbered_text(3'000'000);
  const auto [to, from, got, back] = co_await or_return(
      when_all(write_and_end(ends->first.get(), text), write_and_end(ends->second.get(), text),
               read_to_end(ends->second.get()), read_to_end(ends->first.get())));
  EXPECT_TRUE(got == text);
  EXPECT_TRUE(back == text);
  co_return Result<>{};
}

Task<Result<>> reads_byte_by_byte(StreamPair* ends) {
  const std::string text = numbered_text(1'000);
  co_await or_return(co_await ends->first->write_all(text));
  co_await or_return(co_await ends->first->write_all(""));
  ends->first->shutdown_write();
  std::string got;
  char byte = 0;
  while (co_await or_return(co_await ends->second->read_some({&byte, 1})) == 1) got += byte;
  EXPECT_EQ(got, text);
  co_return Result<>{};
}

Task<Result<>> knows_both_addresses(StreamPair* ends) {
  EXPECT_EQ(ends->first->peer(), ends->second->local());
  EXPECT_EQ(ends->second->peer(), ends->first->local());
  EXPECT_EQ(ends->first->peer().host, "127.0.0.1");
  co_return Result<>{};
}

struct Case {
  std::string_view name;
  Task<Result<>> (*run)(StreamPair*);
  friend void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }
};
#define HAL_CASE(function) \
  Case { #function, function }
const Case kCases[] = {
    HAL_CASE(echoes),
    HAL_CASE(is_half_closed),
    HAL_CASE(sees_the_end_when_the_peer_closes),
    HAL_CASE(stops_reading),
    HAL_CASE(stops_writing_into_full_buffers),
    HAL_CASE(stops_both_directions),
    HAL_CASE(a_stopped_write_leaves_the_read_alone),
    HAL_CASE(a_stopped_read_leaves_the_write_alone),
    HAL_CASE(does_nothing_once_stopped),
    HAL_CASE(names_the_peer_that_resets),
    HAL_CASE(cannot_write_to_a_closed_peer),
    HAL_CASE(closing_ends_its_own_read),
    HAL_CASE(carries_much),
    HAL_CASE(reads_byte_by_byte),
    HAL_CASE(knows_both_addresses),
};
#undef HAL_CASE

enum class Kind { kTcp, kMemory, kTinyMemory, kTlsTcp, kTlsMemory, kTlsTinyMemory };

class StreamTest : public ::testing::TestWithParam<std::tuple<Kind, Case>> {};

TEST_P(StreamTest, Holds) {
  const auto& [kind, one] = GetParam();
  const bool tls = kind >= Kind::kTlsTcp;
  if (kind == Kind::kTcp || kind == Kind::kTlsTcp) {
    IoLoop loop;
    StreamPair ends = testing::make_tcp_pair(loop);
    if (tls) ends = testing::make_tls_pair(loop, std::move(ends));
    EXPECT_EQ(block_on(loop, one.run, &ends), Result<>{});
  } else {
    hal::testing::ManualLoop loop;
    const bool tiny = kind == Kind::kTinyMemory || kind == Kind::kTlsTinyMemory;
    const std::size_t size = tiny ? 7 * 1024 : 64 * 1024;
    StreamPair ends = testing::make_stream_pair(loop, {.buffered_bytes_max = size});
    if (tls) ends = testing::make_tls_pair(loop, std::move(ends));
    EXPECT_EQ(block_on(loop, one.run, &ends), Result<>{});
  }
}

std::string name_of(const ::testing::TestParamInfo<StreamTest::ParamType>& info) {
  constexpr std::string_view kKinds[] = {"tcp_",     "memory_",     "tiny_memory_",
                                         "tls_tcp_", "tls_memory_", "tls_tiny_memory_"};
  const auto& [kind, one] = info.param;
  return std::string{kKinds[static_cast<std::size_t>(kind)]}.append(one.name);
}

INSTANTIATE_TEST_SUITE_P(
    All, StreamTest,
    ::testing::Combine(::testing::Values(Kind::kTcp, Kind::kMemory, Kind::kTinyMemory,
                                         Kind::kTlsTcp, Kind::kTlsMemory, Kind::kTlsTinyMemory),
                       ::testing::ValuesIn(kCases)),
    name_of);

}  // namespace
}  // namespace hal::net
