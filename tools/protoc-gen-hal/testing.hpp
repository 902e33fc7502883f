// For the tests of the plugin: .proto text in, generated header or error out, without protoc.
#pragma once

#include <string>
#include <string_view>

namespace hal::protoc::testing {

struct Generated {
  std::string header;
  std::string error;
};

/// `name` is the file's path as protoc would see it. Fails the test when the text is no .proto.
Generated generate(const std::string& name, std::string_view proto,
                   const std::string& parameter = "");

/// A file of this folder's testdata/.
std::string read_testdata(const std::string& name);

}  // namespace hal::protoc::testing
