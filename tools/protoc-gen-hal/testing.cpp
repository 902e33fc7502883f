#include "testing.hpp"

#include "generator.hpp"

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace hal::protoc::testing {
namespace {

using google::protobuf::compiler::SourceTree;

/// The text under test, the files of testdata/, and protobuf's own.
class Files final : public SourceTree {
 public:
  Files(std::string name, std::string_view text) : name_{std::move(name)}, text_{text} {}

  google::protobuf::io::ZeroCopyInputStream* Open(const std::string& name) override {
    if (name != name_) return disk_.Open(name);
    return new google::protobuf::io::ArrayInputStream{text_.data(), static_cast<int>(text_.size())};
  }
  void map(const std::string& folder) { disk_.MapPath("", folder); }

 private:
  std::string name_;
  std::string_view text_;
  google::protobuf::compiler::DiskSourceTree disk_;
};

class Errors final : public google::protobuf::compiler::MultiFileErrorCollector {
 public:
  void AddError(const std::string& file, int line, int, const std::string& message) override {
    ADD_FAILURE() << file << ":" << line + 1 << ": " << message;
  }
};

class Output final : public google::protobuf::compiler::GeneratorContext {
 public:
  google::protobuf::io::ZeroCopyOutputStream* Open(const std::string& name) override {
    names.push_back(name);
    return new google::protobuf::io::StringOutputStream{&text};
  }
  std::vector<std::string> names;
  std::string text;
};

}  // namespace

Generated generate(const std::string& name, std::string_view proto, const std::string& parameter) {
  Files files{name, proto};
  files.map(std::string{HAL_TESTDATA} + "/..");
  files.map("/usr/include");
  Errors errors;
  google::protobuf::compiler::Importer importer{&files, &errors};
  const auto* const file = importer.Import(name);
  if (file == nullptr) return {};
  Output output;
  Generated result;
  if (Generator{}.Generate(file, parameter, &output, &result.error)) {
    EXPECT_EQ(output.names, std::vector{name.substr(0, name.size() - 6) + ".hal.hpp"});
  }
  result.header = output.text;
  return result;
}

std::string read_testdata(const std::string& name) {
  std::ifstream file{std::string{HAL_TESTDATA} + "/" + name};
  EXPECT_TRUE(file) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

}  // namespace hal::protoc::testing
