#include <hal/discovery/kubernetes/watch.hpp>

#include <hal/async/deadline.hpp>
#include <hal/telemetry/log.hpp>
#include <hal/wire/percent.hpp>

#include <fmt/format.h>
#include <boost/json.hpp>

namespace hal::discovery::kubernetes {
namespace {

namespace json = boost::json;

Fields object_fields(const Resource& resource) {
  Fields metadata{.name = "metadata", .inside = resource.metadata};
  for (const char* name : {"name", "resourceVersion"}) metadata.inside.push_back({.name = name});
  Fields object{.name{}, .inside = resource.fields};
  object.inside.push_back(std::move(metadata));
  return object;
}

constexpr std::string_view kKept = "what is known stays in use";

Status gone() { return {Code::kOutOfRange, "the resourceVersion is too old"}; }

}  // namespace

std::string_view text_of(const json::object& object, std::string_view name) {
  const auto* const value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return value->get_string();
}

const json::object* object_of(const json::object& object, std::string_view name) {
  const auto* const value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* array_of(const json::object& object, std::string_view name) {
  const auto* const value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_array();
}

Fields list_fields(const Resource& resource) {
  Fields items = object_fields(resource);
  items.name = "items";
  items.each = true;
  return {
      .name{},
      .inside = {std::move(items), {.name = "metadata", .inside = {{.name = "resourceVersion"}}}}};
}

Fields event_fields(const Resource& resource) {
  Fields object = object_fields(resource);
  object.name = "object";
  for (const char* name : {"code", "message"}) object.inside.push_back({.name = name});
  return {.name{}, .inside = {{.name = "type"}, std::move(object)}};
}

Task<Result<>> read_list(ApiClient* client, ApiRequest request, Fields wanted, PrunerLimits limits,
                         std::function<Result<>(const json::object&)> each) {
  auto response = co_await or_return(client->open(std::move(request)));
  JsonPruner list{std::move(wanted), limits};
  for (;;) {
    const std::string piece = co_await or_return(response.read());
    co_await or_return(piece.empty() ? list.end_document() : list.feed(piece));
    for (const json::value& value : list.take()) {
      if (const auto* const object = value.if_object()) co_await or_return(each(*object));
    }
    if (piece.empty()) co_return Result<>{};
  }
}

Watch::Watch(ApiClient& client, Resource resource, WatchOptions options)
    : client_{client},
      resource_{std::move(resource)},
      options_{std::move(options)},
      backoff_{options_.backoff},
      random_{options_.seed ? *options_.seed : std::random_device{}()} {}

Task<> Watch::run() {
  while (co_await or_stopped()) {
    Result<> result{};
    refusal_ = {};
    watching_ = false;
    if (version_.empty()) result = co_await timeout(options_.list_timeout, list());
    if (result) result = co_await follow();
    if (!co_await or_stopped()) break;
    ended(result, (co_await this_context()).loop->now());
    if (!co_await sleep(refusal_.retry_after + backoff_.next(random_))) break;
  }
}

/// An end of a WATCH is no failure: the server ends each one after a while.
void Watch::ended(const Result<>& result, TimePoint now) {
  if (result) {
    refusals_ = 0;
    return;
  }
  nodes().fail(result.error());
  if (result.error().code() == Code::kOutOfRange) {
    log::info("{} in namespace {}: {}: they are listed again", resource_.name, resource_.ns,
              result.error().message());
    version_.clear();
    return;
  }
  const Code code = result.error().code();
  if (is_worn_out(code)) version_.clear();
  if (failing_ && code == logged_code_ && now - logged_at_ < options_.log_interval) return;
  failing_ = true;
  logged_code_ = code;
  logged_at_ = now;
  log::warn("the API server {}: {}; {}", client_.server(), result.error().to_string(), kKept);
}

/// Whether going on from the same version may lead nowhere: the server has fallen silent, or waits
/// for a version that it has never had (504), as after its etcd was restored. One that is away, has
/// too much to do, or does not let us in says nothing about the version: no restart and no overload
/// makes all clients LIST at once.
bool Watch::is_worn_out(Code code) {
  switch (code) {
    case Code::kUnavailable:
    case Code::kUnauthenticated:
    case Code::kPermissionDenied:
      return false;
    case Code::kResourceExhausted:
      if (refusal_.http_status == 429) return false;
      break;  // a limit of ours
    case Code::kDeadlineExceeded:
      // Not a WATCH that nobody has answered, nor a 504 of a proxy, whose body is no Status.
      return watching_ || !refusal_.message.empty();
    default:
      break;
  }
  if (++refusals_ < options_.refusals_max) return false;
  refusals_ = 0;
  return true;
}

ApiRequest Watch::request(std::string_view verb, std::string_view more) {
  return {.verb = verb,
          .resource = resource_.name,
          .ns = resource_.ns,
          .path = fmt::format("{}?labelSelector={}{}", resource_.path,
                              wire::percent_encode(resource_.selector), more),
          .refusal = &refusal_};
}

Task<Result<>> Watch::list() {
  ++lists_;
  listed_.clear();
  std::string version;
  const auto each = [this, &version](const json::object& object) -> Result<> {
    const auto* const metadata = object_of(object, "metadata");
    const bool is_item = metadata != nullptr && metadata->contains("name");
    if (is_item) {
      listed_.emplace(text_of(*metadata, "name"));
      return put(object);
    }
    if (metadata != nullptr) version = text_of(*metadata, "resourceVersion");
    return {};
  };
  co_await or_return(
      read_list(&client_, request("list", ""), list_fields(resource_), options_.pruner, each));
  if (version.empty()) co_return error(Code::kInternal, "a list without a resourceVersion");
  std::erase_if(objects_, [this](const auto& entry) { return !listed_.contains(entry.first); });
  listed_.clear();
  version_ = std::move(version);
  publish();
  co_return Result<>{};
}

Task<Result<>> Watch::follow() {
  const auto seconds =
      static_cast<unsigned>(std::max<std::int64_t>(options_.watch_time.count(), 1));
  const unsigned length = seconds + static_cast<unsigned>(random_()) % seconds;
  auto response = co_await or_return(client_.open(
      request("watch", fmt::format("&watch=true&allowWatchBookmarks=true&resourceVersion={}"
                                   "&timeoutSeconds={}",
                                   wire::percent_encode(version_), length))));
  watching_ = true;
  if (failing_) log::info("the API server {} answers again", client_.server());
  failing_ = false;
  nodes().recovered();
  JsonPruner events{event_fields(resource_), options_.pruner};
  bool expired = false;
  for (;;) {
    std::string piece = co_await or_return(response.read());
    if (piece.empty()) co_return Result<>{};
    std::string_view left{piece};
    // One event a line; what is cut at the end of the stream comes again from the last version.
    for (auto end = left.find('\n'); end != std::string_view::npos; end = left.find('\n')) {
      co_await or_return(events.feed(left.substr(0, end)));
      co_await or_return(take_events(events, expired));
      left.remove_prefix(end + 1);
      if (expired) break;
    }
    co_await or_return(events.feed(left));
    publish();
    if (expired) co_return error(gone());
  }
}

Result<> Watch::take_events(JsonPruner& events, bool& expired) {
  if (auto complete = events.end_document(); !complete) return complete;
  for (const json::value& value : events.take()) {
    const auto* const event = value.if_object();
    if (event == nullptr) return error(Code::kInternal, "an event that is no object");
    if (auto applied = apply(*event, expired); !applied) return applied;
  }
  return {};
}

Result<> Watch::apply(const json::object& event, bool& expired) {
  const std::string_view type = text_of(event, "type");
  const auto* const object = object_of(event, "object");
  if (object == nullptr) return error(Code::kInternal, "an event without an object");
  if (type == "ERROR") {
    const auto* const code = object->if_contains("code");
    const int http =
        code == nullptr || !code->is_int64() ? 500 : static_cast<int>(code->get_int64());
    expired = http == 410;
    if (expired) return {};
    version_.clear();  // who knows what was missed
    return error(status_of(request("watch", ""), http, text_of(*object, "message")));
  }
  const auto* const metadata = object_of(*object, "metadata");
  if (metadata == nullptr) return error(Code::kInternal, "an event whose object has no metadata");
  backoff_.reset();
  refusals_ = 0;
  if (type == "DELETED") {
    const auto known = objects_.find(text_of(*metadata, "name"));
    if (known != objects_.end()) objects_.erase(known);
  } else if (type == "ADDED" || type == "MODIFIED") {
    if (auto done = put(*object); !done) return done;
  }
  if (const auto version = text_of(*metadata, "resourceVersion"); !version.empty()) {
    version_ = version;
  }
  return {};
}

Result<> Watch::put(const json::object& object) {
  std::string name{text_of(*object_of(object, "metadata"), "name")};
  auto nodes = resource_.nodes_of(object);
  if (nodes.empty()) {
    objects_.erase(name);
    return {};
  }
  if (objects_.size() >= options_.objects_max && !objects_.contains(name)) {
    return error(Code::kResourceExhausted,
                 fmt::format("more than {} {} match {}", options_.objects_max, resource_.name,
                             resource_.selector));
  }
  objects_.insert_or_assign(std::move(name), std::move(nodes));
  return {};
}

void Watch::publish() {
  std::vector<service::Node> all;
  for (const auto& [name, nodes] : objects_) all.insert(all.end(), nodes.begin(), nodes.end());
  if (resource_.choose) resource_.choose(all);
  nodes().put(std::move(all));
}

}  // namespace hal::discovery::kubernetes
