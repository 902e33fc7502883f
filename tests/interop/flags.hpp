// The flags of gRPC's interoperability programs, as flags of hal::run.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace interop {

/// What the command line says, "--name=value", "--name value" or with one dash as in Go.
using Flags = std::map<std::string, std::string, std::less<>>;

/// Ends the program with code 2 for what is no flag, and for a --use_tls that asks for TLS.
[[nodiscard]] Flags parse_flags(int argc, char** argv);

/// Takes the first of these names out of the flags.
[[nodiscard]] std::optional<std::string> take(Flags& flags,
                                              std::initializer_list<std::string_view> names);

/// hal::run's arguments: program, `arguments`, and what is left in the flags, as it is.
class Arguments {
 public:
  Arguments(std::string program, std::vector<std::string> arguments, const Flags& rest);
  [[nodiscard]] int count() const noexcept { return static_cast<int>(pointers_.size()); }
  [[nodiscard]] char** values() noexcept { return pointers_.data(); }

 private:
  std::vector<std::string> words_;
  std::vector<char*> pointers_;
};

}  // namespace interop
