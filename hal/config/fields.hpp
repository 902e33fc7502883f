// Fields: a struct's options with their names, aliases, limits and help, without its type.
#pragma once

#include <hal/base/status.hpp>
#include <hal/config/arguments.hpp>
#include <hal/config/environment.hpp>
#include <hal/config/file.hpp>
#include <hal/config/value.hpp>

#include <chrono>
#include <concepts>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hal::config {

/// Where options come from, strongest first: arguments, environment, file, the values in code.
struct Source {
  Environment environment{};
  Arguments arguments{};
  File file{};
};

/// One option as it stands: what a `--print-config` or `--help` shows.
struct Setting {
  std::string name;   ///< the environment variable: "GREETER_SERVICE_NAME"
  std::string value;  ///< as it would be typed; "***" for a secret that is set
  /// "flag --x", "environment X" (the alias, if that was read), "file app.yaml:3" or "default"
  std::string source;
  std::string help;
  bool secret = false;
  std::string flag;                    ///< without dashes: "greeter-service-name"
  std::vector<std::string> aliases{};  ///< further variables

  friend bool operator==(const Setting&, const Setting&) = default;
};

/// One option of a struct. The setters return *this, to be chained.
class Field {
 public:
  Field(std::string_view member, const detail::ValueType& type, void* value);

  /// What the option does, one line.
  Field& help(std::string_view text);
  /// The whole name of the environment variable; no prefix is added.
  Field& variable(std::string_view name);
  /// The flag's name without dashes.
  Field& flag(std::string_view name);
  /// A further variable, read when the ones before it are unset; no prefix is added.
  Field& alias(std::string_view variable);
  /// Never show the value, neither in settings nor in errors.
  Field& secret();
  /// How the value reads in settings and errors, a URL without its password, say: `shown` of it.
  Field& shown_as(std::string (*shown)(std::string_view value));
  /// Smallest and largest value of an integer or double.
  template <class Number>
    requires std::integral<Number> || std::floating_point<Number>
  Field& range(Number min, Number max) {
    range_ = {static_cast<long double>(min), static_cast<long double>(max)};
    return *this;
  }
  /// Smallest and largest value of a duration.
  Field& range(std::chrono::nanoseconds min, std::chrono::nanoseconds max);

 private:
  friend class Fields;

  std::string member_;
  std::string variable_;  // empty: made from prefix and member
  std::string flag_;
  std::vector<std::string> aliases_;
  std::string help_;
  Range range_;
  bool secret_ = false;
  std::string (*shown_)(std::string_view) = nullptr;
  const detail::ValueType* type_;
  void* value_;  // the member; lives during read_into() only
};

/// A struct's options, handed to its `static void describe(config::Fields&)`.
class Fields {
 public:
  /// The option of that member. A name that is no described member is a contract failure.
  [[nodiscard]] Field& operator[](std::string_view member);

  /// Begins the variables of all members without a name of their own: "HAL_". Flags have none.
  Fields& prefix(std::string_view text);

  /// For read_into(): an option of this type, whose value lives until read() has returned.
  void add(std::string_view member, const detail::ValueType& type, void* value);

  /// Sets each member from the strongest source that has it; a member whose text is refused keeps
  /// its value. Appends one Setting per member to `settings` unless it is null, also when it fails.
  /// INVALID_ARGUMENT names every refused text, separated by "; ".
  [[nodiscard]] Result<> read(const Source& source, std::vector<Setting>* settings);

 private:
  /// The text of an option, and where it came from.
  struct Found {
    std::string text;
    std::string label;   ///< for errors: "--service-port", "SERVICE_PORT", "a.yaml:3: SERVICE_PORT"
    std::string source;  ///< for Setting::source
    bool missing_value = false;
  };
  static std::optional<Found> locate(const Field& field, const Source& source);

  std::string prefix_;
  std::deque<Field> fields_;  // a deque: Field& stays valid while add() goes on
};

}  // namespace hal::config
