#include <hal/cli/session.hpp>

#include <hal/discovery/registry_choice.hpp>
#include <hal/service/layers/trace/trace.hpp>

namespace hal::cli {

Result<std::unique_ptr<Session>> Session::make(const config::Environment& environment) {
  auto session = std::unique_ptr<Session>{new Session};
  auto choice = discovery::make_discovery(environment, {session->network_, session->loop_});
  if (!choice) return error(std::move(choice.error()));
  session->discovery_ = std::move(choice->discovery);
  session->discovery_->start(session->worker_);
  return session;
}

Session::Session()
    : background_{Context{.loop = &loop_}},
      worker_{.index = 0, .loop = &loop_, .drain = &drain_, .background = &background_},
      untraced_{std::make_shared<layers::UntracedCall>()} {
  loop_.set_offload_pool(&pool_);
  loop_.set_worker(0, background_);
}

Session::~Session() {
  background_.cancel({Code::kCancelled, "the command ends"});
  loop_.run_until([this] { return background_.active() == 0; });
}

Task<Result<>> Session::on_listening(service::Listening /*listening*/) { co_return Result<>{}; }

}  // namespace hal::cli
