#include <hal/app/app.hpp>

#include <hal/app/command.hpp>
#include <hal/app/impl.hpp>
#include <hal/base/ascii.hpp>

#include <google/protobuf/stubs/logging.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

namespace hal {
namespace {

/// By itself protobuf writes to standard error what a peer sends wrong: without the log's limits,
/// format and trace ids.
void write_to_log(google::protobuf::LogLevel level, const char* /*file*/, int /*line*/,
                  const std::string& message) {
  if (level >= google::protobuf::LOGLEVEL_ERROR) {
    log::warn("protobuf: {}", ascii_trim(message));
  } else {
    log::debug("protobuf: {}", ascii_trim(message));
  }
}

}  // namespace

App::App(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
App::~App() = default;

Result<std::unique_ptr<App>> App::make(config::Source source, app::AppOptions defaults) {
  auto app = std::unique_ptr<App>{new App{nullptr}};
  app->impl_ = std::make_unique<Impl>(*app, std::move(source));
  auto& impl = *app->impl_;
  auto done = impl.read(std::move(defaults));
  if (done) done = impl.configure();
  if (done = impl.named(std::move(done)); !done) return error(std::move(done.error()));
  return app;
}

App::Description App::describe(std::optional<config::Source> source, app::AppOptions defaults,
                               Task<Result<>> (*serve)(App& app)) {
  const auto dry = source ? Impl::Dry::kConfigured : Impl::Dry::kDefaults;
  auto app = std::unique_ptr<App>{new App{nullptr}};
  app->impl_ = std::make_unique<Impl>(*app, std::move(source).value_or(config::Source{}));
  auto verdict = app->impl_->named(app->impl_->dry_run(dry, std::move(defaults), serve));
  return {.settings = app->impl_->settings.all(), .verdict = std::move(verdict)};
}

Result<> App::finish_options() {
  if (impl_->dry_network) return impl_->dry_network->end_here();
  return impl_->check_known();
}

void App::add_metadata(std::string key, std::string value) {
  impl_->metadata.insert_or_assign(std::move(key), std::move(value));
}

void App::add_metrics(std::function<void(telemetry::PrometheusText&)> write) {
  impl_->add_metrics(std::move(write));
}

void App::ready_when(std::function<bool()> condition) { impl_->ready_when(std::move(condition)); }

net::Network& App::network() noexcept {
  if (impl_->dry_network) return *impl_->dry_network;
  return impl_->network;
}
service::Discovery& App::discovery() noexcept { return *impl_->discovery; }
std::span<const service::Worker> App::workers() noexcept { return impl_->service_workers; }
net::Endpoint App::listen_endpoint() const {
  return {.host = impl_->options.service_host, .port = impl_->options.service_port.number()};
}
std::string_view App::service_name() const noexcept { return impl_->service_name; }
std::span<const std::string> App::rpc_aliases() const noexcept {
  return impl_->node_options.rpc_aliases;
}
const service::Layers& App::server_layers() const noexcept { return impl_->server_layers; }
const service::Layers& App::client_layers() const noexcept { return impl_->client_layers; }
service::ConnectionAge App::connection_age() const noexcept {
  return {.max = impl_->options.max_connection_age,
          .grace = impl_->options.max_connection_age_grace};
}
service::Refusals* App::refusals() noexcept { return &impl_->refusals; }
std::optional<net::TlsServer> App::tls(service::Protocol protocol) {
  return impl_->tls.server(protocol);
}
Task<Result<>> App::on_listening(service::Listening listening) {
  return impl_->on_listening(std::move(listening));
}

const config::Source& App::source() const noexcept { return impl_->source; }
void App::add_settings(Result<> (*read)(const config::Source&, std::vector<config::Setting>*)) {
  (void)impl_->settings.add(impl_->source, read);  // config() has told what is wrong
}

Result<> App::run(Task<Result<>> (*serve)(App& app)) { return impl_->named(impl_->run(serve)); }

namespace {

int refuse(std::string_view program, const Status& why) {
  fmt::print(stderr, "{}: {}\n", program, why.message());
  return 2;
}

/// --help, --print-config and --check-config.
int describe(app::Command command, const std::string& program, config::Source source,
             app::AppOptions defaults, Task<Result<>> (*serve)(App& app)) {
  if (command == app::Command::kHelp) {
    const auto described = App::describe(std::nullopt, std::move(defaults), serve);
    fmt::print("{}", app::help_text(program, described.settings));
    return 0;
  }
  const config::Environment environment = source.environment;
  const auto described = App::describe(std::move(source), std::move(defaults), serve);
  if (command == app::Command::kPrintConfig) {
    fmt::print("{}", config::to_text(described.settings));
    std::fflush(stdout);
  }
  for (const auto& line : app::unknown_variable_warnings(environment, described.settings)) {
    fmt::print(stderr, "{}: warning: {}\n", program, line);
  }
  if (!described.verdict) return refuse(program, described.verdict.error());
  if (command == app::Command::kCheckConfig)
    fmt::print("{}: the configuration is right\n", program);
  return 0;
}

}  // namespace

int run(int argc, char** argv, Task<Result<>> (*serve)(App& app), app::AppOptions defaults) {
  // A closed pipe or socket is an error of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  google::protobuf::SetLogHandler(write_to_log);
  const std::string program = argc > 0 ? std::filesystem::path{argv[0]}.filename().string() : "hal";
  auto arguments = config::Arguments::parse(argc, argv);
  if (!arguments) return refuse(program, arguments.error());
  if (defaults.service_name.empty()) defaults.service_name = program;
  const app::Command command = app::command_of(*arguments);
  config::Source source{.environment = config::Environment::from_process(),
                        .arguments = std::move(*arguments)};
  if (command != app::Command::kServe) {
    return describe(command, program, std::move(source), std::move(defaults), serve);
  }
  auto app = App::make(std::move(source), std::move(defaults));
  if (!app) return refuse(program, app.error());
  const auto result = (*app)->run(serve);
  if (result) return 0;
  const Status failure = result.error();
  app->reset();  // its log comes first
  fmt::print(stderr, "{}: {}\n", program, failure.message());
  return failure.code() == Code::kInvalidArgument ? 2 : 1;
}

}  // namespace hal
