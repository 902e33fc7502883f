// Reads the options of a process, in earnest or only to look at them.
#include <hal/app/command.hpp>
#include <hal/app/end_workers.hpp>
#include <hal/app/impl.hpp>
#include <hal/async/block_on.hpp>
#include <hal/async/deadline.hpp>
#include <hal/discovery/registry_choice.hpp>
#include <hal/net/run_on.hpp>

namespace hal {
namespace {

/// How long `serve` may take up to where its server would listen.
constexpr std::chrono::seconds kDryRunMax{10};

/// Both errors, or the one there is.
Result<> both(Result<> first, Result<> second) {
  if (first) return second;
  if (second) return first;
  return error(Code::kInvalidArgument, first.error().message() + "; " + second.error().message());
}

template <class Options>
Result<> read_fresh(const config::Source& source, std::vector<config::Setting>* settings) {
  Options fresh{};
  return config::read_into(fresh, source, settings);
}

}  // namespace

Result<> App::Impl::read(app::AppOptions program_defaults) {
  defaults = std::move(program_defaults);
  auto result = config::read_into(file_options, source);
  (void)settings.add(source, read_fresh<app::FileOptions>);
  if (!file_options.config.empty()) {
    auto file = config::File::load(file_options.config);
    if (file) {
      source.file = std::move(*file);
    } else {
      result = both(std::move(result), error(std::move(file.error())));
    }
  }
  options = defaults;
  result = both(std::move(result), config::read_into(options, source));
  result = both(std::move(result), config::read_into(variables, source));
  result = both(std::move(result), config::read_into(exports, source));
  result = both(std::move(result), config::read_into(node_options, source));
  result = both(std::move(result), app::check(node_options));
  (void)settings.add(source, [defaults = defaults](const config::Source& from,
                                                   std::vector<config::Setting>* read) {
    app::AppOptions fresh = defaults;
    return config::read_into(fresh, from, read);
  });
  (void)settings.add(source, read_fresh<app::TraceVariables>);
  (void)settings.add(source, read_fresh<app::ExportVariables>);
  (void)settings.add(source, read_fresh<discovery::RegistryOptions>);
  (void)settings.add(source, read_fresh<app::NodeOptions>);
  service_name = options.service_name;
  if (result) take_address();
  return result;
}

/// go-micro's one variable for both, where ours do not say it.
void App::Impl::take_address() {
  if (node_options.service_address.empty()) return;
  const auto address = net::parse_endpoint(node_options.service_address).value();
  for (const auto& setting : settings.all()) {
    if (setting.source != "default") continue;
    if (setting.name == "SERVICE_HOST") options.service_host = address.host;
    if (setting.name == "SERVICE_PORT") options.service_port = config::Port{address.port};
  }
}

Result<> App::Impl::named(Result<> result) const {
  if (result) return result;
  return error(config::name_sources(result.error(), settings.all()));
}

Result<> App::Impl::check_known() const {
  const auto known = settings.all();
  return both(source.arguments.check_known(app::known_flags(known)),
              source.file.check_known(config::variables_of(known)));
}

Result<> App::Impl::dry_run(Dry dry, app::AppOptions program_defaults,
                            Task<Result<>> (*serve)(App& app)) {
  dry_network.emplace();
  auto verdict = read(std::move(program_defaults));
  options.workers = 1;
  // Defaults are not refused, and to tell them the local registry's folder is not made.
  auto configured = dry == Dry::kDefaults ? Result<>{} : configure();
  if (verdict) verdict = std::move(configured);
  if (!discovery) {
    const config::Environment none{{{"HAL_REGISTRY", "static"}}};
    discovery = std::move(discovery::make_discovery(none, {app.network(), control})->discovery);
    control.set_offload_pool(&pool);
  }
  if (!request_metrics) make_layers();
  start_workers();
  auto served = block_on(control, dry_main, this, serve);
  workers->stop_and_join();
  // Another failure than a refused option comes from what is not started here.
  const bool refused = !served && served.error().code() == Code::kInvalidArgument;
  verdict = both(std::move(verdict), refused ? std::move(served) : Result<>{});
  if (!dry_network->all_read()) return verdict;  // not all options are known
  return both(std::move(verdict), check_known());
}

Task<Result<>> App::Impl::dry_main(Impl* self, Task<Result<>> (*serve)(App& app)) {
  Loop& loop = self->workers->loop(0);
  auto result = co_await timeout(kDryRunMax, net::run_on(loop, serve_on_worker, self, serve));
  co_await app::end_workers(&self->states, Duration::zero());  // nothing is exported
  co_return result;
}

}  // namespace hal
