// Watch: keeps the nodes of a set of Kubernetes objects up to date, by LIST and WATCH.
#pragma once

#include <hal/async/backoff.hpp>
#include <hal/discovery/kubernetes/api_client.hpp>
#include <hal/discovery/kubernetes/json_pruner.hpp>
#include <hal/discovery/node_source.hpp>

#include <boost/json/object.hpp>

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace hal::discovery::kubernetes {

/// What is watched, and what its objects mean. The functions run on the watch's loop.
struct Resource {
  std::string_view name;           ///< "pods": static storage
  std::string ns;                  ///< the namespace
  std::string path;                ///< of the collection: "/api/v1/namespaces/devel/pods"
  std::string selector;            ///< labelSelector
  std::vector<Fields> fields{};    ///< wanted of an object, beside its metadata
  std::vector<Fields> metadata{};  ///< wanted of its metadata, beside name and resourceVersion
  /// The nodes of one object now; none for one that cannot serve.
  std::function<std::vector<service::Node>(const boost::json::object&)> nodes_of;
  /// Looks at all nodes together before they are handed out; may be empty.
  std::function<void(std::vector<service::Node>&)> choose{};
};

struct WatchOptions {
  /// Of a whole LIST; 1,000 pods take well below a second.
  Duration list_timeout = std::chrono::seconds{30};
  /// After at least this time, and at most twice as long, the server ends a WATCH, and the next one
  /// begins: load is spread anew over API servers.
  std::chrono::seconds watch_time{300};
  /// Before the next request after any end of one, on top of what the server itself asks for
  /// (Retry-After). It is short: a registry that is back is of use.
  BackoffOptions backoff{
      .base = std::chrono::milliseconds{250}, .jitter = 0.5, .max = std::chrono::seconds{10}};
  PrunerLimits pruner{};
  std::size_t objects_max = 20'000;
  /// So many WATCHes in a row that the server refuses, or that end in an error without an event
  /// before it, mean LIST again. Refusals that say nothing about the version do not count.
  unsigned refusals_max = 8;
  /// Between two log lines about one kind of failure in one outage.
  Duration log_interval = std::chrono::minutes{1};
  std::optional<std::uint32_t> seed{};  ///< of the jitter; unset: random
};

/// LIST once, then WATCH from its resourceVersion; bookmarks keep that fresh while nothing changes.
/// A lost connection goes on from the last version. "410 Gone", as an answer or as an event, means
/// LIST again; so do a WATCH that falls silent, "504 Too large resource version" and refusals
/// without an end, other than of one who is not known (401), may not (403) or comes too often
/// (429). While the server cannot be asked, what is known stays. One loop; the nodes are for all.
class Watch final : public NodeSource {
 public:
  /// `client` must outlive run().
  Watch(ApiClient& client, Resource resource, WatchOptions options = {});

  Task<> run() override;

  [[nodiscard]] std::uint64_t lists() const noexcept { return lists_; }

 private:
  Task<Result<>> list();
  Task<Result<>> follow();
  Result<> take_events(JsonPruner& events, bool& expired);
  Result<> apply(const boost::json::object& event, bool& expired);
  Result<> put(const boost::json::object& object);
  void publish();
  [[nodiscard]] ApiRequest request(std::string_view verb, std::string_view more);
  void ended(const Result<>& result, TimePoint now);
  [[nodiscard]] bool is_worn_out(Code code);

  ApiClient& client_;
  const Resource resource_;
  const WatchOptions options_;
  std::map<std::string, std::vector<service::Node>, std::less<>> objects_;  // by name, with nodes
  std::set<std::string, std::less<>> listed_;                               // by the LIST under way
  std::string version_;                                                     // empty: LIST
  Backoff backoff_;
  std::minstd_rand random_;
  Refusal refusal_;        // of the last request
  bool watching_ = false;  // it was a WATCH that was answered
  std::uint64_t lists_ = 0;
  unsigned refusals_ = 0;  // in a row
  TimePoint logged_at_{};
  Code logged_code_ = Code::kOk;
  bool failing_ = false;
};

/// `object[name]` as a text, or "".
[[nodiscard]] std::string_view text_of(const boost::json::object& object, std::string_view name);
/// `object[name]` if it is an object or a list, else null.
[[nodiscard]] const boost::json::object* object_of(const boost::json::object& object,
                                                   std::string_view name);
[[nodiscard]] const boost::json::array* array_of(const boost::json::object& object,
                                                 std::string_view name);

/// What is wanted of a LIST and of an event of a WATCH of the resource.
[[nodiscard]] Fields list_fields(const Resource& resource);
[[nodiscard]] Fields event_fields(const Resource& resource);

/// Reads a collection once: each object goes to `each`, which may be any plain function object.
/// Errors as of ApiClient::open, and of JsonPruner.
Task<Result<>> read_list(ApiClient* client, ApiRequest request, Fields wanted, PrunerLimits limits,
                         std::function<Result<>(const boost::json::object&)> each);

}  // namespace hal::discovery::kubernetes
