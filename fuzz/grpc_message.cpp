// gRPC's length-prefixed messages: 'g' with gzip, else without; then the size of the pieces in
// which they come. Cut up they are what they are whole; grpc-timeout and grpc-message of the same
// text.
#include "fuzz.hpp"
#include "pieces.hpp"

#include <hal/wire/grpc.hpp>

#include <vector>

namespace {

namespace grpc = hal::wire::grpc;

struct Heard {
  std::vector<std::string> messages{};
  hal::Code code = hal::Code::kOk;
  bool is_whole = true;
  bool operator==(const Heard&) const = default;
};

Heard hear(std::string_view bytes, bool gzip, std::uint8_t size) {
  constexpr std::size_t kMax = 4096;
  grpc::MessageReader reader{{.max_bytes = kMax, .encoding = gzip ? "gzip" : ""}};
  Heard heard;
  for (const auto piece : fuzz::pieces_of(bytes, size)) {
    reader.put(piece);
    for (;;) {
      auto message = reader.next();
      if (!message) {
        heard.code = message.error().code();
        return heard;
      }
      if (!*message) break;
      hal::expects((*message)->size() <= kMax, "a message has a limit");
      heard.messages.push_back(std::move(**message));
    }
  }
  heard.is_whole = reader.finish().has_value();
  return heard;
}

void check_text(std::string_view text) {
  hal::expects(grpc::decode_message(grpc::encode_message(text)) == text, "a message comes back");
  (void)grpc::decode_message(text);
  if (const auto timeout = grpc::parse_timeout(text)) {
    const auto again = grpc::parse_timeout(grpc::format_timeout(*timeout));
    hal::expects(again && *again <= *timeout, "a time-out never grows");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes = fuzz::text_of(data + 2, size - 2);
  const bool gzip = data[0] == 'g';
  hal::expects(hear(bytes, gzip, 0) == hear(bytes, gzip, data[1]), "pieces change nothing");
  check_text(bytes);
  return 0;
}
