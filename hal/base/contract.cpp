#include <hal/base/contract.hpp>

#include <cstdio>
#include <cstdlib>

namespace hal {

void contract_failure(std::string_view rule, std::source_location where) noexcept {
  std::fprintf(stderr, "%s:%u: contract broken: %.*s\n", where.file_name(), where.line(),
               static_cast<int>(rule.size()), rule.data());
  std::abort();
}

}  // namespace hal
