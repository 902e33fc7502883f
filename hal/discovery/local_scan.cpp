#include <hal/discovery/local_scan.hpp>

#include <hal/discovery/node_file.hpp>
#include <hal/discovery/node_json.hpp>

#include <iterator>

namespace hal::discovery {

FileReport read_report(const LocalDirectory& directory, std::string file,
                       const LocalLimits& limits) {
  FileReport report{.file = std::move(file)};
  const auto content = read_node_file(directory, report.file, limits.file_bytes_max);
  if (!content) {
    report.failure = content.error();
    return report;
  }
  if (!content->has_value()) return report;
  auto nodes = nodes_from_json(**content, limits.node);
  if (!nodes) {
    report.failure = std::move(nodes.error());
    return report;
  }
  report.nodes = std::move(*nodes);
  return report;
}

Result<LocalScan> scan(const LocalDirectory& directory, const LocalLimits& limits) {
  auto names = directory.names(limits.files_max);
  if (!names) return error(std::move(names.error()));
  LocalScan found;
  for (std::string& name : *names) {
    if (!is_document(name) && !is_unfinished(name)) continue;
    FileReport report = read_report(directory, std::move(name), limits);
    std::ranges::move(report.nodes, std::back_inserter(found.nodes));
    if (!report.failure.ok()) found.failures.push_back(std::move(report));
  }
  sort(found.nodes);
  return found;
}

}  // namespace hal::discovery
