// A body of a login: read right or refused, and what is read keeps the struct's rules.
#include "fuzz.hpp"

#include <hal/base/utf8.hpp>
#include <hal/http/json.hpp>

namespace {

struct Credentials {
  std::string username{};
  std::string password{};
  std::optional<std::vector<std::int16_t>> more{};
  bool operator==(const Credentials&) const = default;

  static constexpr hal::http::json::Rule kRules[] = {
      {.member = "username", .size = {.min = 1, .max = 8}},
      {.member = "password", .size = {.min = 2}},
      {.member = "more", .size = {.max = 3}},
  };
};
BOOST_DESCRIBE_STRUCT(Credentials, (), (username, password, more))

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace json = hal::http::json;
  const auto parsed = json::parse<Credentials>(fuzz::text_of(data, size));
  if (!parsed) {
    hal::expects(parsed.error().code() == hal::Code::kInvalidArgument, "the client's mistake");
    hal::expects(parsed.error().message().size() < 400, "an error is a readable line");
    return 0;
  }
  const auto& [username, password, more] = *parsed;
  hal::expects(!username.empty() && username.size() <= 8 && password.size() >= 2 &&
                   (!more || more->size() <= 3),
               "the rules hold");
  hal::expects(hal::find_invalid_utf8(username + password) == std::string::npos, "texts are UTF-8");
  hal::expects(json::parse<Credentials>(json::to_string(*parsed)) == *parsed,
               "what is written is read alike");
  return 0;
}
