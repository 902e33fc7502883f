// NodeSource: what keeps the nodes of one name up to date.
#pragma once

#include <hal/discovery/node_set.hpp>

namespace hal::discovery {

class NodeSource {
 public:
  NodeSource() = default;
  NodeSource(const NodeSource&) = delete;
  NodeSource& operator=(const NodeSource&) = delete;
  virtual ~NodeSource() = default;

  /// Until it is stopped; on one loop, which is the one that writes nodes().
  virtual Task<> run() = 0;

  [[nodiscard]] NodeSet& nodes() noexcept { return nodes_; }

 private:
  NodeSet nodes_;
};

}  // namespace hal::discovery
