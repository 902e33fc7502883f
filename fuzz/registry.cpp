// What registries answer: 'n' a node's document, 'd' a message of DNS, else JSON of which some
// members are wanted, in pieces of that many bytes.
#include "fuzz.hpp"
#include "pieces.hpp"

#include <hal/discovery/kubernetes/json_pruner.hpp>
#include <hal/discovery/node_json.hpp>
#include <hal/net/dns/answers.hpp>

#include <boost/json.hpp>

namespace {

namespace discovery = hal::discovery;
using discovery::kubernetes::JsonPruner;

void check_node(std::string_view text) {
  const auto nodes = discovery::nodes_from_json(text);
  if (!nodes || nodes->empty()) return;
  hal::expects(nodes->size() <= 256, "nodes are counted");
  const auto written = discovery::to_json(*nodes);
  hal::expects(written.has_value(), "what is read can be written");
  const auto again = discovery::nodes_from_json(*written);
  hal::expects(
      again && again->size() == nodes->size() && again->front().address == nodes->front().address,
      "what is written is read alike");
}

void check_dns(std::string_view message) {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(message.data());
  const auto targets = hal::net::dns::targets_of({bytes, message.size()});
  hal::expects(!targets || !targets->targets.empty(), "an answer names a target");
}

/// Values as texts, and "!" for an error.
std::string prune(std::string_view text, std::uint8_t size) {
  const discovery::kubernetes::Fields wanted{
      .name{},
      .inside = {{.name = "items", .inside = {{.name = "a"}, {.name = "b*"}}, .each = true},
                 {.name = "metadata", .inside = {{.name = "v"}}}}};
  JsonPruner pruner{wanted, {.kept_bytes_max = 256, .depth_max = 16}};
  std::string all;
  const auto take = [&pruner, &all] {
    for (const auto& value : pruner.take()) all += boost::json::serialize(value) + '\n';
  };
  for (const auto piece : fuzz::pieces_of(text, size)) {
    if (!pruner.feed(piece)) return "!";
    take();
  }
  if (!pruner.end_document()) return "!";
  take();
  hal::expects(all.size() <= 8 * text.size() + 64, "what is kept came");
  return all;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text = fuzz::text_of(data + 1, size - 1);
  if (data[0] == 'n') {
    check_node(text);
  } else if (data[0] == 'd') {
    check_dns(text);
  } else {
    hal::expects(prune(text, 0) == prune(text, data[0]), "pieces change nothing");
  }
  return 0;
}
