// URLs, hosts with ports, queries and percent coding: what is understood is written alike.
#include "fuzz.hpp"

#include <hal/wire/percent.hpp>
#include <hal/wire/query.hpp>
#include <hal/wire/url.hpp>

#include <algorithm>

namespace {

namespace wire = hal::wire;

void check_url(std::string_view text) {
  const auto url = wire::parse_url(text);
  if (!url) {
    hal::expects(url.error().code() == hal::Code::kInvalidArgument, "the text's mistake");
    return;
  }
  hal::expects(url->scheme == "http" || url->scheme == "https", "no other scheme");
  hal::expects(!url->host.empty() && url->path.starts_with('/'), "a host and a path");
  const auto again = wire::parse_url(url->scheme + "://" + url->authority() + url->target());
  hal::expects(again && again->host == url->host && again->port == url->port &&
                   again->path == url->path && again->query == url->query,
               "what is written is read alike");
}

void check_query(std::string_view text) {
  constexpr std::size_t kPairsMax = 16;
  const auto pairs = wire::parse_query(text, kPairsMax);
  if (!pairs) return;
  hal::expects(pairs->size() <= kPairsMax, "pairs are counted");
  const auto again = wire::parse_query(wire::format_query(*pairs), kPairsMax);
  // A nameless pair without a value is written as nothing.
  if (std::ranges::find(*pairs, wire::QueryPairs::value_type{}) == pairs->end()) {
    hal::expects(again == pairs, "what is written is read alike");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  check_url(text);
  (void)wire::parse_host_port(text);
  (void)wire::parse_query(text);
  // An escaped NUL is refused, so one that stands there does not come back.
  if (!text.contains('\0')) {
    check_query(text);
    hal::expects(wire::percent_decode(wire::percent_encode(text)) == text, "bytes come back");
  }
  return 0;
}
