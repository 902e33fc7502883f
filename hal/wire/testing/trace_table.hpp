// The tables of trace headers in hal/wire/testdata: what comes in, what it means, what goes on.
// tests/integration/support/trace_table.py reads the same files.
#pragma once

#include <hal/base/ascii.hpp>
#include <hal/base/headers.hpp>
#include <hal/wire/trace_extract.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hal::wire::testing {

struct Row {
  std::string kind;  ///< of the W3C's table
  std::string name;
  Headers in;
  std::string trace;  ///< empty: no context, or the trace restarts
  std::string span;
  std::string sampling;
  bool random = false;
  std::string rejected;  ///< RejectReason's text
  std::string state;     ///< the tracestate that goes on
  std::string request_id;
  std::string baggage;
  Headers pass;
  MeshProvider provider = MeshProvider::kAuto;
  int calls = 1;
};

/// "{T}" and the like are ids; "{3*k#,}" is "k0,k1,k2,". The innermost braces come first; other
/// braces stay.
inline std::string expanded(std::string text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kNames{{
      {"T", "463ac35c9f6413ad48485a3953bb6124"},
      {"TU", "463AC35C9F6413AD48485A3953BB6124"},
      {"t", "48485a3953bb6124"},
      {"0t", "000000000000000048485a3953bb6124"},
      {"S", "a2fb4a1d1a96d312"},
      {"SU", "A2FB4A1D1A96D312"},
      {"P", "0020000000000001"},
      {"O", "0af7651916cd43dd8448eb211c80319c"},
      {"R", "00000000000000c2"},
      {"B", "AABGOsNcn2QTrUhIWjlTu2EkAaL7Sh0altMSAgE"},
  }};
  const auto repeated = [](std::string_view part, int count) {
    std::string made;
    for (int i = 0; i < count; ++i) {
      for (const char c : part) made += c == '#' ? std::to_string(i) : std::string(1, c);
    }
    return made;
  };
  for (std::size_t end = text.find('}'); end != std::string::npos;) {
    const std::size_t begin = text.rfind('{', end);
    const std::string inside = text.substr(begin + 1, end - begin - 1);
    const std::size_t star = inside.find('*');
    const auto* name =
        std::ranges::find(kNames, inside, [](const auto& pair) { return pair.first; });
    if (star != std::string::npos) {
      text.replace(begin, inside.size() + 2,
                   repeated(std::string_view{inside}.substr(star + 1),
                            parse_int<int>(inside.substr(0, star)).value_or(0)));
    } else if (name != kNames.end()) {
      text.replace(begin, inside.size() + 2, name->second);
    }
    end = text.find(
        '}', text.compare(begin, inside.size() + 2, "{" + inside + "}") == 0 ? end + 1 : begin);
  }
  return text;
}

/// `file` is "hal/wire/testdata/...". A malformed one throws.
inline std::vector<Row> read_rows(const std::string& file) {
  std::stringstream text;
  text << std::ifstream{file}.rdbuf();
  std::vector<Row> rows;
  for (const auto& value : boost::json::parse(text.str()).as_array()) {
    const auto& object = value.as_object();
    const auto get = [&](const char* key) -> std::string {
      const auto* found = object.if_contains(key);
      return found == nullptr ? "" : expanded(std::string{found->as_string()});
    };
    const auto lines = [&](const char* key) {
      Headers headers;
      const auto* found = object.if_contains(key);
      if (found == nullptr) return headers;
      for (const auto& line : found->as_array()) {
        const std::string field = expanded(std::string{line.as_string()});
        const std::size_t colon = field.find(": ");
        headers.add(field.substr(0, colon), std::string_view{field}.substr(colon + 2));
      }
      return headers;
    };
    const std::string provider = get("provider");
    rows.push_back({.kind = get("kind"),
                    .name = get("case"),
                    .in = lines("in"),
                    .trace = get("trace"),
                    .span = get("span"),
                    .sampling = get("sampling"),
                    .random = object.contains("random"),
                    .rejected = get("rejected"),
                    .state = get("state"),
                    .request_id = get("request_id"),
                    .baggage = get("baggage"),
                    .pass = lines("pass"),
                    .provider = provider == "zipkin" ? MeshProvider::kZipkin
                                : provider == "w3c"  ? MeshProvider::kW3c
                                                     : MeshProvider::kAuto,
                    .calls = object.contains("calls") ? 3 : 1});
  }
  return rows;
}

}  // namespace hal::wire::testing
