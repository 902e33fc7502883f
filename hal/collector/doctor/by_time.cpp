#include <hal/collector/doctor/by_time.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

namespace hal::collector::doctor {
namespace {

constexpr std::uint64_t kRequestMaxNs = 2'000'000'000;
constexpr double kNearlyAll = 0.9;

/// Calls of one service to one upstream, and the requests that may have made them.
struct Group {
  std::vector<Symptom> calls{};
  /// Of each Envoy, by start.
  std::map<std::string_view, std::vector<const ProxySpan*>> requests{};
  std::size_t request_count = 0;
};

using Key = std::tuple<Cause, std::string_view, std::string_view>;  // cause, service, cluster
using Pair = std::pair<const ProxySpan*, std::string_view>;         // request, cluster

class TimeJudge {
 public:
  TimeJudge(const Mesh& mesh, const Symptoms& symptoms) : mesh_{mesh} {
    for (const auto& [outbound, inbound] : symptoms.continued) {
      continued_.emplace(inbound, outbound->cluster);
      continuing_.insert(inbound->span->service());
    }
    for (const ProxySpan& proxy : mesh.proxies()) {
      auto& [first, last] = seen_.try_emplace(proxy.node, UINT64_MAX, 0).first->second;
      first = std::min(first, proxy.span->start_unix_ns);
      last = std::max(last, proxy.span->end_unix_ns);
    }
  }

  void judge(Group group, ByTime& result) const {
    add_requests(group);
    for (Symptom& call : group.calls) call.inbound = enclosing(group, *call.outbound);
    if (is_made_by_requests(group)) {
      for (Symptom& call : group.calls) {
        if (call.inbound == nullptr) continue;
        call.by_time_alone = true;
        result.found.push_back(call);
      }
    } else if (is_doubtful(group)) {
      const ProxySpan& call = *group.calls.front().outbound;
      result.doubts.push_back({.service = std::string{call.span->service()},
                               .upstream = std::string{upstream_of(call.cluster)},
                               .calls = group.calls.size(),
                               .requests = group.request_count});
    }
  }

 private:
  void add_requests(Group& group) const {
    const auto cluster = group.calls.front().outbound->cluster;
    for (const Symptom& call : group.calls) {
      const auto [entry, is_new] = group.requests.try_emplace(call.outbound->node);
      if (!is_new) continue;
      for (const ProxySpan* request : mesh_.inbounds(entry->first)) {
        if (request->span->duration_ns() > kRequestMaxNs) continue;
        if (!continued_.contains({request, cluster})) entry->second.push_back(request);
      }
      group.request_count += entry->second.size();
    }
  }

  /// The one that began last: where requests overlap, any of them may have made the call.
  static const ProxySpan* enclosing(const Group& group, const ProxySpan& call) {
    const auto& requests = group.requests.at(call.node);
    const auto start = [](const ProxySpan* request) { return request->span->start_unix_ns; };
    const auto time = call.span->start_unix_ns;
    auto at = std::ranges::upper_bound(requests, time, {}, start);
    while (at != requests.begin() && start(*std::prev(at)) + kRequestMaxNs >= time) {
      --at;
      if ((*at)->encloses(call)) return *at;
    }
    return nullptr;
  }

  /// The part of its time, from the first span to the last, in which the busiest Envoy of the group
  /// serves one of the requests.
  [[nodiscard]] double busy(const Group& group) const {
    double most = 0;
    for (const auto& [node, requests] : group.requests) {
      std::uint64_t busy_ns = 0;
      std::uint64_t end = 0;
      for (const ProxySpan* request : requests) {
        const auto from = std::max(end, request->span->start_unix_ns);
        if (request->span->end_unix_ns <= from) continue;
        end = request->span->end_unix_ns;
        busy_ns += end - from;
      }
      const auto& [first, last] = seen_.at(node);
      if (last > first) {
        most = std::max(most, static_cast<double>(busy_ns) / static_cast<double>(last - first));
      }
    }
    return std::min(1.0, most);
  }

  /// Envoys that were seen for the time of one request are not busy for that.
  static bool has_one_request_each(const Group& group) {
    return std::ranges::all_of(group.requests,
                               [](const auto& entry) { return entry.second.size() <= 1; });
  }

  /// How many of the calls can each have a request of its own that encloses it.
  static std::size_t pairs(const Group& group) {
    std::map<std::string_view, std::vector<const ProxySpan*>> calls;
    for (const Symptom& call : group.calls) calls[call.outbound->node].push_back(call.outbound);
    std::size_t count = 0;
    for (auto& [node, own] : calls) {
      const auto start = [](const ProxySpan* span) { return span->span->start_unix_ns; };
      std::ranges::sort(own, {}, start);
      const auto& requests = group.requests.at(node);
      auto next = requests.begin();
      std::multiset<std::uint64_t> ends;  // of requests that have begun and have no call yet
      for (const ProxySpan* call : own) {
        for (; next != requests.end() && start(*next) <= start(call); ++next) {
          ends.insert((*next)->span->end_unix_ns);
        }
        // Of those that enclose the call the first to end: later calls may need the others.
        const auto end = ends.lower_bound(call->span->end_unix_ns);
        if (end == ends.end()) continue;
        ends.erase(end);
        ++count;
      }
    }
    return count;
  }

  /// Of an Envoy that always serves some request, every call is inside of one. What tells requests'
  /// calls from a job then is that there are as many, and each lies in a request of its own.
  static bool is_one_call_each(const Group& group) {
    constexpr std::size_t kCallsMin = 20;
    const auto calls = static_cast<double>(group.calls.size());
    const auto requests = static_cast<double>(group.request_count);
    return group.calls.size() >= kCallsMin && calls >= 0.8 * requests && calls <= 1.25 * requests &&
           static_cast<double>(pairs(group)) >= kNearlyAll * std::min(calls, requests);
  }

  [[nodiscard]] bool is_made_by_requests(const Group& group) const {
    const auto calls = static_cast<double>(group.calls.size());
    const auto inside = static_cast<double>(std::ranges::count_if(
        group.calls, [](const Symptom& call) { return call.inbound != nullptr; }));
    if (inside == 0) return false;
    const double share = inside / calls;
    constexpr double kNearlyEach = 0.5;
    const double chance = busy(group);
    const bool is_told_by_time = chance <= kNearlyAll || has_one_request_each(group);
    if (share >= kNearlyAll && calls >= kNearlyEach * static_cast<double>(group.request_count) &&
        (is_told_by_time || is_one_call_each(group))) {
      return true;
    }
    // Chernoff's bound of the binomial distribution: chance puts as many inside with a probability
    // of at most exp(-exponent); 14 is less than one in a million.
    if (chance == 0 || share <= chance) return false;
    double exponent = calls * share * std::log(share / chance);
    if (share < 1) exponent += calls * (1 - share) * std::log((1 - share) / (1 - chance));
    return exponent > 14;
  }

  [[nodiscard]] bool is_doubtful(const Group& group) const {
    const ProxySpan& first = *group.calls.front().outbound;
    return !continuing_.contains(first.span->service()) && group.request_count > 0 &&
           group.calls.size() >= group.request_count / 10 && is_answered_in_mesh(first);
  }

  /// What a service calls outside of the mesh is most often no part of a request.
  [[nodiscard]] bool is_answered_in_mesh(const ProxySpan& call) const {
    return std::ranges::any_of(mesh_.proxies(call.trace), [&](const ProxySpan& proxy) {
      return proxy.role == Role::kInbound && proxy.span->parent_id == call.span->span_id;
    });
  }

  const Mesh& mesh_;
  /// Start of the first and end of the last span of each Envoy.
  std::map<std::string_view, std::pair<std::uint64_t, std::uint64_t>> seen_;
  std::set<Pair> continued_;
  std::set<std::string_view> continuing_;  ///< services
};

}  // namespace

ByTime connect_by_time(const Mesh& mesh, const Symptoms& symptoms) {
  std::map<Key, Group> groups;
  for (const Symptom& call : symptoms.unconnected) {
    const ProxySpan& outbound = *call.outbound;
    groups[{call.cause, outbound.span->service(), outbound.cluster}].calls.push_back(call);
  }
  const TimeJudge judge{mesh, symptoms};
  ByTime result;
  for (auto& [key, group] : groups) judge.judge(std::move(group), result);
  return result;
}

}  // namespace hal::collector::doctor
