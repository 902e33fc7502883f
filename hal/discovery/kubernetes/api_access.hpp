// ApiAccess: where the Kubernetes API server is, and who we are to it.
#pragma once

#include <hal/config/environment.hpp>
#include <hal/net/tls.hpp>

#include <filesystem>
#include <string>

namespace hal::discovery::kubernetes {

/// A bearer token, or none. A file is read anew for each request: the kubelet replaces the token
/// about once an hour. White space around it does not count. A value type.
class Token {
 public:
  Token() = default;
  [[nodiscard]] static Token fixed(std::string text);
  [[nodiscard]] static Token in_file(std::filesystem::path file);

  [[nodiscard]] bool none() const noexcept { return text_.empty() && file_.empty(); }
  /// Empty when there is none. UNAUTHENTICATED, with the file's name, when that cannot be read, is
  /// empty, has more than 64 KiB or a character that no header may hold. A file is expected to be
  /// in memory (a projected volume): reading it is not offloaded.
  [[nodiscard]] Result<std::string> read() const;

 private:
  std::string text_;
  std::filesystem::path file_;
};

struct ApiAccess {
  std::string server;           ///< "https://10.96.0.1:443", without a path's final '/'
  std::string ns;               ///< the namespace
  net::TlsClientOptions tls{};  ///< the server is always verified
  Token token{};
  std::string origin{};  ///< for messages: "the pod's service account", "kubeconfig ..."
};

/// Where the kubelet puts token, ca.crt and namespace.
inline constexpr std::string_view kServiceAccountFolder =
    "/var/run/secrets/kubernetes.io/serviceaccount";

/// From inside a pod: KUBERNETES_SERVICE_HOST and _PORT, and the three files of the folder;
/// POD_NAMESPACE wins over the file. FAILED_PRECONDITION that names what is missing.
[[nodiscard]] Result<ApiAccess> in_cluster_access(
    const config::Environment& environment,
    const std::filesystem::path& folder = kServiceAccountFolder);

/// For a person outside: the current context of the kubeconfig file KUBECONFIG (one file), else
/// ~/.kube/config. Servers and credentials as text, as *-data or as files beside it; bearer tokens
/// and client certificates. FAILED_PRECONDITION: no file, no such context. INVALID_ARGUMENT: what
/// is wrong in it. UNIMPLEMENTED, which says what to use instead: exec plugins, auth providers,
/// passwords, insecure-skip-tls-verify, proxies. Blocks.
[[nodiscard]] Result<ApiAccess> kubeconfig_access(const config::Environment& environment);

/// In a pod the first, else the second.
[[nodiscard]] Result<ApiAccess> find_access(const config::Environment& environment);

}  // namespace hal::discovery::kubernetes
