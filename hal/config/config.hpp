// Options: a described struct, filled from flags, environment variables, a file and its values in
// code.
#pragma once

#include <hal/config/fields.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/members.hpp>

#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace hal::config {
namespace detail {

template <class Options, template <class...> class List, class... D>
void add_members(Fields& fields, Options& options, List<D...>) {
  (fields.add(D::name, kValueType<std::remove_reference_t<decltype(options.*D::pointer)>>,
              &(options.*D::pointer)),
   ...);
}

}  // namespace detail

/// Sets each public member of `options`, a struct described by BOOST_DESCRIBE_STRUCT, from its
/// flag, else its environment variable, else its key in the file, else leaves its value: member
/// `service_port`, variable `SERVICE_PORT`, flag `--service-port`. A `static void
/// describe(config::Fields&)` of the struct may change names and add aliases, ranges and help.
/// INVALID_ARGUMENT collects every refused value (variable or flag, value, what is allowed); the
/// refused members keep their value. Flags that no member has are left to
/// Arguments::check_known(). Appends the settings to `settings` unless it is null, on error too.
template <class Options>
[[nodiscard]] Result<> read_into(Options& options, const Source& source,
                                 std::vector<Setting>* settings = nullptr) {
  namespace describe = boost::describe;
  Fields fields;
  detail::add_members(fields, options, describe::describe_members < Options,
                      describe::mod_public | describe::mod_inherited > {});
  if constexpr (requires { Options::describe(fields); }) Options::describe(fields);
  return fields.read(source, settings);
}

/// read_into() a default-made Options.
template <class Options>
[[nodiscard]] Result<Options> read(const Source& source, std::vector<Setting>* settings = nullptr) {
  Options options{};
  if (auto done = read_into(options, source, settings); !done) return error(done.error());
  return options;
}

/// An error about what options mean, with each named by what it was read from, as read_into() names
/// it: "HAL_TRACE_MODE='half': ..." is about "--trace-mode", an alias, "app.yaml:3:
/// HAL_TRACE_MODE". An option is known by its variable or an alias where the message or a part of
/// it ("; ") begins, and before '=' in a list (", ").
[[nodiscard]] Status name_sources(const Status& failure, std::span<const Setting> settings);

/// The flags' names, for Arguments::check_known().
[[nodiscard]] std::vector<std::string> flags_of(std::span<const Setting> settings);

/// The variables' names with their aliases, for File::check_known().
[[nodiscard]] std::vector<std::string> variables_of(std::span<const Setting> settings);

/// Variables that begin with `prefix` and that no setting has: most likely mistyped. Left out are
/// those that Kubernetes sets for a Service of such a name (..._SERVICE_HOST, ..._PORT_80_TCP...).
[[nodiscard]] std::vector<std::string> unknown_variables(const Environment& environment,
                                                         std::span<const Setting> settings,
                                                         std::string_view prefix);

/// One line per setting, `NAME=value  # source; help`, columns aligned: a `--print-config`.
[[nodiscard]] std::string to_text(std::span<const Setting> settings);

/// Two lines per setting: flag, variable and default value; then its help. For settings that were
/// read from nothing, so that their values are the defaults.
[[nodiscard]] std::string to_help(std::span<const Setting> settings);

}  // namespace hal::config
