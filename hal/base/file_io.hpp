// Whole files through descriptors that block: POSIX read and write, begun again after a signal.
#pragma once

#include <string>
#include <string_view>

namespace hal {

/// False when not all could be written; errno says why.
[[nodiscard]] bool write_all(int file, std::string_view content) noexcept;

/// Fills `content` as far as the file goes, and cuts it there. False after an error; errno says
/// which.
[[nodiscard]] bool read_all(int file, std::string& content) noexcept;

}  // namespace hal
