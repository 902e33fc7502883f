#include <hal/service/testing/test_host.hpp>

namespace hal::service::testing {

TestHost::TestHost(const net::testing::MemoryOptions& options)
    : own_loop_{std::in_place}, loop_{&*own_loop_}, network_{options} {
  background_.emplace(Context{.loop = loop_});
  worker_ = {.index = 0, .loop = loop_, .drain = &drain_, .background = &*background_};
  loop_->set_worker(0, *background_);
}

TestHost::TestHost(Loop& loop, const net::testing::MemoryOptions& options)
    : loop_{&loop}, network_{options} {
  background_.emplace(Context{.loop = loop_});
  worker_ = {.index = 0, .loop = loop_, .drain = &drain_, .background = &*background_};
  loop_->set_worker(0, *background_);
}

TestHost::~TestHost() { shut_down(); }

void TestHost::shut_down() {
  background_->cancel({Code::kCancelled, "the test ends"});
  loop_->run_until([this] { return background_->active() == 0; });
}

Task<Result<>> TestHost::on_listening(Listening what) {
  if (!listening_error.ok()) co_return error(listening_error);
  listening.push_back(std::move(what));
  listening_changed_.wake_all();
  co_return Result<>{};
}

Task<Result<net::Endpoint>> TestHost::wait_listening() {
  while (listening.empty()) co_await or_return(co_await listening_changed_.wait());
  co_return listening.front().endpoint;
}

}  // namespace hal::service::testing
