#include <hal/discovery/testing/fake_api_server.hpp>

#include <hal/base/ascii.hpp>
#include <hal/http/server.hpp>
#include <hal/service/host_at.hpp>
#include <hal/wire/percent.hpp>

#include <fmt/format.h>
#include <boost/json.hpp>

namespace hal::discovery::testing {
namespace {

namespace json = boost::json;

/// The value of a parameter in a decoded query.
std::string parameter(std::string_view query, std::string_view name) {
  const auto at = ("&" + std::string{query}).find(fmt::format("&{}=", name));
  if (at == std::string::npos) return {};
  const auto rest = query.substr(at + name.size() + 1);
  return std::string{rest.substr(0, rest.find('&'))};
}

bool matches(const json::object& object, std::string_view selector) {
  const auto equals = selector.find('=');
  if (object.empty()) return false;
  if (equals == std::string_view::npos) return true;
  const auto* const metadata = object.if_contains("metadata");
  const auto* const labels = metadata->get_object().if_contains("labels");
  if (labels == nullptr || !labels->is_object()) return false;
  const auto* const value = labels->get_object().if_contains(selector.substr(0, equals));
  return value != nullptr && value->is_string() &&
         std::string_view{value->get_string()} == selector.substr(equals + 1);
}

/// RFC 7396, which is what a strategic merge patch does to maps.
void merge(json::object& into, const json::object& patch) {
  for (const auto& entry : patch) {
    if (entry.value().is_null()) {
      into.erase(entry.key());
    } else if (const auto* const inner = entry.value().if_object()) {
      auto& place = into[entry.key()];
      if (!place.is_object()) place.emplace_object();
      merge(place.get_object(), *inner);
    } else {
      into[entry.key()] = entry.value();
    }
  }
}

std::string status_json(int code, std::string_view message) {
  return json::serialize(json::object{{"kind", "Status"}, {"code", code}, {"message", message}});
}

}  // namespace

FakeApiServer::FakeApiServer(service::testing::TestHost& host) : host_{host} {
  host_.memory().add_host("api", {"127.0.0.1"});
  host_.background().spawn(serve, this);
}

kubernetes::ApiAccess FakeApiServer::access() {
  return {.server = "http://api", .ns = "devel", .origin = "a test"};
}

Task<> FakeApiServer::serve(FakeApiServer* self) {
  service::HostAt at{self->host_, {"", 80}, {}};
  auto router = http::Router{*self}.get("/*path", get).patch("/*path", patch);
  (void)co_await http::Server{at, std::move(router)}.run();
}

void FakeApiServer::note(const http::Request& request) {
  requests.push_back({.method = std::string{request.method},
                      .path = std::string{request.path},
                      .query = wire::percent_decode(request.query).value_or("?"),
                      .headers = request.headers,
                      .body = request.body});
}

int FakeApiServer::refusal(const Headers& headers) const {
  if (status != 0) return status;
  const std::string given{headers.get("authorization").value_or("")};
  const bool known =
      tokens.empty() || (given.starts_with("Bearer ") && tokens.contains(given.substr(7)));
  return known ? 0 : 401;
}

Task<Result<>> FakeApiServer::refuse(http::ResponseWriter* out, int with,
                                     std::string_view message) {
  out->set_status(with);
  if (!retry_after.empty()) out->headers().set("retry-after", retry_after);
  co_return co_await out->write(status_body.empty() ? status_json(with, message) : status_body);
}

Task<Result<>> FakeApiServer::get(http::State<FakeApiServer> server, const http::Request& request,
                                  http::ResponseWriter out) {
  FakeApiServer& self = *server;
  self.note(request);
  if (const int refused = self.refusal(request.headers); refused != 0) {
    co_return co_await self.refuse(&out, refused, "a test refuses");
  }
  const SeenRequest seen = self.requests.back();
  if (seen.query.contains("watch=true")) co_return co_await self.watch(&seen, &out);
  if (self.list_delay != Duration{}) co_await or_return(co_await sleep(self.list_delay));
  co_return co_await out.write(self.raw_list.empty()
                                   ? self.list(seen.path, parameter(seen.query, "labelSelector"))
                                   : self.raw_list);
}

std::string FakeApiServer::list(std::string_view collection, std::string_view selector) const {
  json::array items;
  if (const auto found = collections_.find(collection); found != collections_.end()) {
    for (const auto& [name, object] : found->second) {
      if (matches(object, selector)) items.push_back(object);
    }
  }
  return json::serialize(json::object{{"kind", "List"},
                                      {"metadata", {{"resourceVersion", std::to_string(version_)}}},
                                      {"items", items}});
}

std::string FakeApiServer::line_of(const Event& event, std::string_view selector) const {
  const bool before = matches(event.before, selector);
  const bool after = matches(event.after, selector);
  if (!before && !after) return {};
  json::object object = after ? event.after : event.before;
  object["metadata"].get_object()["resourceVersion"] = std::to_string(event.version);
  const char* const type = !after ? "DELETED" : before ? "MODIFIED" : "ADDED";
  return json::serialize(json::object{{"type", type}, {"object", object}}) + "\n";
}

Task<Result<>> FakeApiServer::watch(const SeenRequest* request, http::ResponseWriter* out) {
  const auto from =
      parse_int<std::uint64_t>(parameter(request->query, "resourceVersion")).value_or(0);
  const auto selector = parameter(request->query, "labelSelector");
  const auto gone = status_json(410, fmt::format("too old resource version: {}", from));
  if (from < compacted_) {
    if (gone_by_status) {
      out->set_status(410);
      co_return co_await out->write(gone);
    }
    co_return co_await out->write(fmt::format("{{\"type\":\"ERROR\",\"object\":{}}}\n", gone));
  }
  if (watch_status != 0) {
    co_return co_await refuse(out, watch_status, "Too large resource version");
  }
  if (watch_delay != Duration{}) co_await or_return(co_await sleep(watch_delay));
  const unsigned ended = ended_;
  co_await or_return(out->start());
  std::size_t event = 0;
  std::size_t line = lines_.size();
  for (;;) {
    if (silent) co_return co_await sleep(std::chrono::hours{1});
    std::string text;
    for (; event < events_.size(); ++event) {
      if (events_[event].version > from && events_[event].collection == request->path) {
        text += line_of(events_[event], selector);
      }
    }
    for (; line < lines_.size(); ++line) text += lines_[line] + "\n";
    if (!text.empty()) co_await or_return(out->write(text));
    if (ended != ended_) co_return Result<>{};
    co_await or_return(co_await changed_.wait());
  }
}

Task<Result<http::Response>> FakeApiServer::patch(http::State<FakeApiServer> server,
                                                  const http::Request& request) {
  FakeApiServer& self = *server;
  self.note(request);
  if (self.hanging_patches > 0) {
    --self.hanging_patches;
    co_await or_return(co_await sleep(std::chrono::hours{1}));
  }
  if (self.patch_delay != Duration{}) co_await or_return(co_await sleep(self.patch_delay));
  co_return self.patched(request);
}

http::Response FakeApiServer::patched(const http::Request& request) {
  if (const int refused = refusal(request.headers); refused != 0) {
    return {.status = refused,
            .headers = retry_after.empty() ? Headers{} : Headers{{"retry-after", retry_after}},
            .body = status_body.empty() ? status_json(refused, "a test refuses") : status_body};
  }
  if (!refused_patch.empty() && request.body.contains(refused_patch)) {
    return {.status = 422, .body = status_json(422, "a test refuses")};
  }
  const auto slash = request.path.rfind('/');
  const auto collection = request.path.substr(0, slash);
  const auto name = request.path.substr(slash + 1);
  const auto* const known = find(collection, name);
  if (known == nullptr) return {.status = 404, .body = status_json(404, "pods not found")};
  json::object object = *known;
  merge(object, json::parse(request.body).get_object());
  if (object != *known) change(collection, name, object);
  return {.status = 200, .body = json::serialize(object)};
}

void FakeApiServer::change(std::string_view collection, std::string_view name,
                           json::object object) {
  ++version_;
  auto& objects = collections_[std::string{collection}];
  json::object before;
  if (const auto known = objects.find(name); known != objects.end()) before = known->second;
  if (object.empty()) {
    objects.erase(std::string{name});
  } else {
    auto& metadata = object["metadata"];
    if (!metadata.is_object()) metadata.emplace_object();
    metadata.get_object()["name"] = name;
    metadata.get_object()["resourceVersion"] = std::to_string(version_);
    objects.insert_or_assign(std::string{name}, object);
  }
  events_.push_back({version_, std::string{collection}, std::move(before), std::move(object)});
  changed_.wake_all();
}

void FakeApiServer::put(std::string_view collection, std::string_view name, std::string_view text) {
  change(collection, name, json::parse(text).get_object());
}

void FakeApiServer::erase(std::string_view collection, std::string_view name) {
  change(collection, name, {});
}

void FakeApiServer::bookmark() {
  send_line(fmt::format(
      R"({{"type":"BOOKMARK","object":{{"kind":"Pod","metadata":{{"resourceVersion":"{}"}}}}}})",
      version_));
}

void FakeApiServer::send_line(std::string line) {
  lines_.push_back(std::move(line));
  changed_.wake_all();
}

void FakeApiServer::end_watches() {
  ++ended_;
  changed_.wake_all();
}

void FakeApiServer::away(bool is_away) {
  host_.memory().refuse(80, is_away);
  if (is_away) host_.memory().cut(80);
}

std::size_t FakeApiServer::count(std::string_view verb) const {
  return static_cast<std::size_t>(std::ranges::count_if(requests, [verb](const auto& each) {
    if (each.method == "PATCH") return verb == "patch";
    return verb == (each.query.contains("watch=true") ? "watch" : "list");
  }));
}

const SeenRequest& FakeApiServer::last(std::string_view method) const {
  const auto found = std::find_if(requests.rbegin(), requests.rend(),
                                  [method](const auto& each) { return each.method == method; });
  expects(found != requests.rend(), "there was such a request");
  return *found;
}

const json::object* FakeApiServer::find(std::string_view collection, std::string_view name) const {
  const auto objects = collections_.find(collection);
  if (objects == collections_.end()) return nullptr;
  const auto object = objects->second.find(name);
  return object == objects->second.end() ? nullptr : &object->second;
}

std::string to_json(const TestPod& pod) {
  const std::string document =
      pod.annotation.empty()
          ? json::serialize(json::object{
                {"name", pod.service},
                {"version", pod.version},
                {"metadata", nullptr},
                {"endpoints", json::array{}},
                {"nodes", json::array{json::object{{"id", pod.id},
                                                   {"address", pod.address},
                                                   {"metadata", {{"protocol", "grpc"}}}}}}})
          : pod.annotation;
  json::object metadata{
      {"creationTimestamp", "2026-11-25T10:00:00Z"},
      {"labels", {{"micro.mu/type", "service"}, {"micro.mu/selector-" + pod.service, "service"}}},
      {"annotations", {{"micro.mu/service-" + pod.service, document}}},
      {"managedFields", json::array{json::object{{"fieldsV1", {{"f:metadata", {{"f:a", 1}}}}}}}}};
  if (pod.deleting) metadata["deletionTimestamp"] = "2026-11-25T10:00:30Z";
  return json::serialize(json::object{
      {"metadata", metadata},
      {"spec", {{"containers", json::array{json::object{{"name", "app"}}}}}},
      {"status",
       {{"phase", pod.phase},
        {"podIP", pod.ip},
        {"conditions", json::array{json::object{{"type", "Initialized"}, {"status", "True"}},
                                   json::object{{"type", "Ready"},
                                                {"status", pod.ready ? "True" : "False"}}}}}}});
}

}  // namespace hal::discovery::testing
