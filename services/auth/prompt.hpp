// Passwords from whoever runs a command: never from its arguments, which every user can read.
#pragma once

#include <hal/base/status.hpp>

#include <string>

namespace auth {

/// A new password. Standard input is a terminal: asks twice, without echo; Ctrl-C, or another
/// signal that ends the program, does so once the terminal has its echo back. Else takes the one
/// line that standard input holds, without its line break. CANCELLED when there is none;
/// INVALID_ARGUMENT when the two differ, when there is a second line, and as of check_password().
/// Blocks; for main programs, one thread.
[[nodiscard]] hal::Result<std::string> read_new_password();

}  // namespace auth
