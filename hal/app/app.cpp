#include <hal/app/app.hpp>

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
  std::vector<config::Setting> settings;
  app::AppOptions options = std::move(defaults);
  app::TraceVariables variables;
  const auto read = config::read_into(options, source, &settings);
  const auto read_too = config::read_into(variables, source, &settings);
  if (!read && !read_too) {
    return error(Code::kInvalidArgument,
                 read.error().message() + "; " + read_too.error().message());
  }
  if (!read) return error(read.error());
  if (!read_too) return error(read_too.error());
  auto app = std::unique_ptr<App>{new App{nullptr}};
  app->impl_ = std::make_unique<Impl>(*app, std::move(source), std::move(options),
                                      std::move(variables), std::move(settings));
  if (auto configured = app->impl_->configure(); !configured) {
    return error(std::move(configured.error()));
  }
  return app;
}

void App::add_metadata(std::string key, std::string value) {
  impl_->metadata.insert_or_assign(std::move(key), std::move(value));
}

net::Network& App::network() noexcept { return impl_->network; }
service::Discovery& App::discovery() noexcept { return *impl_->discovery; }
std::span<const service::Worker> App::workers() noexcept { return impl_->service_workers; }
net::Endpoint App::listen_endpoint() const {
  return {.host = impl_->options.service_host, .port = impl_->options.service_port.number()};
}
std::string_view App::service_name() const noexcept { return impl_->service_name; }
const service::Layers& App::server_layers() const noexcept { return impl_->server_layers; }
const service::Layers& App::client_layers() const noexcept { return impl_->client_layers; }
Task<Result<>> App::on_listening(service::Listening listening) {
  return impl_->on_listening(std::move(listening));
}

const config::Source& App::source() const noexcept { return impl_->source; }
std::vector<config::Setting>& App::settings() noexcept { return impl_->settings; }

Result<> App::run(Task<Result<>> (*serve)(App& app)) { return impl_->run(serve); }

int run(int argc, char** argv, Task<Result<>> (*serve)(App& app), app::AppOptions defaults) {
  // A closed pipe or socket is an error of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  google::protobuf::SetLogHandler(write_to_log);
  const std::string program = argc > 0 ? std::filesystem::path{argv[0]}.filename().string() : "hal";
  auto arguments = config::Arguments::parse(argc, argv);
  if (defaults.service_name.empty()) defaults.service_name = program;
  Result<std::unique_ptr<App>> app = error(Code::kInvalidArgument, "");
  if (arguments) {
    app = App::make({config::Environment::from_process(), std::move(*arguments)},
                    std::move(defaults));
  } else {
    app = error(std::move(arguments.error()));
  }
  if (!app) {
    fmt::print(stderr, "{}: {}\n", program, app.error().message());
    return 2;
  }
  const auto result = (*app)->run(serve);
  if (result) return 0;
  const Status failure = result.error();
  app->reset();  // its log comes first
  fmt::print(stderr, "{}: {}\n", program, failure.message());
  return failure.code() == Code::kInvalidArgument ? 2 : 1;
}

}  // namespace hal
