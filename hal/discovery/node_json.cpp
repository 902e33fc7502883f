#include <hal/discovery/node_json.hpp>

#include <fmt/format.h>
#include <boost/json.hpp>

#include <array>

namespace hal::discovery {
namespace {

namespace json = boost::json;

constexpr std::size_t kNodesMax = 256;

std::unexpected<Status> wrong(std::string_view key, std::string_view rule) {
  return error(Code::kInvalidArgument, fmt::format("\"{}\" is not {}", key, rule));
}

/// The value of a key; null when it is absent or JSON's null.
const json::value* find(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<std::string> text_of(const json::object& object, std::string_view key) {
  const json::value* const value = find(object, key);
  if (value == nullptr) return std::string{};
  if (!value->is_string()) return wrong(key, "a string");
  return std::string{std::string_view{value->get_string()}};
}

Result<std::map<std::string, std::string>> metadata_of(const json::object& object) {
  std::map<std::string, std::string> metadata;
  const json::value* const value = find(object, "metadata");
  if (value == nullptr) return metadata;
  if (!value->is_object()) return wrong("metadata", "an object");
  for (const auto& entry : value->get_object()) {
    if (!entry.value().is_string()) return wrong(entry.key(), "a string");
    metadata.emplace(entry.key(), std::string_view{entry.value().get_string()});
  }
  return metadata;
}

Result<std::vector<std::string>> endpoints_of(const json::object& object) {
  std::vector<std::string> names;
  const json::value* const list = find(object, "endpoints");
  if (list == nullptr) return names;
  if (!list->is_array()) return wrong("endpoints", "a list");
  for (const json::value& value : list->get_array()) {
    if (!value.is_object()) return wrong("endpoints", "a list of objects");
    auto name = text_of(value.get_object(), "name");
    if (!name) return error(std::move(name.error()));
    names.push_back(std::move(*name));
  }
  return names;
}

/// `service` has what all its nodes have in common.
Result<service::Node> node_of(const json::value& value, const service::Node& service,
                              const NodeLimits& limits) {
  if (!value.is_object()) return wrong("nodes", "a list of objects");
  const json::object& object = value.get_object();
  auto id = text_of(object, "id");
  if (!id) return error(std::move(id.error()));
  auto address = text_of(object, "address");
  if (!address) return error(std::move(address.error()));
  auto metadata = metadata_of(object);
  if (!metadata) return error(std::move(metadata.error()));
  service::Node node = service;
  node.id = std::move(*id);
  node.address = std::move(*address);
  node.metadata = std::move(*metadata);
  if (auto ok = check(node, limits); !ok) return error(std::move(ok.error()));
  return node;
}

Result<std::vector<service::Node>> nodes_of(const json::value& document, const NodeLimits& limits) {
  if (!document.is_object()) {
    return error(Code::kInvalidArgument, "the document is not an object");
  }
  const json::object& object = document.get_object();
  auto name = text_of(object, "name");
  if (!name) return error(std::move(name.error()));
  auto version = text_of(object, "version");
  if (!version) return error(std::move(version.error()));
  auto endpoints = endpoints_of(object);
  if (!endpoints) return error(std::move(endpoints.error()));
  const service::Node service{.id{},
                              .address{},
                              .service = std::move(*name),
                              .version = std::move(*version),
                              .metadata{},
                              .endpoints = std::move(*endpoints)};
  std::vector<service::Node> nodes;
  const json::value* const list = find(object, "nodes");
  if (list == nullptr) return nodes;
  if (!list->is_array()) return wrong("nodes", "a list");
  if (list->get_array().size() > kNodesMax) {
    return wrong("nodes", fmt::format("a list of at most {}", kNodesMax));
  }
  for (const json::value& value : list->get_array()) {
    auto node = node_of(value, service, limits);
    if (!node) return error(std::move(node.error()));
    nodes.push_back(std::move(*node));
  }
  return nodes;
}

}  // namespace

Result<std::string> to_json(std::span<const service::Node> nodes, const NodeLimits& limits) {
  json::array all;
  for (const auto& node : nodes) {
    if (auto ok = check(node, limits); !ok) return error(std::move(ok.error()));
    json::object metadata;
    for (const auto& [key, value] : node.metadata) metadata.emplace(key, value);
    all.push_back(json::object{{"id", node.id}, {"address", node.address}, {"metadata", metadata}});
  }
  json::array endpoints;
  for (const auto& name : nodes.front().endpoints) {
    endpoints.push_back(json::object{
        {"name", name}, {"request", nullptr}, {"response", nullptr}, {"metadata", json::object{}}});
  }
  const json::object document{{"name", nodes.front().service},
                              {"version", nodes.front().version},
                              {"metadata", nullptr},
                              {"endpoints", endpoints},
                              {"nodes", all}};
  std::string text = json::serialize(document);
  // The serializer writes bytes as they are; only the parser knows UTF-8.
  if (auto read = nodes_from_json(text, limits); !read) return error(std::move(read.error()));
  return text;
}

Result<std::string> to_json(const service::Node& node, const NodeLimits& limits) {
  return to_json(std::span{&node, 1}, limits);
}

Result<std::vector<service::Node>> nodes_from_json(std::string_view text,
                                                   const NodeLimits& limits) {
  std::array<unsigned char, 8192> buffer;
  json::monotonic_resource memory{buffer.data(), buffer.size()};
  json::error_code failure;
  const json::value document = json::parse(text, failure, &memory);
  if (failure) {
    return error(Code::kInvalidArgument, fmt::format("not JSON: {}", failure.message()));
  }
  return nodes_of(document, limits);
}

}  // namespace hal::discovery
