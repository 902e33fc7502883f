#include <hal/discovery/endpointslice/endpointslice_discovery.hpp>

#include <hal/discovery/endpointslice/slices.hpp>

namespace hal::discovery {

using service::Node;

Task<Result<std::vector<Node>>> EndpointSliceDiscovery::list() { co_return std::vector<Node>{}; }
Task<Result<>> EndpointSliceDiscovery::add(Node /*node*/) { co_return Result<>{}; }
Task<Result<>> EndpointSliceDiscovery::remove(std::string /*id*/) { co_return Result<>{}; }

Result<kubernetes::Resource> EndpointSliceDiscovery::resource_of(const std::string& service) const {
  return endpointslice::resource_of(service, options());
}

}  // namespace hal::discovery
