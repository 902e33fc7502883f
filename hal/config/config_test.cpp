#include <hal/config/config.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <optional>

namespace hal::config {
namespace {

using namespace std::chrono_literals;

enum class Mode { kFull, kForward, kDropOldest };
BOOST_DESCRIBE_ENUM(Mode, kFull, kForward, kDropOldest)

struct PlainOptions {
  std::string greeter_service_name = "hal9000-greeter";
  Port service_port{8080};
  bool enable_trace = true;
};
BOOST_DESCRIBE_STRUCT(PlainOptions, (), (greeter_service_name, service_port, enable_trace))

struct TunedOptions {
  std::string registry = "auto";
  int workers = 2;
  double ratio = 1.0;
  std::chrono::milliseconds drain_timeout = 25s;
  Mode trace_mode = Mode::kForward;
  std::vector<std::string> forward_headers;
  std::optional<Port> admin_port;
  std::string token = "builtin";
  std::string endpoint;

  static void describe(Fields& fields) {
    fields.prefix("HAL_");
    fields["registry"].alias("MICRO_REGISTRY").help("where services are found");
    fields["workers"].range(0, 64);
    fields["ratio"].range(0, 1);
    fields["drain_timeout"].range(0s, 10min);
    fields["token"].secret();
    fields["endpoint"].variable("OTEL_ENDPOINT").flag("otel");
  }
};
BOOST_DESCRIBE_STRUCT(TunedOptions, (),
                      (registry, workers, ratio, drain_timeout, trace_mode, forward_headers,
                       admin_port, token, endpoint))

Source source_of(Environment::Variables variables, std::vector<std::string> words = {}) {
  auto arguments = Arguments::parse(words);
  EXPECT_TRUE(arguments.has_value()) << arguments.error().to_string();
  return {.environment = Environment{std::move(variables)},
          .arguments = arguments.value_or(Arguments{})};
}

TEST(Config, PlainStructNeedsNothingButItsDescription) {
  const auto defaults = read<PlainOptions>({});
  ASSERT_TRUE(defaults);
  EXPECT_EQ(defaults->greeter_service_name, "hal9000-greeter");
  EXPECT_EQ(defaults->service_port, Port{8080});

  const auto options = read<PlainOptions>(
      source_of({{"GREETER_SERVICE_NAME", "g"}, {"SERVICE_PORT", "1"}, {"ENABLE_TRACE", "off"}}));
  ASSERT_TRUE(options);
  EXPECT_EQ(options->greeter_service_name, "g");
  EXPECT_EQ(options->service_port.number(), 1);
  EXPECT_FALSE(options->enable_trace);
}

TEST(Config, FlagBeatsVariableBeatsCodeAndTheSourceIsKept) {
  std::vector<Setting> settings;
  const auto options =
      read<PlainOptions>(source_of({{"GREETER_SERVICE_NAME", "variable"}, {"SERVICE_PORT", "9"}},
                                   {"--greeter-service-name=flag"}),
                         &settings);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->greeter_service_name, "flag");
  ASSERT_EQ(settings.size(), 3U);
  EXPECT_EQ(settings[0].source, "flag --greeter-service-name");
  EXPECT_EQ(settings[1].source, "environment SERVICE_PORT");
  EXPECT_EQ(settings[2], (Setting{.name = "ENABLE_TRACE",
                                  .value = "true",
                                  .source = "default",
                                  .help = {},
                                  .secret = false,
                                  .flag = "enable-trace"}));
}

TEST(Config, ReadIntoKeepsTheValuesAProgramChose) {
  PlainOptions options{.greeter_service_name = "chosen", .service_port = Port{0}};
  ASSERT_TRUE(read_into(options, source_of({{"SERVICE_PORT", "70"}})));
  EXPECT_EQ(options.greeter_service_name, "chosen");
  EXPECT_EQ(options.service_port, Port{70});
}

TEST(Config, AnEmptyVariableIsUnsetAndAnEmptyFlagIsEmpty) {
  const auto from_variable = read<PlainOptions>(source_of({{"GREETER_SERVICE_NAME", ""}}));
  EXPECT_EQ(from_variable->greeter_service_name, "hal9000-greeter");
  const auto from_flag = read<PlainOptions>(source_of({}, {"--greeter-service-name="}));
  EXPECT_EQ(from_flag->greeter_service_name, "");
}

TEST(Config, DescribeGivesPrefixAliasAndNames) {
  std::vector<Setting> settings;
  const auto options = read<TunedOptions>(
      source_of({{"MICRO_REGISTRY", "kubernetes"}, {"OTEL_ENDPOINT", "http://c"}}), &settings);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->registry, "kubernetes");
  EXPECT_EQ(options->endpoint, "http://c");
  EXPECT_EQ(settings[0], (Setting{.name = "HAL_REGISTRY",
                                  .value = "kubernetes",
                                  .source = "environment MICRO_REGISTRY",
                                  .help = "where services are found",
                                  .secret = false,
                                  .flag = "registry",
                                  .aliases = {"MICRO_REGISTRY"}}));

  const auto both =
      read<TunedOptions>(source_of({{"MICRO_REGISTRY", "kubernetes"}, {"HAL_REGISTRY", "local"}}));
  EXPECT_EQ(both->registry, "local");
  EXPECT_EQ(read<TunedOptions>(source_of({}, {"--otel", "x"}))->endpoint, "x");
}

TEST(Config, ErrorsOfWhatOptionsMeanNameTheirSource) {
  const auto setting = [](std::string name, std::string source, std::vector<std::string> aliases) {
    Setting made;
    made.name = std::move(name);
    made.source = std::move(source);
    made.aliases = std::move(aliases);
    return made;
  };
  const std::vector<Setting> settings{
      setting("HAL_MODE", "flag --mode", {}),
      setting("HAL_REGISTRY", "environment MICRO_REGISTRY", {"MICRO_REGISTRY"}),
      setting("HAL_LEVEL", "file app.yaml:3", {}),
      setting("HAL_PORT", "default", {}),
      setting("HAL_A", "flag --a", {"OTEL_LIMIT"}),
      setting("HAL_B", "environment OTEL_LIMIT", {"OTEL_LIMIT"})};
  const auto named = [&](std::string text) {
    return name_sources({Code::kInvalidArgument, std::move(text)}, settings);
  };
  EXPECT_EQ(named("HAL_MODE='half': no mode"),
            (Status{Code::kInvalidArgument, "--mode='half': no mode"}));
  EXPECT_EQ(named("HAL_REGISTRY=x: none").message(), "MICRO_REGISTRY=x: none");
  EXPECT_EQ(named("HAL_LEVEL: loud; HAL_MODE is half").message(),
            "app.yaml:3: HAL_LEVEL: loud; --mode is half");
  EXPECT_EQ(named("HAL_PORT='1', HAL_MODE='2': no pair").message(),
            "HAL_PORT='1', --mode='2': no pair");
  EXPECT_EQ(named("OTEL_LIMIT='x': no number").message(), "OTEL_LIMIT='x': no number");
  EXPECT_EQ(named("HAL_MODEL='x': as HAL_MODE, HAL_MODE and HAL_MODE").message(),
            "HAL_MODEL='x': as HAL_MODE, HAL_MODE and HAL_MODE");
  EXPECT_EQ(named("").message(), "");
}

TEST(Config, ReadsEveryType) {
  const auto options = read<TunedOptions>(source_of({{"HAL_WORKERS", "8"},
                                                     {"HAL_RATIO", "0.25"},
                                                     {"HAL_DRAIN_TIMEOUT", "1.5s"},
                                                     {"HAL_TRACE_MODE", "drop-oldest"},
                                                     {"HAL_FORWARD_HEADERS", "a, b,,c "},
                                                     {"HAL_ADMIN_PORT", "8081"}}));
  ASSERT_TRUE(options) << options.error().to_string();
  EXPECT_EQ(options->workers, 8);
  EXPECT_EQ(options->ratio, 0.25);
  EXPECT_EQ(options->drain_timeout, 1500ms);
  EXPECT_EQ(options->trace_mode, Mode::kDropOldest);
  EXPECT_EQ(options->forward_headers, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(options->admin_port, Port{8081});
}

TEST(Config, CollectsAllErrorsAndKeepsTheRefusedMembers) {
  TunedOptions options;
  const auto done = read_into(
      options, source_of({{"HAL_RATIO", "2"}, {"HAL_TRACE_MODE", "half"}}, {"--workers", "65"}));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().to_string(),
            "INVALID_ARGUMENT: --workers='65': allowed is a whole number from 0 to 64; "
            "HAL_RATIO='2': allowed is a number from 0 to 1; "
            "HAL_TRACE_MODE='half': allowed is one of full, forward, drop-oldest");
  EXPECT_EQ(options.workers, 2);
  EXPECT_EQ(options.trace_mode, Mode::kForward);
}

TEST(Config, NamesKubernetesServiceLinks) {
  const auto options = read<PlainOptions>(source_of({{"SERVICE_PORT", "tcp://10.96.0.1:8080"}}));
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().message(),
            "SERVICE_PORT='tcp://10.96.0.1:8080': allowed is a port number from 0 to 65535; "
            "Kubernetes service links set this variable because a Service in the namespace has "
            "this name: put `enableServiceLinks: false` into the pod's spec, or set the port by "
            "its flag");
}

TEST(Config, NeverShowsASecret) {
  std::vector<Setting> settings;
  ASSERT_TRUE(read<TunedOptions>(source_of({{"HAL_TOKEN", "hunter2"}}), &settings));
  const auto text = to_text(settings);
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
  EXPECT_NE(text.find("HAL_TOKEN=***"), std::string::npos) << text;
}

TEST(Config, SettingsAreThereAlsoWhenReadingFails) {
  std::vector<Setting> settings;
  EXPECT_FALSE(read<PlainOptions>(source_of({{"SERVICE_PORT", "x"}}), &settings));
  EXPECT_EQ(settings.size(), 3U);
}

TEST(Config, FlagsOfAllStructsAreTheKnownOnes) {
  std::vector<Setting> settings;
  const auto source = source_of({}, {"--enable-trace", "--workers=3"});
  ASSERT_TRUE(read<PlainOptions>(source, &settings));
  const auto missed = source.arguments.check_known(flags_of(settings));
  ASSERT_FALSE(missed);
  EXPECT_EQ(missed.error().message(),
            "unknown flag --workers; known: --enable-trace, --greeter-service-name, "
            "--service-port");
  ASSERT_TRUE(read<TunedOptions>(source, &settings));
  EXPECT_TRUE(source.arguments.check_known(flags_of(settings)));
}

TEST(Config, TheFileComesAfterTheEnvironment) {
  auto source = source_of({{"SERVICE_PORT", "9"}});
  source.file = *File::parse(
      "service: {port: 7}\ngreeter: {service_name: g}\nENABLE_TRACE: off\nMICRO_REGISTRY: dns\n",
      "app.yaml");
  std::vector<Setting> settings;
  const auto options = read<PlainOptions>(source, &settings);
  ASSERT_TRUE(options) << options.error().to_string();
  EXPECT_EQ(options->service_port, Port{9});
  EXPECT_EQ(options->greeter_service_name, "g");
  EXPECT_FALSE(options->enable_trace);
  EXPECT_EQ(settings[0].source, "file app.yaml:2");
  ASSERT_TRUE(read<TunedOptions>(source, &settings));
  EXPECT_EQ(settings[3].value, "dns");
  EXPECT_TRUE(source.file.check_known(variables_of(settings)));
  source = source_of({});
  source.file = *File::parse("\nservice: {port: x}", "app.yaml");
  EXPECT_EQ(read<PlainOptions>(source).error().message(),
            "app.yaml:2: SERVICE_PORT='x': allowed is a port number from 0 to 65535");
}

TEST(Config, FindsVariablesThatNobodyReads) {
  std::vector<Setting> settings;
  const auto source = source_of({{"HAL_LOGLEVEL", "x"},
                                 {"HAL_WORKERS", "1"},
                                 {"MICRO_REGISTRY", "local"},
                                 {"OTHER", "1"},
                                 {"HAL_SERVICE_HOST", "10.0.0.1"},
                                 {"HAL_PORT_80_TCP_ADDR", "10.0.0.1"},
                                 {"HAL_PORT", "tcp://10.0.0.1:80"}});
  ASSERT_TRUE(read<TunedOptions>(source, &settings));
  EXPECT_EQ(unknown_variables(source.environment, settings, "HAL_"),
            std::vector<std::string>{"HAL_LOGLEVEL"});
}

TEST(Config, HelpHasFlagVariableDefaultAndWhatItDoes) {
  std::vector<Setting> settings;
  ASSERT_TRUE(read<TunedOptions>({}, &settings));
  EXPECT_TRUE(
      to_help(settings).starts_with("  --registry, HAL_REGISTRY, MICRO_REGISTRY [auto]\n"
                                    "      where services are found\n"
                                    "  --workers, HAL_WORKERS [2]\n"))
      << to_help(settings);
}

TEST(Config, AFlagNeedsAValueUnlessItIsYesOrNo) {
  EXPECT_TRUE(
      read<PlainOptions>(source_of({{"ENABLE_TRACE", "0"}}, {"--enable-trace"}))->enable_trace);
  const auto missing = read<PlainOptions>(source_of({}, {"--service-port"}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message(), "--service-port: a value is missing");
}

TEST(Config, PrintsOneLinePerSetting) {
  std::vector<Setting> settings;
  ASSERT_TRUE(read<PlainOptions>(source_of({{"SERVICE_PORT", "80"}}), &settings));
  settings[1].help = "port to serve";
  EXPECT_EQ(to_text(settings),
            "GREETER_SERVICE_NAME=hal9000-greeter  # default\n"
            "SERVICE_PORT=80                       # environment SERVICE_PORT; port to serve\n"
            "ENABLE_TRACE=true                     # default\n");
}

TEST(ConfigDeathTest, DescribeOfAnUnknownMemberIsABug) {
  Fields fields;
  EXPECT_DEATH((void)fields["nothing"], "described member");
}

}  // namespace
}  // namespace hal::config
