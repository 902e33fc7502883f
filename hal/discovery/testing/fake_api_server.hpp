// A Kubernetes API server for tests: objects with versions, LIST, WATCH, PATCH, and its moods.
#pragma once

#include <hal/discovery/kubernetes/api_access.hpp>
#include <hal/http/router.hpp>
#include <hal/service/testing/test_host.hpp>

#include <boost/json/object.hpp>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hal::discovery::testing {

/// A request as it came in.
struct SeenRequest {
  std::string method;
  std::string path;
  std::string query;  ///< decoded
  Headers headers;
  std::string body;
};

/// Answers at http://api of the host's network in memory. Must outlive the host's shut_down().
class FakeApiServer {
 public:
  static constexpr std::string_view kPods = "/api/v1/namespaces/devel/pods";
  static constexpr std::string_view kSlices =
      "/apis/discovery.k8s.io/v1/namespaces/devel/endpointslices";

  explicit FakeApiServer(service::testing::TestHost& host);

  /// How a client reaches it.
  [[nodiscard]] static kubernetes::ApiAccess access();

  /// Creates or replaces an object; metadata.name and metadata.resourceVersion are written into it.
  void put(std::string_view collection, std::string_view name, std::string_view json);
  void erase(std::string_view collection, std::string_view name);
  /// Tells all watches the newest version.
  void bookmark();
  /// A version that says nothing to this selector, as changes elsewhere do.
  void pass_time() { ++version_; }
  /// Forgets what was before now: watches from an older version are "410 Gone".
  void compact() { compacted_ = version_; }
  /// Sends a line to all watches, as it stands.
  void send_line(std::string line);
  /// Ends all watches, as the server does after timeoutSeconds.
  void end_watches();
  /// Resets all connections and takes no new ones, or takes them again.
  void away(bool is_away);

  [[nodiscard]] std::size_t count(std::string_view verb) const;
  [[nodiscard]] const SeenRequest& last(std::string_view method) const;
  /// The object now; null if there is none.
  [[nodiscard]] const boost::json::object* find(std::string_view collection,
                                                std::string_view name) const;

  std::vector<SeenRequest> requests;
  /// Every request is answered so, while it is set.
  int status = 0;
  std::string status_body;
  /// A PATCH whose body has this in it is answered with 422, if it is set.
  std::string refused_patch;
  /// So many PATCHes more get no answer, and change nothing.
  int hanging_patches = 0;
  /// PATCHes take so long.
  Duration patch_delay{};
  /// "410 Gone" comes as the status of a WATCH; else as an event.
  bool gone_by_status = false;
  /// Accepted tokens; empty: none is asked for.
  std::set<std::string> tokens;
  /// Every WATCH is answered so, while it is set.
  int watch_status = 0;
  /// Refusals come with it, if it is set.
  std::string retry_after;
  /// Watches stay open, and nothing more comes.
  bool silent = false;
  /// WATCH answers after this time.
  Duration watch_delay{};
  /// LIST answers after this time.
  Duration list_delay{};
  /// LIST answers with this, as it stands.
  std::string raw_list;

 private:
  struct Event {
    std::uint64_t version;
    std::string collection;
    boost::json::object before;  // empty: there was none
    boost::json::object after;   // empty: there is none
  };
  static Task<Result<>> get(http::State<FakeApiServer> server, const http::Request& request,
                            http::ResponseWriter out);
  static Task<Result<http::Response>> patch(http::State<FakeApiServer> server,
                                            const http::Request& request);
  [[nodiscard]] http::Response patched(const http::Request& request);
  static Task<> serve(FakeApiServer* self);
  void note(const http::Request& request);
  [[nodiscard]] int refusal(const Headers& headers) const;
  Task<Result<>> refuse(http::ResponseWriter* out, int with, std::string_view message);
  [[nodiscard]] std::string list(std::string_view collection, std::string_view selector) const;
  Task<Result<>> watch(const SeenRequest* request, http::ResponseWriter* out);
  [[nodiscard]] std::string line_of(const Event& event, std::string_view selector) const;
  void change(std::string_view collection, std::string_view name, boost::json::object object);

  service::testing::TestHost& host_;
  std::map<std::string, std::map<std::string, boost::json::object, std::less<>>, std::less<>>
      collections_;
  std::vector<Event> events_;
  std::vector<std::string> lines_;  // send_line()
  std::uint64_t version_ = 100;
  std::uint64_t compacted_ = 0;
  unsigned ended_ = 0;
  WaitQueue changed_;
};

/// A pod that has registered, as the API server shows it.
struct TestPod {
  std::string service = "greeter";
  std::string ip = "127.0.1.1";
  std::string address = "127.0.1.1:8080";
  std::string id = "greeter-1";
  std::string version = "v1";
  std::string phase = "Running";
  bool ready = true;
  bool deleting = false;
  std::string annotation{};  ///< instead of the document made of the above
};
[[nodiscard]] std::string to_json(const TestPod& pod);

}  // namespace hal::discovery::testing
