#include <hal/identity/key_file.hpp>

#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace hal::identity {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;
using ::testing::HasSubstr;

constexpr sys_seconds kNow{seconds{1'000'000}};

class KeyFileTest : public ::testing::Test {
 protected:
  KeyFileTest()
      : folder_{(std::filesystem::temp_directory_path() / "hal9000-test-XXXXXX").string()} {
    expects(::mkdtemp(folder_.data()) != nullptr, "the test can make a temporary folder");
  }
  ~KeyFileTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  [[nodiscard]] std::string path() const { return folder_ + "/keys.json"; }
  [[nodiscard]] std::string text() const {
    std::ifstream file{path()};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  void write(std::string_view text, mode_t mode = 0600) const {
    std::ofstream{path(), std::ios::trunc} << text;
    ASSERT_EQ(::chmod(path().c_str(), mode), 0);
  }
  [[nodiscard]] mode_t mode() const {
    struct stat about{};
    expects(::stat(path().c_str(), &about) == 0, "the key file is there");
    return about.st_mode & 07777U;
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator{folder_}, {}));
  }
  /// The error of load().
  [[nodiscard]] std::string problem() const {
    const auto keys = KeyFile{path()}.load();
    return keys ? "" : keys.error().to_string();
  }

  std::string folder_;
};

TEST_F(KeyFileTest, IsMadeAtTheFirstStartAndKept) {
  const mode_t before = ::umask(0);
  const KeyFile file{path()};
  EXPECT_EQ(problem(), "NOT_FOUND: there is no key file '" + path() + "'");
  const auto made = file.load_or_create(kNow);
  ::umask(before);
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_EQ(mode(), 0600U);
  EXPECT_EQ(files(), 1U);
  const std::string text_before = text();
  const auto again = file.load_or_create(kNow + seconds{5});
  ASSERT_TRUE(again);
  EXPECT_EQ(text(), text_before);
  ASSERT_EQ(again->all().size(), 1U);
  EXPECT_EQ(again->all()[0].kid, made->all()[0].kid);
  EXPECT_EQ(again->all()[0].created_at, kNow);
  EXPECT_EQ(again->all()[0].retires_at, std::nullopt);
  EXPECT_EQ(again->all()[0].pair.public_key(), made->all()[0].pair.public_key());
  EXPECT_EQ(again->sign({.sub = "jo"}, kNow), made->sign({.sub = "jo"}, kNow));
}

TEST_F(KeyFileTest, ARotationReplacesIt) {
  const KeyFile file{path()};
  const auto made = file.load_or_create(kNow);
  ASSERT_TRUE(made);
  const auto rotated = file.rotate(kNow + seconds{100});
  ASSERT_TRUE(rotated) << rotated.error().to_string();
  EXPECT_EQ(mode(), 0600U);
  EXPECT_EQ(files(), 1U);
  const auto read = file.load();
  ASSERT_TRUE(read);
  ASSERT_EQ(read->all().size(), 2U);
  EXPECT_EQ(read->all()[0].kid, made->all()[0].kid);
  EXPECT_EQ(read->all()[0].retires_at, kNow + seconds{770});
  EXPECT_EQ(read->all()[1].kid, rotated->all()[1].kid);
  EXPECT_EQ(read->all()[1].created_at, kNow + seconds{100});
  EXPECT_EQ(KeyFile{folder_ + "/other"}.rotate(kNow).error().code(), Code::kNotFound);
}

TEST_F(KeyFileTest, AllWhoStartAtOnceGetOneKey) {
  std::vector<std::string> kids(8);
  {
    std::vector<std::jthread> threads;
    for (auto& kid : kids) {
      threads.emplace_back([this, &kid] {
        const auto keys = KeyFile{path()}.load_or_create(kNow);
        kid = keys ? keys->all()[0].kid : keys.error().to_string();
      });
    }
  }
  EXPECT_THAT(kids, ::testing::Each(kids[0]));
  EXPECT_EQ(kids[0].size(), 43U);
  EXPECT_EQ(files(), 1U);
}

TEST_F(KeyFileTest, NobodyElseMayReadIt) {
  ASSERT_TRUE(KeyFile{path()}.load_or_create(kNow));
  for (const mode_t wrong :
       {0644U, 0640U, 0660U, 0606U, 0604U, 0601U, 0700U, 0440U, 04600U, 01600U}) {
    ASSERT_EQ(::chmod(path().c_str(), wrong), 0);
    EXPECT_THAT(problem(), HasSubstr(fmt::format("has mode {:04o} and owner", wrong)));
    const auto refused = KeyFile{path()}.load_or_create(kNow);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::kFailedPrecondition);
    EXPECT_THAT(refused.error().message(), HasSubstr("chmod 600"));
    EXPECT_EQ(KeyFile{path()}.rotate(kNow).error().code(), Code::kFailedPrecondition);
  }
  ASSERT_EQ(::chmod(path().c_str(), 0400), 0);
  EXPECT_EQ(problem(), "");
}

TEST_F(KeyFileTest, IsAFile) {
  ASSERT_TRUE(std::filesystem::create_directory(path()));
  EXPECT_THAT(problem(), HasSubstr("is no regular file"));
  std::filesystem::remove(path());
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  EXPECT_THAT(problem(), HasSubstr("is no regular file"));  // and nobody waits for a writer
  std::filesystem::remove(path());
  std::filesystem::create_symlink(folder_ + "/nowhere", path());
  EXPECT_THAT(problem(), ::testing::StartsWith("NOT_FOUND"));
  // A name that leads nowhere is neither written through nor replaced.
  EXPECT_THAT(KeyFile{path()}.load_or_create(kNow).error().to_string(),
              HasSubstr("FAILED_PRECONDITION: the key file '" + path() + "' is a symbolic link"));
  EXPECT_EQ(files(), 1U);
  const auto refused = KeyFile{folder_ + "/none/keys.json"}.load_or_create(kNow);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_string(),
              HasSubstr("UNAVAILABLE: cannot make the key file '" + folder_ + "/none/keys.json'"));
}

TEST_F(KeyFileTest, ASymbolicLinkToAFileIsFollowed) {
  // As Secrets are mounted.
  ASSERT_TRUE(KeyFile{folder_ + "/data"}.load_or_create(kNow));
  std::filesystem::create_symlink("data", path());
  EXPECT_EQ(problem(), "");
  // A rotation would put a file in its place that nobody else sees.
  EXPECT_EQ(KeyFile{path()}.rotate(kNow).error().code(), Code::kFailedPrecondition);
  EXPECT_TRUE(std::filesystem::is_symlink(path()));
  EXPECT_EQ(KeyFile{folder_ + "/data"}.load()->all().size(), 1U);
  EXPECT_EQ(files(), 2U);
}

/// What a process that was killed in the middle of a write has left.
TEST_F(KeyFileTest, AHalfWrittenFileIsDoneAwayWith) {
  const auto leave = [&] {
    std::ofstream{path() + ".next"} << R"({"keys":[{"d":")" << std::string(5000, 'x');
    ASSERT_EQ(::chmod((path() + ".next").c_str(), 0644), 0);
  };
  leave();
  const KeyFile file{path()};
  const auto made = file.load_or_create(kNow);
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_EQ(files(), 1U);
  EXPECT_EQ(mode(), 0600U);
  EXPECT_EQ(problem(), "");
  leave();
  EXPECT_EQ(file.load_or_create(kNow)->all()[0].kid, made->all()[0].kid);
  EXPECT_EQ(files(), 1U);
  leave();
  EXPECT_EQ(file.rotate(kNow)->all().size(), 2U);
  EXPECT_EQ(files(), 1U);
  EXPECT_EQ(file.load()->all().size(), 2U);
  // Another process's is left alone while it is being written.
  leave();
  const int busy = ::open((path() + ".next").c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_EQ(::flock(busy, LOCK_EX), 0);
  EXPECT_TRUE(file.load_or_create(kNow));
  EXPECT_EQ(files(), 2U);
  ::close(busy);
}

TEST_F(KeyFileTest, RotationsAtOnceAllCount) {
  ASSERT_TRUE(KeyFile{path()}.load_or_create(kNow));
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([this] { EXPECT_TRUE(KeyFile{path()}.rotate(kNow)); });
    }
  }
  EXPECT_EQ(KeyFile{path()}.load()->all().size(), 9U);
  EXPECT_EQ(files(), 1U);
}

constexpr std::string_view kSeed = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

TEST_F(KeyFileTest, TakesWhatOtherToolsMake) {
  write(fmt::format(R"({{"keys":[{{"kty":"OKP","crv":"Ed25519","d":"{}"}}]}})", kSeed));
  const auto keys = KeyFile{path()}.load();
  ASSERT_TRUE(keys) << keys.error().to_string();
  EXPECT_EQ(keys->all()[0].kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  EXPECT_EQ(keys->signer(kNow).kid, keys->all()[0].kid);
}

TEST_F(KeyFileTest, SaysWhatIsWrongAndNeverASecret) {
  const auto keys = [](std::string_view key) { return fmt::format(R"({{"keys":[{}]}})", key); };
  const auto key = [](std::string_view more) {
    return fmt::format(R"({{"kty":"OKP","crv":"Ed25519","d":"{}"{}}})", kSeed, more);
  };
  const std::pair<std::string, std::string> cases[] = {
      {"", "the text ends too early (line 1, column 1)"},
      {"{}", "$.keys: required field is missing"},
      {keys(""), "there is no key"},
      {keys(R"({"kty":"OKP","crv":"Ed25519"})"), "$.keys[0].d: required field is missing"},
      {keys(R"({"kty":"RSA","crv":"Ed25519","d":"AAAA"})"), "key 1: only \"kty\":\"OKP\""},
      {keys(R"({"kty":"OKP","crv":"X25519","d":"AAAA"})"), "key 1: only \"kty\":\"OKP\""},
      {keys(R"({"kty":"OKP","crv":"Ed25519","d":"AAAA"})"), "key 1: \"d\" is not 32 bytes"},
      {keys(key("") + "," + key("")), "two keys have the kid"},
      {keys(key(R"(,"x":"AAAA")")), "key 1: \"x\" is not the public key of \"d\""},
      {keys(key(R"(,"kid":"")")), "a kid has 1 to 64 bytes"},
      {keys(key(R"(,"retires_at":5)")), "every key retires"},
      {keys(key(R"(,"created_at":"5")")), "$.keys[0].created_at: expected integer, got string"},
      {keys(key(R"(,"oops":1)")), "$.keys[0].oops"},
      {keys(key("") + "," + R"({"kty":"OKP","crv":"Ed25519","d":")" + std::string{kSeed} + "x\"}"),
       "key 2: \"d\""},
      {keys(key("")) + "x", "line 1"},
  };
  for (const auto& [content, expected] : cases) {
    write(content);
    const std::string got = problem();
    EXPECT_THAT(got, ::testing::StartsWith("INVALID_ARGUMENT: the key file '" + path() + "': "));
    EXPECT_THAT(got, HasSubstr(expected)) << content;
    EXPECT_THAT(got, ::testing::Not(HasSubstr(kSeed.substr(0, 8)))) << content;
  }
  write(std::string(70'000, ' '));
  EXPECT_THAT(problem(), HasSubstr("has more than 65536 bytes"));
}

}  // namespace
}  // namespace hal::identity
