// Attribute values of OTLP (opentelemetry-proto common.proto).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <hal/collector/span.hpp>

namespace hal::collector {

/// `text` or, when it is longer than `bytes_max`, its beginning up to the last whole UTF-8
/// character; then `truncated` is counted up.
[[nodiscard]] std::string cut_text(std::string_view text, std::size_t bytes_max,
                                   std::uint32_t& truncated);

/// A KeyValue message. Texts are cut at `text_bytes_max`, counted in `truncated`. A value that is
/// not set is empty text; arrays and maps become JSON text, nested at most 16 deep.
/// nullopt when the bytes are no such message.
[[nodiscard]] std::optional<Attribute> read_otlp_attribute(std::string_view bytes,
                                                           std::size_t text_bytes_max,
                                                           std::uint32_t& truncated);

}  // namespace hal::collector
