// Reads a kubeconfig file: what kubectl uses, for people outside of a cluster.
#include <hal/discovery/kubernetes/api_access.hpp>

#include <hal/wire/base64.hpp>
#include <hal/wire/url.hpp>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>

namespace hal::discovery::kubernetes {
namespace {

/// One kubeconfig and where it lies.
struct Config {
  std::filesystem::path file;
  YAML::Node root;

  [[nodiscard]] std::unexpected<Status> wrong(Code code, std::string_view what) const {
    return error(code, fmt::format("{}: {}", file.string(), what));
  }
  /// The `kind` ("cluster") called `name` of the list `kinds`.
  [[nodiscard]] Result<YAML::Node> find(const char* kinds, const char* kind,
                                        const std::string& name) const {
    for (const auto& entry : root[kinds]) {
      if (text(entry["name"]) == name && entry[kind].IsMap()) return entry[kind];
    }
    return wrong(Code::kFailedPrecondition, fmt::format("there is no {} \"{}\"", kind, name));
  }
  static std::string text(const YAML::Node& node) {
    return node.IsDefined() && node.IsScalar() ? node.Scalar() : std::string{};
  }
  /// The PEM of `name`-data (base64), else of the file `name`; nullopt when there is neither.
  [[nodiscard]] Result<std::optional<std::string>> pem(const YAML::Node& from,
                                                       const std::string& name) const {
    if (const auto data = text(from[name + "-data"]); !data.empty()) {
      auto decoded = wire::base64_decode(data);
      if (!decoded) return wrong(Code::kInvalidArgument, name + "-data is not base64");
      return std::move(*decoded);
    }
    const auto path = text(from[name]);
    if (path.empty()) return std::nullopt;
    auto read = net::read_pem_file(file.parent_path() / path);
    if (!read) return wrong(Code::kFailedPrecondition, read.error().message());
    return std::move(*read);
  }
};

Result<Config> load(const config::Environment& environment) {
  std::string path{environment.get("KUBECONFIG")};
  if (path.contains(':')) {
    return error(Code::kInvalidArgument,
                 fmt::format("KUBECONFIG='{}': allowed is one file; `kubectl config view --flatten "
                             "--minify` writes one",
                             path));
  }
  if (path.empty()) {
    const auto home = environment.find("HOME");
    if (!home) return error(Code::kFailedPrecondition, "neither KUBECONFIG nor HOME is set");
    path = std::string{*home} + "/.kube/config";
  }
  try {
    Config config{.file = path, .root = YAML::LoadFile(path)};
    if (!config.root.IsMap()) return config.wrong(Code::kInvalidArgument, "it is no kubeconfig");
    return config;
  } catch (const YAML::BadFile&) {
    return error(Code::kFailedPrecondition,
                 fmt::format("not in a pod, and no kubeconfig: {} cannot be read", path));
  } catch (const YAML::Exception& failure) {
    return error(Code::kInvalidArgument, fmt::format("{}: {}", path, failure.what()));
  }
}

/// Things that a kubeconfig may have and this does not do: better refused than left out.
Result<> refuse(const Config& config, const YAML::Node& from,
                std::initializer_list<std::pair<const char*, const char*>> unsupported) {
  for (const auto& [key, instead] : unsupported) {
    if (!from[key].IsDefined() || Config::text(from[key]) == "false") continue;
    return config.wrong(Code::kUnimplemented, fmt::format("{} is not supported: {}", key, instead));
  }
  return {};
}

Result<> read_cluster(const Config& config, const YAML::Node& cluster, ApiAccess& access) {
  constexpr const char* kNever =
      "the API server is always verified; name its certificate-authority";
  if (auto ok = refuse(config, cluster,
                       {{"insecure-skip-tls-verify", kNever},
                        {"tls-server-name", "use a server URL whose host is in the certificate"},
                        {"proxy-url", "use a server URL that can be reached directly"}});
      !ok) {
    return ok;
  }
  access.server = Config::text(cluster["server"]);
  while (access.server.ends_with('/')) access.server.pop_back();
  if (const auto url = wire::parse_url(access.server); !url) {
    return config.wrong(Code::kInvalidArgument, "server: " + url.error().message());
  }
  auto ca = config.pem(cluster, "certificate-authority");
  if (!ca) return error(std::move(ca.error()));
  access.tls.ca_pem = std::move(*ca);
  return {};
}

Result<> read_user(const Config& config, const YAML::Node& user, ApiAccess& access) {
  constexpr const char* kInstead =
      "use a token (`kubectl create token NAME`) or a client certificate";
  if (auto ok = refuse(config, user,
                       {{"exec", kInstead}, {"auth-provider", kInstead}, {"username", kInstead}});
      !ok) {
    return ok;
  }
  // Left out, they would let somebody who acts for a weaker account act with all rights.
  for (const char* key : {"as", "as-uid", "as-groups", "as-user-extra"}) {
    if (!user[key].IsDefined()) continue;
    return config.wrong(Code::kUnimplemented,
                        fmt::format("{}: impersonation is not supported; use a token of that "
                                    "account (`kubectl create token NAME`)",
                                    key));
  }
  if (const auto file = Config::text(user["tokenFile"]); !file.empty()) {
    access.token = Token::in_file(config.file.parent_path() / file);
  } else {
    access.token = Token::fixed(Config::text(user["token"]));
  }
  auto certificate = config.pem(user, "client-certificate");
  if (!certificate) return error(std::move(certificate.error()));
  auto key = config.pem(user, "client-key");
  if (!key) return error(std::move(key.error()));
  if (certificate->has_value() != key->has_value()) {
    return config.wrong(Code::kInvalidArgument,
                        "client-certificate and client-key belong together");
  }
  if (*certificate) {
    access.tls.identity = {.certificates_pem = std::move(**certificate),
                           .key_pem = std::move(**key)};
  }
  return {};
}

Result<ApiAccess> read(const Config& config) {
  const auto name = Config::text(config.root["current-context"]);
  if (name.empty()) return config.wrong(Code::kFailedPrecondition, "it has no current-context");
  auto context = config.find("contexts", "context", name);
  if (!context) return error(std::move(context.error()));
  auto cluster = config.find("clusters", "cluster", Config::text((*context)["cluster"]));
  if (!cluster) return error(std::move(cluster.error()));
  auto user = config.find("users", "user", Config::text((*context)["user"]));
  if (!user) return error(std::move(user.error()));
  ApiAccess access{.server{},
                   .ns = Config::text((*context)["namespace"]),
                   .origin = fmt::format("kubeconfig {}, context {}", config.file.string(), name)};
  if (access.ns.empty()) access.ns = "default";
  if (auto ok = read_cluster(config, *cluster, access); !ok) return error(std::move(ok.error()));
  if (auto ok = read_user(config, *user, access); !ok) return error(std::move(ok.error()));
  if (access.server.starts_with("http://") && !access.token.none()) {
    return config.wrong(Code::kInvalidArgument,
                        fmt::format("server: {} is not encrypted, a token goes by https only",
                                    wire::shown_url(access.server)));
  }
  return access;
}

}  // namespace

Result<ApiAccess> kubeconfig_access(const config::Environment& environment) {
  const auto config = load(environment);
  if (!config) return error(config.error());
  try {
    return read(*config);
  } catch (const YAML::Exception& failure) {
    return config->wrong(Code::kInvalidArgument, failure.what());
  }
}

}  // namespace hal::discovery::kubernetes
