#include <hal/base/file_io.hpp>

#include <gtest/gtest.h>

#include <hal/base/file_descriptor.hpp>

#include <array>
#include <cerrno>

namespace hal {
namespace {

class FileIoTest : public ::testing::Test {
 protected:
  FileIoTest() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) ends = {-1, -1};
    out_ = FileDescriptor{ends[0]};
    in_ = FileDescriptor{ends[1]};
  }
  FileDescriptor out_;
  FileDescriptor in_;
};

TEST_F(FileIoTest, WhatIsWrittenIsRead) {
  ASSERT_TRUE(write_all(in_.get(), "hello"));
  std::string content(5, '\0');
  ASSERT_TRUE(read_all(out_.get(), content));
  EXPECT_EQ(content, "hello");
  EXPECT_TRUE(write_all(in_.get(), ""));
}

TEST_F(FileIoTest, AFileThatEndsEarlierCutsTheContent) {
  ASSERT_TRUE(write_all(in_.get(), "abc"));
  in_ = FileDescriptor{};
  std::string content(10, '\0');
  ASSERT_TRUE(read_all(out_.get(), content));
  EXPECT_EQ(content, "abc");
}

TEST_F(FileIoTest, ErrorsAreTold) {
  std::string content(1, '\0');
  EXPECT_FALSE(read_all(-1, content));
  EXPECT_EQ(errno, EBADF);
  EXPECT_FALSE(write_all(-1, "x"));
  EXPECT_EQ(errno, EBADF);
}

}  // namespace
}  // namespace hal
