#include <hal/http/language.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace hal::http {
namespace {

TEST(Language, TheHighestWeightThenTheFirst) {
  constexpr auto kEn = Language::kEnglish;
  constexpr auto kZh = Language::kChinese;
  const std::vector<std::pair<std::string, Language>> table{
      {"", kEn},
      {"zh", kZh},
      {"ZH", kZh},
      {"zh-CN", kZh},
      {"zh-Hans-CN,zh;q=0.9,en;q=0.8", kZh},
      {"zh-CN,zh;q=0.9,en-US;q=0.8,en;q=0.7", kZh},
      {"en,zh", kEn},
      {"zh,en", kZh},
      {"en;q=0.5,zh;q=0.8", kZh},
      {"en;q=0.8,zh;q=0.5", kEn},
      {"de,zh;q=0.1", kZh},
      {"*,zh;q=0.9", kEn},
      {"*;q=0.1, zh ; q=0.9", kZh},
      {"zh;q=0", kEn},
      {"zh;Q=0.001", kZh},
      {"zh;q=1.000", kZh},
      {"zh;q=1.", kZh},
      // Not weights: the range does not count.
      {"zh;q=1.001", kEn},
      {"zh;q=0.1234", kEn},
      {"zh;q=", kEn},
      {"zh;q", kEn},
      {"zh;q=.5", kEn},
      {"zh;q=-1", kEn},
      {"zh;q=0x1", kEn},
      {"zh;level=1", kEn},
      // Not languages of ours.
      {"zhuang", kEn},
      {"de-zh", kEn},
      {",,;,-,zh", kZh},
      {std::string(100'000, ','), kEn},
  };
  for (const auto& [header, expected] : table) {
    EXPECT_EQ(preferred_language(header), expected) << header.substr(0, 60);
  }
}

}  // namespace
}  // namespace hal::http
