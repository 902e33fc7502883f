#include "generator.hpp"

#include "testing.hpp"

#include <gtest/gtest.h>

namespace hal::protoc {
namespace {

using testing::generate;
using testing::read_testdata;

// After a wanted change: protoc --plugin=protoc-gen-hal=<build>/bin/protoc-gen-hal
// --hal_out=<folder> testdata/everything.proto testdata/other.proto, read the diff, copy them to
// testdata/golden.
TEST(Generator, writes_the_expected_headers) {
  for (const std::string stem : {"everything", "other"}) {
    const std::string name = "testdata/" + stem + ".proto";
    const auto made = generate(name, read_testdata(stem + ".proto"));
    EXPECT_EQ(made.error, "");
    EXPECT_EQ(made.header, read_testdata("golden/" + stem + ".txt")) << stem;
  }
}

TEST(Generator, a_file_without_package_has_no_namespace) {
  const auto made = generate("dir/plain.proto", R"(syntax = "proto3";
message Note {}
service Notes { rpc Add(Note) returns (Note); }
)");
  EXPECT_EQ(made.error, "");
  EXPECT_EQ(made.header.find("namespace"), std::string::npos);
  EXPECT_NE(made.header.find("#include \"dir/plain.pb.h\""), std::string::npos);
  EXPECT_NE(made.header.find("using Note = ::Note;"), std::string::npos);
  EXPECT_NE(made.header.find("\"/Notes/Add\""), std::string::npos);
}

TEST(Generator, an_ambiguous_short_name_has_no_alias) {
  const auto made = generate("two.proto", R"(syntax = "proto3";
package two;
import "testdata/other.proto";
message Note {}
service Notes { rpc Add(Note) returns (test.other.v1.Note); }
)");
  EXPECT_EQ(made.error, "");
  EXPECT_EQ(made.header.find("using "), std::string::npos) << made.header;
}

TEST(Generator, a_message_named_as_a_function_has_no_alias) {
  const auto made = generate("add.proto", R"(syntax = "proto3";
message add {}
service Notes { rpc Add(add) returns (add); }
)");
  EXPECT_EQ(made.error, "");
  EXPECT_EQ(made.header.find("using "), std::string::npos) << made.header;
}

TEST(Generator, refuses_parameters) {
  EXPECT_EQ(generate("a.proto", "syntax = \"proto3\";\n", "lite").error,
            "protoc-gen-hal has no parameter 'lite'");
}

}  // namespace
}  // namespace hal::protoc
