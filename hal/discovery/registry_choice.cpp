#include <hal/discovery/registry_choice.hpp>

#include <hal/async/block_on.hpp>
#include <hal/discovery/dns/dns_discovery.hpp>
#include <hal/discovery/endpointslice/endpointslice_discovery.hpp>
#include <hal/discovery/kubernetes/kubernetes_discovery.hpp>
#include <hal/discovery/local_discovery.hpp>
#include <hal/discovery/sidecar.hpp>
#include <hal/discovery/static_discovery.hpp>
#include <hal/wire/url.hpp>

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

namespace hal::discovery {
namespace {

constexpr std::string_view kMicroRegistry = "MICRO_REGISTRY";
constexpr std::array<std::string_view, 5> kRegistries{"local", "static", "kubernetes",
                                                      "endpointslice", "dns"};

/// `why` is for the log: "HAL_REGISTRY=local".
struct Wanted {
  std::string_view registry;
  std::string why;
};

/// "HAL_REGISTRY" of the setting's source "environment HAL_REGISTRY".
std::string variable_of(const config::Setting& registry) {
  const auto space = registry.source.find(' ');
  const bool in_file = registry.source.starts_with("file ");
  return space == std::string::npos || in_file ? registry.name : registry.source.substr(space + 1);
}

/// In a pod, where nothing is asked for.
Wanted choose_in_pod(const config::Environment& environment, const Surroundings& surroundings) {
  if (block_on(surroundings.loop, has_sidecar, &surroundings.network, SidecarOptions{})
          .value_or(false)) {
    return {"static", "in a pod with a sidecar, which encrypts what goes to names of Services"};
  }
  if (const auto access = kubernetes::find_access(environment); !access) {
    return {"static", "in a pod that cannot ask the API server: " + access.error().message()};
  }
  return {"kubernetes", "in a pod without a sidecar"};
}

Result<Wanted> choose(const RegistryOptions& options, const config::Setting& registry,
                      const config::Environment& environment, const Surroundings& surroundings) {
  const std::string variable = variable_of(registry);
  const bool static_selector = options.selector == "static";
  // go-micro's selector decides where calls go, whatever its registry is.
  if (static_selector && (options.registry == "auto" || variable == kMicroRegistry)) {
    return Wanted{"static", "MICRO_SELECTOR=static"};
  }
  const std::string asked = fmt::format("{}={}", variable, options.registry);
  for (const std::string_view each : kRegistries) {
    if (options.registry == each) return Wanted{each, asked};
  }
  if (options.registry != "auto") {
    return error(Code::kInvalidArgument,
                 fmt::format("{}: there is no such registry here, expected auto, {}", asked,
                             fmt::join(kRegistries, ", ")));
  }
  if (environment.find("KUBERNETES_SERVICE_HOST")) {
    return choose_in_pod(environment, surroundings);
  }
  return Wanted{"local", "not in a pod, and nothing else is asked for"};
}

std::string with_addresses(std::string reason, const std::vector<service::Node>& addresses) {
  if (addresses.empty()) return reason;
  std::set<std::string_view> names;
  for (const auto& node : addresses) names.insert(node.service);
  return fmt::format("{}; HAL_STATIC_ADDRESSES first for {}", reason, fmt::join(names, ", "));
}

RegistryChoice addresses_first(std::unique_ptr<service::Discovery> registry, std::string reason,
                               std::vector<service::Node> addresses) {
  RegistryChoice choice{.discovery = std::move(registry),
                        .reason = with_addresses(std::move(reason), addresses)};
  if (!addresses.empty()) {
    choice.discovery =
        std::make_unique<StaticFirst>(std::move(addresses), std::move(choice.discovery));
  }
  return choice;
}

Result<RegistryChoice> make_static(const RegistryOptions& options, const Wanted& wanted,
                                   std::vector<service::Node> addresses) {
  auto made = StaticDiscovery::make({.addresses = addresses,
                                     .domain = options.static_domain,
                                     .port = options.static_port.number()});
  if (!made) return error(std::move(made.error()));
  std::string reason = fmt::format("{}; dials {}", wanted.why, (*made)->pattern());
  return RegistryChoice{.discovery = std::move(*made),
                        .reason = with_addresses(std::move(reason), addresses)};
}

Result<RegistryChoice> make_dns(const RegistryOptions& options, const Wanted& wanted,
                                std::vector<service::Node> addresses) {
  auto made =
      DnsDiscovery::make({.domain = options.static_domain, .port = options.static_port.number()});
  if (!made) return error(std::move(made.error()));
  const auto reason = fmt::format("{}; every address of <service>{}, port {}", wanted.why,
                                  options.static_domain.empty() ? "" : "." + options.static_domain,
                                  options.static_port.number());
  return addresses_first(std::move(*made), reason, std::move(addresses));
}

Result<RegistryChoice> make_local(const Wanted& wanted, std::string_view local_dir,
                                  const config::Environment& environment,
                                  std::vector<service::Node> addresses) {
  const auto path = local_directory_path(local_dir, environment, geteuid());
  if (!path) return error(path.error());
  // A folder that cannot be used is told at the start, not by the first call.
  const auto directory = LocalDirectory::open(*path);
  if (!directory) return error(directory.error());
  return addresses_first(
      std::make_unique<LocalDiscovery>(LocalOptions{.directory = directory->path()}),
      fmt::format("{}; folder {}", wanted.why, directory->path()), std::move(addresses));
}

Result<RegistryChoice> make_kubernetes(const RegistryOptions& options, const Wanted& wanted,
                                       const config::Environment& environment,
                                       net::Network& network,
                                       std::vector<service::Node> addresses) {
  auto access = kubernetes::find_access(environment);
  if (!access) return error(access.error().with_prefix(wanted.why));
  // A person's own machine is no pod, even if its shell exports HOSTNAME.
  const bool in_pod = environment.find("KUBERNETES_SERVICE_HOST").has_value();
  std::string reason = fmt::format("{}; namespace {} of {}, by {}", wanted.why, access->ns,
                                   wire::shown_url(access->server), access->origin);
  kubernetes::WatchedOptions watched{.access = *access, .zone = options.zone};
  if (wanted.registry == "endpointslice") {
    return addresses_first(std::make_unique<EndpointSliceDiscovery>(network, std::move(watched)),
                           std::move(reason), std::move(addresses));
  }
  KubernetesOptions registry{
      .watched = std::move(watched),
      .registration = {.ns = access->ns,
                       .pod = in_pod ? pod_name(environment)
                                     : std::string{environment.get("POD_NAME")},
                       .interval = options.register_interval},
      .host = pod_host(environment),
      .addresses =
          options.host_addresses ? kubernetes::Addresses::kHosts : kubernetes::Addresses::kPods};
  return addresses_first(std::make_unique<KubernetesDiscovery>(network, std::move(registry)),
                         std::move(reason), std::move(addresses));
}

}  // namespace

void RegistryOptions::describe(config::Fields& fields) {
  fields.prefix("HAL_");
  fields["registry"]
      .alias(std::string{kMicroRegistry})
      .help(
          "how services find each other: auto, local, static, kubernetes, endpointslice or "
          "dns");
  fields["selector"].variable("MICRO_SELECTOR").help("static: as HAL_REGISTRY=static");
  fields["static_addresses"].help("name=host:port,...: asked before any registry");
  fields["static_domain"]
      .variable("STATIC_SELECTOR_DOMAIN_NAME")
      .help("static and dns registry: <service>.<domain>");
  fields["static_port"]
      .variable("STATIC_SELECTOR_PORT_NUMBER")
      .help("static and dns registry: the port of every service");
  fields["local_dir"].help("local registry: its folder");
  fields["register_interval"]
      .alias("MICRO_REGISTER_INTERVAL")
      .range(std::chrono::seconds{1}, std::chrono::hours{24})
      .help("kubernetes registry: how often a node is registered anew");
  fields["zone"].help("of this machine: EndpointSlices may name better nodes for it");
  fields["host_addresses"].help(
      "kubernetes registry: take nodes, too, that are registered at a name of a host or at their "
      "machine's address");
}

Result<RegistryChoice> make_discovery(const config::Source& source,
                                      const Surroundings& surroundings,
                                      std::vector<config::Setting>* settings) {
  std::vector<config::Setting> read;
  auto options = config::read<RegistryOptions>(source, &read);
  const config::Setting registry = read.front();
  if (settings != nullptr) std::ranges::move(read, std::back_inserter(*settings));
  if (!options) return error(std::move(options.error()));
  auto addresses = parse_static_addresses(options->static_addresses);
  if (!addresses) return error(std::move(addresses.error()));
  const auto wanted = choose(*options, registry, source.environment, surroundings);
  if (!wanted) return error(wanted.error());
  if (wanted->registry == "static") return make_static(*options, *wanted, std::move(*addresses));
  if (wanted->registry == "dns") return make_dns(*options, *wanted, std::move(*addresses));
  if (wanted->registry == "kubernetes" || wanted->registry == "endpointslice") {
    return make_kubernetes(*options, *wanted, source.environment, surroundings.network,
                           std::move(*addresses));
  }
  return make_local(*wanted, options->local_dir, source.environment, std::move(*addresses));
}

Result<RegistryChoice> make_discovery(const config::Environment& environment,
                                      const Surroundings& surroundings) {
  return make_discovery(config::Source{.environment = environment, .arguments{}}, surroundings);
}

}  // namespace hal::discovery
