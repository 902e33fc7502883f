#include <hal/net/workers.hpp>

#include <hal/base/ascii.hpp>
#include <hal/base/contract.hpp>

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

namespace hal::net {
namespace {

namespace fs = std::filesystem;

std::string read_line(const fs::path& path) {
  std::ifstream file{path};
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<double> ratio(std::string_view quota, std::string_view period) {
  const auto part = parse_int<std::int64_t>(quota);
  const auto whole = parse_int<std::int64_t>(period);
  if (!part || !whole || *part <= 0 || *whole <= 0) return std::nullopt;  // "max", or -1
  return static_cast<double>(*part) / static_cast<double>(*whole);
}

/// cpu.max is "quota period" or "max period" (Linux admin-guide/cgroup-v2.rst).
std::optional<double> quota_v2(const fs::path& folder) {
  const std::string line = read_line(folder / "cpu.max");
  const auto space = line.find(' ');
  if (space == std::string::npos) return std::nullopt;
  return ratio(std::string_view{line}.substr(0, space), std::string_view{line}.substr(space + 1));
}

std::optional<double> quota_v1(const fs::path& folder) {
  return ratio(read_line(folder / "cpu.cfs_quota_us"), read_line(folder / "cpu.cfs_period_us"));
}

template <class Read>
void lower(std::optional<double>& quota, const fs::path& mount, const fs::path& group, Read read) {
  // Inside a container the path may be the host's: then only the mount itself is there.
  for (fs::path path = group.relative_path();; path = path.parent_path()) {
    if (const auto found = read(mount / path); found && (!quota || *found < *quota)) quota = found;
    if (path.empty()) return;
  }
}

bool has_controller(std::string_view list, std::string_view name) {
  for (std::size_t begin = 0; begin <= list.size();) {
    const auto end = std::min(list.find(',', begin), list.size());
    if (list.substr(begin, end - begin) == name) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

std::size_t worker_count(std::optional<double> quota, std::size_t affinity) noexcept {
  std::size_t count = std::min(affinity, kWorkersMax);
  if (quota && *quota < static_cast<double>(count)) {
    count = static_cast<std::size_t>(std::ceil(std::max(*quota, 0.0)));
  }
  return std::max<std::size_t>(count, 1);
}

std::optional<double> cgroup_cpu_quota(const fs::path& root) {
  const fs::path mount = root / "sys/fs/cgroup";
  std::optional<double> quota;
  std::ifstream groups{root / "proc/self/cgroup"};
  // Lines are "id:controllers:path"; v2's has the id 0 and no controllers (cgroups(7)).
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers =
        std::string_view{line}.substr(first + 1, second - first - 1);
    const fs::path group{line.substr(second + 1)};
    if (controllers.empty()) {
      lower(quota, mount, group, quota_v2);
    } else if (has_controller(controllers, "cpu")) {
      lower(quota, mount / controllers, group, quota_v1);
      lower(quota, mount / "cpu", group, quota_v1);
    }
  }
  return quota;
}

std::size_t default_worker_count() {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  std::size_t affinity = std::max(1U, std::thread::hardware_concurrency());
  if (sched_getaffinity(0, sizeof processors, &processors) == 0) {
    affinity = static_cast<std::size_t>(CPU_COUNT(&processors));
  }
  return worker_count(cgroup_cpu_quota(), affinity);
}

Workers::Workers(std::size_t count, ThreadPool& pool) {
  expects(count > 0, "there is at least one worker");
  workers_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
    worker.loop.set_offload_pool(&pool);
    worker.thread = std::jthread{[&loop = worker.loop] { loop.run(); }};
  }
}

Workers::~Workers() { stop_and_join(); }

void Workers::stop_and_join() noexcept {
  for (const auto& worker : workers_) {
    if (worker->thread.joinable()) worker->loop.stop();
  }
  for (const auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
}

}  // namespace hal::net
