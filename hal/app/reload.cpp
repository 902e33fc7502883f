// SIGHUP: reads the file of options again.
#include <hal/app/reload.hpp>

#include <hal/app/impl.hpp>

#include <algorithm>
#include <array>

namespace hal {
namespace app {

Result<LogLines> log_lines(const AppOptions& options) {
  const auto level = log::parse_level(options.log_level);
  if (!level) return error(level.error().with_prefix("HAL_LOG_LEVEL"));
  const auto format = log::parse_format(options.log_format);
  if (!format) return error(format.error().with_prefix("HAL_LOG_FORMAT"));
  return LogLines{*level, *format};
}

bool is_reloadable(std::string_view variable) noexcept {
  static constexpr std::array<std::string_view, 6> kReloadable{
      "HAL_LOG_LEVEL",           "HAL_LOG_FORMAT",  "OTEL_TRACES_SAMPLER",
      "OTEL_TRACES_SAMPLER_ARG", "HAL_DRAIN_GRACE", "HAL_DRAIN_TIMEOUT"};
  return std::ranges::find(kReloadable, variable) != kReloadable.end();
}

}  // namespace app

namespace {

/// What a reading gives, typed and checked as at the start.
struct Reading {
  std::vector<config::Setting> settings{};
  app::AppOptions options{};
  app::TraceVariables variables{};
};

Result<Reading> read_again(const app::Settings& settings, config::Source source,
                           const std::string& path, const app::AppOptions& defaults) {
  auto file = config::File::load(path);
  if (!file) return error(std::move(file.error()));
  source.file = std::move(*file);
  auto now = settings.read_again(source);
  if (!now) return error(std::move(now.error()));
  Reading reading{.settings = std::move(*now), .options = defaults};
  for (const auto& done :
       {config::read_into(reading.options, source), config::read_into(reading.variables, source)}) {
    if (!done) return error(done.error());
  }
  const auto named = [&](const Status& failure) {
    return error(config::name_sources(failure, reading.settings));
  };
  if (auto lines = app::log_lines(reading.options); !lines) return named(lines.error());
  const auto& variables = reading.variables;
  auto sampler = telemetry::Sampler::parse(variables.sampler, variables.sampler_argument);
  if (!sampler) return named(sampler.error());
  return reading;
}

}  // namespace

/// Its files are renewed under the same names.
void App::Impl::reload_tls() {
  if (options.tls_certificate.empty()) return;
  if (auto loaded = tls.load(options); !loaded) {
    log::error("SIGHUP: {}: the certificate stays as it was", loaded.error().message());
  } else {
    log::info("SIGHUP: {} was read again", options.tls_certificate);
  }
}

void App::Impl::reload() {
  reload_tls();
  if (file_options.config.empty()) {
    log::info("SIGHUP: no file of options is given (--config, HAL_CONFIG): nothing is read again");
    return;
  }
  if (!listening_.load()) {
    log::warn("SIGHUP: the process still starts: {} is not read again", file_options.config);
    return;
  }
  const auto reading = read_again(settings, source, file_options.config, defaults);
  if (!reading) {
    log::error("SIGHUP: {}: the options stay as they are", reading.error().message());
    return;
  }
  const auto changes = settings.changes(reading->settings);
  for (const auto& change : changes) {
    const bool now = app::is_reloadable(change.after.name);
    log::write(now ? log::Level::kInfo : log::Level::kWarn, "SIGHUP: {} is '{}', was '{}'{}",
               change.after.name, change.after.value, change.before.value,
               now ? "" : ": takes effect with the next start");
    if (now) settings.replace(change.after);
  }
  if (!changes.empty()) apply(reading->options, reading->variables);
  log::info("SIGHUP: {} was read again, {} options differ", file_options.config, changes.size());
}

void App::Impl::apply(const app::AppOptions& new_options,
                      const app::TraceVariables& new_variables) {
  options.drain_grace = new_options.drain_grace;
  options.drain_timeout = new_options.drain_timeout;
  // A level that /log-level has set stays, unless the file's has changed.
  if (new_options.log_level != options.log_level || new_options.log_format != options.log_format) {
    const auto lines = app::log_lines(new_options);
    log::set_level(lines->level);
    log::set_format(lines->format);
    options.log_level = new_options.log_level;
    options.log_format = new_options.log_format;
  }
  const auto sampler =
      telemetry::Sampler::parse(new_variables.sampler, new_variables.sampler_argument);
  for (std::size_t index = 0; index < states.size(); ++index) {
    workers->loop(static_cast<unsigned>(index)).post([state = &states[index], sampler = *sampler] {
      state->tracer.set_sampler(sampler);
    });
  }
}

}  // namespace hal
