// HTTP/1.1 messages, one behind the other: 'Q' requests, 'A' answers, 'H' answers to HEAD; then the
// size of the pieces in which they come. Cut up they are what they are whole.
#include "fuzz.hpp"
#include "pieces.hpp"

#include <hal/wire/field.hpp>
#include <hal/wire/http1.hpp>

#include <string>

namespace {

namespace http1 = hal::wire::http1;

// Limits that inputs of a few hundred bytes reach.
constexpr http1::Limits kLimits{.header_bytes = 512,
                                .header_fields = 8,
                                .target_bytes = 64,
                                .body_bytes = 256,
                                .interim_responses = 2};

/// What was understood, to be compared with what was understood of the same bytes cut otherwise.
struct Heard {
  std::string text{};
  int failed_with = 0;
  bool under_way = false;
};

/// Which of two mistakes is seen first, before its line is complete or behind a part of the body
/// already, is the parser's business: what fails one way may still wait for more the other way.
bool same(const Heard& a, const Heard& b) {
  if (a.failed_with == 0 && b.failed_with == 0) return a.text == b.text;
  if (!a.text.starts_with(b.text) && !b.text.starts_with(a.text)) return false;
  return (a.failed_with != 0 || a.under_way) && (b.failed_with != 0 || b.under_way);
}

void note(const hal::Headers& headers, std::string& out) {
  hal::expects(headers.size() <= kLimits.header_fields, "fields are counted");
  for (const auto field : headers) {
    hal::expects(hal::wire::valid_field_value(field.value), "a value holds no line");
    out.append(field.name).append(":").append(field.value).append("\n");
  }
}

void note(const http1::RequestHead& head, std::string& out) {
  hal::expects(head.target.size() <= kLimits.target_bytes, "a target has a limit");
  hal::expects(!head.chunked || !head.content_length, "one length only");
  out.append(head.method).append(" ").append(head.target).append(head.keep_alive ? " k\n" : "\n");
}

void note(const http1::ResponseHead& head, std::string& out) {
  hal::expects(head.status >= 200 && head.status <= 999, "no interim answer is told");
  out.append(std::to_string(head.status)).append(head.keep_alive ? " k\n" : "\n");
}

template <class Parser>
Heard hear(Parser& parser, std::string_view bytes, std::uint8_t size) {
  Heard heard;
  std::string buffer;
  std::size_t body = 0;
  for (const auto piece : fuzz::pieces_of(bytes, size)) {
    buffer += piece;
    for (;;) {
      const auto step = parser.step(buffer);
      if (!step) {
        heard.failed_with = step.error().http_status;
        hal::expects(hal::wire::valid_field_value(step.error().status.message()),
                     "an error is a readable line");
        hal::expects(!parser.step("x").has_value(), "an error stays");
        return heard;
      }
      hal::expects(step->consumed <= buffer.size(), "nothing is read that did not come");
      heard.text += step->body;
      body += step->body.size();
      hal::expects(body <= kLimits.body_bytes, "a body has a limit");
      if (step->event == http1::Event::kHead) {
        note(parser.head(), heard.text);
        note(parser.head().headers, heard.text);
      }
      if (step->event == http1::Event::kEnd) {
        note(parser.trailers(), heard.text);
        heard.text += "--\n";
        body = 0;
        parser.reset();
      }
      buffer.erase(0, step->consumed);
      if (step->event == http1::Event::kNeedMore) break;
      if (step->event == http1::Event::kEnd && buffer.empty()) break;
    }
  }
  heard.under_way = parser.started();
  (void)parser.finish();
  return heard;
}

template <class Parser>
void check(std::string_view bytes, std::uint8_t size, void (*prepare)(Parser&)) {
  Parser whole{kLimits};
  Parser cut{kLimits};
  prepare(whole);
  prepare(cut);
  hal::expects(same(hear(whole, bytes, 0), hear(cut, bytes, size)), "pieces change nothing");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes = fuzz::text_of(data + 2, size - 2);
  if (data[0] == 'Q') {
    check<http1::RequestParser>(bytes, data[1], [](http1::RequestParser&) {});
  } else if (data[0] == 'A') {
    check<http1::ResponseParser>(bytes, data[1], [](http1::ResponseParser&) {});
  } else {
    check<http1::ResponseParser>(bytes, data[1],
                                 [](http1::ResponseParser& parser) { parser.expect_no_body(); });
  }
  return 0;
}
