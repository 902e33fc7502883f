// Secret: a text that is overwritten when nobody needs it any more.
#pragma once

#include "password.hpp"

#include <memory>
#include <string>

namespace auth {

/// One copy, whoever shares it. Immutable.
using Secret = std::shared_ptr<const std::string>;

/// Leaves `text` empty and overwritten.
[[nodiscard]] inline Secret make_secret(std::string& text) {
  const Secret secret{new std::string{text}, [](std::string* done) {
                        wipe(*done);
                        delete done;
                      }};
  wipe(text);
  return secret;
}

}  // namespace auth
