#include <hal/cli/trace_doctor.hpp>

#include <hal/async/deadline.hpp>
#include <hal/cli/collector_client.hpp>
#include <hal/cli/doctor_json.hpp>
#include <hal/cli/doctor_report.hpp>
#include <hal/cli/terminal.hpp>
#include <hal/collector/doctor/diagnose.hpp>
#include <hal/config/config.hpp>
#include <hal/wire/url.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace hal::cli {
namespace {

using collector::Trace;
namespace doctor = collector::doctor;

constexpr std::chrono::minutes kTimeout{5};
/// One trace may be large: the collector keeps 20,000 spans of it.
constexpr std::uint64_t kBodyMax = std::uint64_t{256} * 1024 * 1024;
constexpr std::size_t kServicesMax = 100;
/// Around a trace asked for by its id: its other half began during a request of before.
constexpr std::uint64_t kBeforeUs = 30'000'000;
constexpr std::uint64_t kAfterUs = 1'000'000;

struct DoctorFlags {
  std::string collector_url{};
  std::string jaeger{};
  std::string service{};
  std::size_t limit = 1000;
  std::chrono::seconds lookback = std::chrono::hours{1};
  std::chrono::milliseconds settle{10'000};
  bool json = false;

  static void describe(config::Fields& fields) {
    fields.prefix("HAL_DOCTOR_");
    fields["collector_url"]
        .variable("HAL_COLLECTOR_URL")
        .help("base URL of a collector; else the one in the local registry");
    fields["jaeger"].help("base URL of Jaeger's query API, instead of a collector");
    fields["service"].help("traces with spans of this service only");
    fields["limit"]
        .range(std::size_t{1}, std::size_t{100'000})
        .help("traces to read, the newest; from Jaeger, of each service");
    fields["lookback"]
        .range(std::chrono::seconds{1}, std::chrono::hours{24 * 366})
        .help("how far back");
    fields["settle"].help("newer traces are left out: their spans may still be under way");
    fields["json"].help("for machines");
  }
};
BOOST_DESCRIBE_STRUCT(DoctorFlags, (),
                      (collector_url, jaeger, service, limit, lookback, settle, json))

struct Reading : DoctorReading {
  std::vector<Trace> traces{};
};

std::uint64_t unix_now_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::nanoseconds{now}.count());
}

/// From `start_us` to `end_us`: of one service, of all, or of each where the API wants a name.
Task<Result<std::vector<TraceSearch>>> searches(http::Client* client, const DoctorFlags* flags,
                                                std::string base, std::uint64_t start_us,
                                                std::uint64_t end_us) {
  std::vector<std::string> services{flags->service};
  if (!flags->jaeger.empty() && flags->service.empty()) {
    services = co_await or_return(get_services(client, base));
    if (services.size() > kServicesMax) {
      co_return error(Code::kInvalidArgument,
                      fmt::format("{} has {} services, more than the {} that are read: name one "
                                  "with --service",
                                  wire::shown_url(base), services.size(), kServicesMax));
    }
  }
  std::vector<TraceSearch> all;
  for (auto& service : services) {
    all.push_back({.service = std::move(service), .start_us = start_us, .end_us = end_us});
  }
  co_return all;
}

/// All traces of the lookback or, with an id, that trace and those around it.
Task<Result<Reading>> read(Session* session, const DoctorFlags* flags,
                           std::optional<TraceId> only) {
  http::Client client{session->network(),
                      session->workers().size(),
                      session->untraced(),
                      {.pool = {.limits = {.body_bytes = kBodyMax}, .exchange_timeout = kTimeout}}};
  Reading reading;
  reading.source = co_await or_return(
      find_collector(session, flags->jaeger.empty() ? flags->collector_url : flags->jaeger));
  const std::chrono::microseconds lookback = flags->lookback;
  auto end_us = unix_now_ns() / 1000;
  auto start_us = end_us - static_cast<std::uint64_t>(lookback.count());
  std::optional<Trace> wanted;
  if (only) {
    wanted = co_await or_return(get_trace(&client, reading.source, only->hex()));
    start_us = wanted->start_unix_ns() / 1000;
    start_us -= std::min(start_us, kBeforeUs);
    end_us = wanted->end_unix_ns() / 1000 + kAfterUs;
  }
  TracePages pages{co_await or_return(searches(&client, flags, reading.source, start_us, end_us)),
                   {.traces_max = flags->limit}};
  while (const auto search = pages.next()) {
    auto page = co_await or_return(search_traces(&client, reading.source, *search));
    for (Trace& trace : page) doctor::keep_evidence(trace);
    pages.add(std::move(page));
  }
  reading.is_cut = pages.is_cut();
  reading.traces = pages.take();
  if (wanted && std::ranges::find(reading.traces, wanted->id, &Trace::id) == reading.traces.end()) {
    reading.traces.push_back(std::move(*wanted));
  }
  co_return reading;
}

Task<Result<Reading>> read_in_time(Session* session, const DoctorFlags* flags,
                                   std::optional<TraceId> only) {
  co_return co_await timeout(kTimeout, read(session, flags, only));
}

/// A Jaeger taken for a collector misses in each search the name of a service.
Status with_hint(const Status& status, const DoctorFlags& flags) {
  if (status.code() != Code::kInvalidArgument || !flags.jaeger.empty()) return status;
  return {status.code(), fmt::format("{}; for Jaeger itself use --jaeger <url>", status.message())};
}

int fail(const Status& status) {
  fmt::print(stderr, "hal trace doctor: {}\n", status.message());
  return 2;
}

/// The trace that the command line names; nullopt: none.
Result<std::optional<TraceId>> trace_of(const config::Arguments& arguments) {
  const auto& words = arguments.positional();
  if (words.size() == 2) return std::nullopt;
  if (words.size() > 3) {
    return error(Code::kInvalidArgument, "usage: hal trace doctor [trace id] [flags]");
  }
  const auto id = words[2].size() > 32 ? std::nullopt : TraceId::from_hex(words[2]);
  if (!id) {
    return error(Code::kInvalidArgument,
                 fmt::format("'{}' is no trace id: 32 hexadecimal digits", words[2]));
  }
  return id;
}

}  // namespace

int trace_doctor(const config::Environment& environment, const config::Arguments& arguments) {
  std::vector<config::Setting> settings;
  if (arguments.find("help") != nullptr) {
    (void)config::read<DoctorFlags>({}, &settings);
    fmt::print(
        "usage: hal trace doctor [trace id] [flags]\n\n"
        "Says which service broke the mesh's traces, by which header, and the cure.\n"
        "Exit code 0: nothing found, 1: findings, 2: wrong usage, no traces can be read, or too "
        "early to tell of the one asked for.\n\n{}",
        config::to_help(settings));
    return 0;
  }
  const auto flags = config::read<DoctorFlags>({environment, arguments}, &settings);
  if (!flags) return fail(flags.error());
  if (const auto known = arguments.check_known(config::flags_of(settings)); !known) {
    return fail(known.error());
  }
  const auto only = trace_of(arguments);
  if (!only) return fail(only.error());
  auto session = Session::make(environment);
  if (!session) return fail(session.error());
  auto reading = (*session)->run(read_in_time, &*flags, *only);
  if (!reading) return fail(with_hint(reading.error(), *flags));
  const auto diagnosis =
      doctor::diagnose(std::move(reading->traces),
                       {.now_unix_ns = unix_now_ns(), .settle = flags->settle, .only = *only});
  fmt::print("{}", flags->json ? diagnosis_json(diagnosis, *reading)
                               : render_diagnosis(diagnosis, *reading, terminal_tree_options()));
  if (diagnosis.is_too_early) return 2;
  return diagnosis.findings.empty() ? 0 : 1;
}

}  // namespace hal::cli
