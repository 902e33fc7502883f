// JsonPruner: of JSON that comes in pieces, the members that are wanted.
#pragma once

#include <hal/base/status.hpp>

#include <boost/json/value.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hal::discovery::kubernetes {

/// A tree of wanted members. In a list it stands for each element.
struct Fields {
  std::string name;              ///< of the member; a '*' at its end stands for any ending
  std::vector<Fields> inside{};  ///< empty: the whole value
  bool each = false;             ///< elements of the list are handed out one by one, not kept in it
};

struct PrunerLimits {
  /// Of what is kept of one object, names and texts. etcd has 1.5 MiB for a whole one.
  std::size_t kept_bytes_max = 1024 * 1024;
  std::size_t depth_max = 64;  ///< managedFields nest about ten deep
};

/// Memory goes by what is kept, not by what comes: a pod has some 8 KiB, of which a registry needs
/// a few hundred bytes. Not thread-safe.
class JsonPruner {
 public:
  /// `wanted` is about the document itself; its name is not used.
  explicit JsonPruner(Fields wanted, PrunerLimits limits = {});
  ~JsonPruner();

  /// The next piece of a document. INTERNAL: it is no JSON; RESOURCE_EXHAUSTED: beyond a limit.
  /// Nothing can be read after an error.
  [[nodiscard]] Result<> feed(std::string_view piece);
  /// The document is complete, and the next piece begins another one. INTERNAL: it was cut.
  [[nodiscard]] Result<> end_document();

  /// What has become complete since the last call, in order: elements of lists with `each`, then
  /// the rest of their document.
  [[nodiscard]] std::vector<boost::json::value> take();

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace hal::discovery::kubernetes
