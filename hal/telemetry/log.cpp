#include <hal/telemetry/log.hpp>

#include <hal/async/context.hpp>
#include <hal/base/ascii.hpp>
#include <hal/base/hex.hpp>
#include <hal/base/utf8.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <thread>

#include <unistd.h>

namespace hal::log {
namespace {

/// A longer message is cut: one line must not fill the buffer of all others.
constexpr std::size_t kMessageBytesMax = 64 * 1024;

/// Until main has set up something better, and in small tools and tests.
class StandardError final : public Sink {
 public:
  void write(Level, std::string_view line) noexcept override {
    while (!line.empty()) {
      const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;
      line.remove_prefix(static_cast<std::size_t>(written));
    }
  }
};

constinit StandardError standard_error;
const Options kDefaults{};
constinit std::atomic<const Options*> current{nullptr};
/// By the generation they begin in, even or odd.
constinit std::array<std::atomic<int>, 2> lines_under_way{};
constinit std::atomic<unsigned> generation{0};

/// Keeps the Options that it finds: Setup goes only when no line uses them any more.
class LineUnderWay {
 public:
  LineUnderWay() noexcept : lines_{lines_under_way[generation.load() % 2]} { lines_.fetch_add(1); }
  LineUnderWay(const LineUnderWay&) = delete;
  LineUnderWay& operator=(const LineUnderWay&) = delete;
  ~LineUnderWay() { lines_.fetch_sub(1); }

  /// Until those have ended that began before the call. Threads that log without a pause do not
  /// prolong it: what begins now counts for the next generation. Both are waited for, since a line
  /// may be held up between its look at the generation and its count.
  static void wait_for_ends() noexcept {
    for (int i = 0; i < 2; ++i) {
      const auto& lines = lines_under_way[generation.fetch_add(1) % 2];
      while (lines.load() > 0) std::this_thread::yield();
    }
  }

 private:
  std::atomic<int>& lines_;
};

using Buffer = fmt::memory_buffer;

void append(Buffer& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

/// A quoted string that is right as JSON (RFC 8259 section 7) and as logfmt.
void append_quoted(Buffer& out, std::string_view text) {
  out.push_back('"');
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text.substr(at));
    const char c = text[at];
    if (length == 0) {
      append(out, kReplacement);
    } else if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      append(out, "\\n");
    } else if (length == 1 && (static_cast<std::uint8_t>(c) < 0x20 || c == 0x7f)) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      append(out, text.substr(at, length));
    }
    at += length == 0 ? 1 : length;
  }
  out.push_back('"');
}

/// RFC 3339 in UTC with microseconds. The part down to the second is made once a second.
void append_time(Buffer& out) {
  thread_local std::time_t cached_second = -1;
  thread_local char cached[24];
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  const std::time_t second = micros / 1'000'000;
  if (second != cached_second) {
    std::tm parts{};
    ::gmtime_r(&second, &parts);
    std::strftime(cached, sizeof cached, "%Y-%m-%dT%H:%M:%S", &parts);
    cached_second = second;
  }
  append(out, cached);
  fmt::format_to(std::back_inserter(out), ".{:06}Z", micros % 1'000'000);
}

/// Writes one line's fields in either format.
class Line {
 public:
  Line(Buffer& out, Format format) : out_{out}, json_{format == Format::kJson} {
    if (json_) out_.push_back('{');
  }
  void key(std::string_view key) {
    if (!first_) out_.push_back(json_ ? ',' : ' ');
    first_ = false;
    if (json_) out_.push_back('"');
    append(out_, key);
    append(out_, json_ ? "\":" : "=");
  }
  /// A value without characters that need escaping.
  void plain(std::string_view name, std::string_view value) {
    key(name);
    if (json_) out_.push_back('"');
    append(out_, value);
    if (json_) out_.push_back('"');
  }
  void quoted(std::string_view name, std::string_view value) {
    key(name);
    append_quoted(out_, value);
  }
  template <class Id>
  void id(std::string_view name, const Id& id) {
    char digits[2 * sizeof id.bytes];
    write_hex(id.bytes, digits);
    plain(name, {digits, sizeof digits});
  }
  void time() {
    key("time");
    if (json_) out_.push_back('"');
    append_time(out_);
    if (json_) out_.push_back('"');
  }
  void end() { append(out_, json_ ? "}\n" : "\n"); }

 private:
  Buffer& out_;
  bool json_;
  bool first_ = true;
};

bool needs_quotes(std::string_view text) noexcept {
  return std::ranges::any_of(
      text, [](char c) { return c <= ' ' || c == '=' || c == '"' || c == '\\' || c >= 0x7f; });
}

void append_line(Buffer& out, const Options& options, Level level, std::string_view message) {
  Line line{out, detail::current_format.load(std::memory_order_relaxed)};
  line.time();
  line.plain("level", name(level));
  line.quoted("message", cut_utf8(message, kMessageBytesMax));
  const Context* const context = current_context();
  if (context != nullptr && context->span.valid()) {
    line.id("trace_id", context->span.trace_id);
    line.id("span_id", context->span.span_id);
  }
  if (!options.service.empty()) {
    if (needs_quotes(options.service)) {
      line.quoted("service", options.service);
    } else {
      line.plain("service", options.service);
    }
  }
  line.end();
}

}  // namespace

std::string_view name(Level level) noexcept {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarn:
      return "warn";
    case Level::kError:
      return "error";
    case Level::kOff:
      return "off";
  }
  return "";
}

Result<Level> parse_level(std::string_view text) {
  for (const Level level :
       {Level::kDebug, Level::kInfo, Level::kWarn, Level::kError, Level::kOff}) {
    if (ascii_iequals(text, name(level))) return level;
  }
  if (ascii_iequals(text, "warning")) return Level::kWarn;
  return hal::error(Code::kInvalidArgument,
                    fmt::format("\"{}\" is none of debug, info, warn, error and off", text));
}

Result<Format> parse_format(std::string_view text) {
  if (ascii_iequals(text, "json")) return Format::kJson;
  if (ascii_iequals(text, "text") || ascii_iequals(text, "logfmt")) return Format::kText;
  return hal::error(Code::kInvalidArgument, fmt::format("\"{}\" is neither json nor text", text));
}

void set_level(Level level) noexcept {
  detail::current_level.store(level, std::memory_order_relaxed);
}

void set_format(Format format) noexcept {
  detail::current_format.store(format, std::memory_order_relaxed);
}

Setup::Setup(Options options)
    : options_{std::move(options)},
      former_{current.exchange(&options_, std::memory_order_acq_rel)},
      former_level_{level()},
      former_format_{detail::current_format.load(std::memory_order_relaxed)} {
  set_level(options_.level);
  set_format(options_.format);
}

Setup::~Setup() {
  set_level(former_level_);
  set_format(former_format_);
  current.store(former_);
  LineUnderWay::wait_for_ends();
}

void detail::write(Level level, fmt::string_view format, fmt::format_args arguments) noexcept {
  // Buffers on the stack, so that a formatter that logs itself does no harm.
  try {
    const LineUnderWay under_way;
    const Options* options = current.load();
    if (options == nullptr) options = &kDefaults;
    Sink& sink = options->sink == nullptr ? standard_error : *options->sink;
    Buffer message;
    fmt::vformat_to(std::back_inserter(message), format, arguments);
    Buffer line;
    append_line(line, *options, level, {message.data(), message.size()});
    sink.write(level, {line.data(), line.size()});
  } catch (...) {  // no memory, or a formatter of the user threw: the request goes on
    standard_error.write(Level::kError, "level=error message=\"a log line could not be made\"\n");
  }
}

}  // namespace hal::log
