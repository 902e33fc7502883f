#include <hal/rpc/message.hpp>

#include <gtest/gtest.h>

#include <hal/wire/grpc.hpp>

#include <testing/echo.pb.h>

namespace hal::rpc {
namespace {

TEST(Message, framed_bytes_are_prefix_and_message) {
  test::rpc::Request request;
  EXPECT_EQ(frame_message(request), std::string(5, '\0'));
  request.set_text("abc");
  EXPECT_EQ(frame_message(request), std::string("\0\0\0\0\x05\x0a\x03"
                                                "abc",
                                                10));
}

TEST(Message, what_was_framed_is_read_again) {
  for (const std::size_t size : {0UL, 1UL, 127UL, 128UL, 70'000UL}) {
    test::rpc::Request request;
    request.set_text(std::string(size, 'x'));
    request.set_code(7);
    const auto framed = frame_message(request);
    ASSERT_TRUE(framed);
    wire::grpc::MessageReader reader;
    reader.put(*framed);
    const auto bytes = reader.next();
    ASSERT_TRUE(bytes && *bytes);
    test::rpc::Request read;
    ASSERT_TRUE(parse_message(**bytes, read));
    EXPECT_EQ(read.text(), request.text());
    EXPECT_EQ(read.code(), 7);
  }
}

TEST(Message, other_bytes_are_an_error_that_names_the_type) {
  test::rpc::Request request;
  const auto parsed = parse_message("\xff\xff", request);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error(), (Status{Code::kInternal,
                                    "the message's 2 bytes are no "
                                    "test.rpc.Request"}));
}

}  // namespace
}  // namespace hal::rpc
