#include <hal/cli/trace_show.hpp>

#include <hal/async/deadline.hpp>
#include <hal/cli/collector_client.hpp>
#include <hal/cli/terminal.hpp>
#include <hal/config/config.hpp>

#include <cstdio>

namespace hal::cli {
namespace {

constexpr std::chrono::seconds kTimeout{10};

struct ShowOptions {
  std::string collector_url{};

  static void describe(config::Fields& fields) {
    fields["collector_url"]
        .variable("HAL_COLLECTOR_URL")
        .help("base URL of a query API: this collector's or Jaeger's");
  }
};
BOOST_DESCRIBE_STRUCT(ShowOptions, (), (collector_url))

Task<Result<collector::Trace>> fetch(Session* session, std::string url, std::string id) {
  http::Client client{session->network(), session->workers().size(), session->untraced()};
  const auto base = co_await or_return(find_collector(session, std::move(url)));
  if (id != "last") {
    if (id.size() > 32 || !TraceId::from_hex(id)) {
      co_return error(Code::kInvalidArgument,
                      fmt::format("'{}' is no trace id: 32 hexadecimal digits, or `last`", id));
    }
    co_return co_await get_trace(&client, base, std::move(id));
  }
  co_return co_await get_last(&client, base);
}

Task<Result<collector::Trace>> fetch_in_time(Session* session, std::string url, std::string id) {
  co_return co_await timeout(kTimeout, fetch(session, std::move(url), std::move(id)));
}

}  // namespace

int trace_show(const config::Environment& environment, const config::Arguments& arguments) {
  std::vector<config::Setting> settings;
  const auto options = config::read<ShowOptions>({environment, arguments}, &settings);
  Result<> usable = arguments.check_known(config::flags_of(settings));
  if (usable && arguments.positional().size() != 3) {
    usable = error(Code::kInvalidArgument, "usage: hal trace show <trace id|last>");
  }
  if (!usable) {
    fmt::print(stderr, "hal trace show: {}\n", usable.error().message());
    return 2;
  }
  auto session = Session::make(environment);
  if (!session) {
    fmt::print(stderr, "hal trace show: {}\n", session.error().message());
    return 1;
  }
  const auto trace =
      (*session)->run(fetch_in_time, options->collector_url, arguments.positional()[2]);
  if (!trace) {
    fmt::print(stderr, "hal trace show: {}\n", trace.error().message());
    return trace.error().code() == Code::kInvalidArgument ? 2 : 1;
  }
  fmt::print("{}", render_trace(*trace, terminal_tree_options()));
  return 0;
}

}  // namespace hal::cli
