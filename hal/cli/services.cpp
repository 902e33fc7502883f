#include <hal/cli/services.hpp>

#include <hal/app/node.hpp>
#include <hal/async/deadline.hpp>
#include <hal/base/ascii.hpp>
#include <hal/cli/session.hpp>
#include <hal/cli/terminal_text.hpp>
#include <hal/config/config.hpp>

#include <fmt/ranges.h>
#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

namespace hal::cli {
namespace {

namespace json = boost::json;
using service::Node;
using std::chrono::seconds;

constexpr seconds kTimeout{10};
constexpr std::size_t kEndpointsShownMax = 4;

struct ServicesOptions {
  bool json = false;
};
BOOST_DESCRIBE_STRUCT(ServicesOptions, (), (json))

/// The time of "2026-11-25T10:00:00Z".
std::optional<std::chrono::sys_seconds> parse_time(std::string_view text) {
  if (text.size() != 20 || text[10] != 'T' || text[19] != 'Z') return std::nullopt;
  const auto number = [text](std::size_t at, std::size_t size) {
    return parse_int<unsigned>(text.substr(at, size));
  };
  const auto year = number(0, 4), month = number(5, 2), day = number(8, 2);
  const auto hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                         std::chrono::month{*month}, std::chrono::day{*day}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
         seconds{*second};
}

std::optional<seconds> age_of(const Node& node, std::chrono::sys_seconds now) {
  const auto started = node.metadata.find(app::kStartedMetadata);
  const auto time = started == node.metadata.end() ? std::nullopt : parse_time(started->second);
  return time ? std::optional{std::max(now - *time, seconds{0})} : std::nullopt;
}

std::string age_text(std::optional<seconds> age) {
  if (!age) return "-";
  const auto count = age->count();
  if (count < 120) return fmt::format("{}s", count);
  if (count < 120 * 60) return fmt::format("{}m", count / 60);
  if (count < 48 * 3600) return fmt::format("{}h", count / 3600);
  return fmt::format("{}d", count / 86400);
}

std::string endpoints_text(const std::vector<std::string>& endpoints) {
  const auto shown = std::min(endpoints.size(), kEndpointsShownMax);
  auto text = fmt::format(
      "{}",
      fmt::join(endpoints.begin(), endpoints.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (shown < endpoints.size()) text += fmt::format(" and {} more", endpoints.size() - shown);
  return text;
}

Task<Result<std::vector<Node>>> list(Session* session) {
  co_return co_await timeout(kTimeout, session->discovery().list());
}

}  // namespace

bool can_list(std::string_view registry) noexcept {
  return registry != "dns" && registry != "endpointslice" && registry != "static";
}

std::string listing_note(std::string_view registry, bool is_empty) {
  if (!can_list(registry)) {
    return fmt::format(
        "the {} registry cannot list its services{}: it answers for a name, as in "
        "`hal call --service=name`",
        registry, is_empty ? "" : " beside HAL_STATIC_ADDRESSES");
  }
  return is_empty ? fmt::format("the {} registry knows no service", registry) : std::string{};
}

std::string services_table(std::span<const Node> nodes, std::chrono::sys_seconds now) {
  using Row = std::array<std::string, 5>;
  std::vector<Row> rows{{"SERVICE", "VERSION", "ADDRESS", "AGE", "ENDPOINTS"}};
  for (const Node& node : nodes) {
    rows.push_back({node.service, node.version.empty() ? "-" : node.version, node.address,
                    age_text(age_of(node, now)), endpoints_text(node.endpoints)});
    for (auto& cell : rows.back()) cell = printable(cell);
  }
  std::array<std::size_t, 5> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += pad_right(row[i], widths[i]) + "  ";
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string services_json(std::span<const Node> nodes, std::chrono::sys_seconds now) {
  json::array all;
  for (const Node& node : nodes) {
    const bool same = !all.empty() && all.back().at("name") == json::string{node.service} &&
                      all.back().at("version") == json::string{node.version};
    if (!same) {
      all.push_back(
          json::object{{"name", node.service},
                       {"version", node.version},
                       {"nodes", json::array{}},
                       {"endpoints", json::array(node.endpoints.begin(), node.endpoints.end())}});
    }
    json::object metadata;
    for (const auto& [key, value] : node.metadata) metadata[key] = value;
    const auto age = age_of(node, now);
    all.back().get_object()["nodes"].get_array().push_back(
        json::object{{"id", node.id},
                     {"address", node.address},
                     {"age_s", age ? json::value(age->count()) : json::value(nullptr)},
                     {"metadata", std::move(metadata)}});
  }
  return json::serialize(all) + "\n";
}

int services(const config::Environment& environment, const config::Arguments& arguments) {
  std::vector<config::Setting> settings;
  const auto options = config::read<ServicesOptions>({{}, arguments}, &settings);
  Result<> usable = arguments.check_known(config::flags_of(settings));
  if (usable && !options) usable = error(options.error());
  if (usable && arguments.positional().size() != 1) {
    usable = error(Code::kInvalidArgument, "usage: hal services [--json]");
  }
  if (!usable) {
    fmt::print(stderr, "hal services: {}\n", usable.error().message());
    return 2;
  }
  auto session = Session::make(environment);
  auto nodes = session ? (*session)->run(list) : error(session.error());
  if (!nodes) {
    fmt::print(stderr, "hal services: {}\n", nodes.error().message());
    return 1;
  }
  const auto now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
  // Versions of one service stand together.
  std::ranges::sort(*nodes, {},
                    [](const Node& node) { return std::tie(node.service, node.version, node.id); });
  const std::string_view registry = (*session)->discovery().name();
  const auto note = listing_note(registry, nodes->empty());
  const bool is_failure = nodes->empty() && !can_list(registry);
  if (!is_failure) {
    fmt::print("{}", options->json ? services_json(*nodes, now) : services_table(*nodes, now));
  }
  if (!note.empty() && (is_failure || !options->json)) {
    fmt::print(stderr, "hal services: {}\n", note);
  }
  return is_failure ? 1 : 0;
}

}  // namespace hal::cli
