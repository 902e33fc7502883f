// Zipkin's shared span ids: client and server of one call may report under one id.
#pragma once

#include <vector>

#include <hal/collector/span.hpp>

namespace hal::collector {

/// Gives each span of one trace an id of its own (openzipkin/b3-propagation, "joined" spans). Of
/// spans with one id, the client's or producer's keeps it; each server's or consumer's, in the
/// order of their starts, gets a new one and becomes the child of the one before. Children of the
/// shared id go to the half of their own service, else to the innermost. Spans that have one id for
/// no such reason stay as they are: that is a fault, which must be seen.
/// The new ids are the same each time. Takes n log n time.
void split_shared_ids(std::vector<Span>& spans);

}  // namespace hal::collector
