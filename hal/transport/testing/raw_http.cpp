#include <hal/transport/testing/raw_http.hpp>

#include <hal/async/or_return.hpp>

#include <array>

namespace hal::transport::testing {

Task<Result<std::string>> read_all(net::Stream* stream) {
  std::string all;
  for (;;) {
    std::array<char, 4096> buffer;
    const auto bytes = co_await stream->read_some(buffer);
    if (!bytes && bytes.error().code() != Code::kUnavailable) co_return error(bytes.error());
    if (!bytes || *bytes == 0) co_return all;
    all.append(buffer.data(), *bytes);
  }
}

Task<Result<std::string>> read_until(net::Stream* stream, std::string text) {
  std::string all;
  while (!all.contains(text)) {
    std::array<char, 4096> buffer;
    const std::size_t bytes = co_await or_return(co_await stream->read_some(buffer));
    if (bytes == 0) co_return error(Code::kUnavailable, "closed after: " + all);
    all.append(buffer.data(), bytes);
  }
  co_return all;
}

Task<Result<std::string>> talk(net::Stream* stream, std::string bytes) {
  co_await or_return(co_await stream->write_all(bytes));
  co_return co_await read_all(stream);
}

Task<Result<std::string>> talk_and_close(net::Stream* stream, std::string bytes) {
  co_await or_return(co_await stream->write_all(bytes));
  stream->shutdown_write();
  co_return co_await read_all(stream);
}

std::string without_date(std::string text) {
  for (auto at = text.find("date: "); at != std::string::npos; at = text.find("date: ")) {
    text.erase(at, text.find("\r\n", at) + 2 - at);
  }
  return text;
}

}  // namespace hal::transport::testing
