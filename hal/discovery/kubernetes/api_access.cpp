#include <hal/discovery/kubernetes/api_access.hpp>

#include <hal/base/ascii.hpp>
#include <hal/net/endpoint.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

namespace hal::discovery::kubernetes {
namespace {

constexpr std::size_t kFileBytesMax = 64 * 1024;

/// Files end in a line end, or not.
std::string without_space(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return std::string{text.substr(begin, text.find_last_not_of(kSpace) - begin + 1)};
}

Result<std::string> read_small_file(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::string text(kFileBytesMax + 1, '\0');
  if (in) in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad()) {
    return error(Code::kFailedPrecondition, fmt::format("{} cannot be read", file.string()));
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kFileBytesMax) {
    return error(Code::kFailedPrecondition,
                 fmt::format("{} has more than {} bytes", file.string(), kFileBytesMax));
  }
  text = without_space(text);
  if (text.empty()) return error(Code::kFailedPrecondition, file.string() + " is empty");
  return text;
}

bool is_printable(char c) { return c > 0x20 && c <= 0x7e; }

}  // namespace

Token Token::fixed(std::string text) {
  Token token;
  token.text_ = without_space(text);
  return token;
}

Token Token::in_file(std::filesystem::path file) {
  Token token;
  token.file_ = std::move(file);
  return token;
}

Result<std::string> Token::read() const {
  if (file_.empty()) return text_;
  auto text = read_small_file(file_);
  if (!text) return error(Code::kUnauthenticated, "the token: " + text.error().message());
  if (!std::ranges::all_of(*text, is_printable)) {
    return error(Code::kUnauthenticated,
                 fmt::format("the token: {} holds more than one word", file_.string()));
  }
  return text;
}

Result<ApiAccess> in_cluster_access(const config::Environment& environment,
                                    const std::filesystem::path& folder) {
  const auto host = environment.find("KUBERNETES_SERVICE_HOST");
  const auto port = parse_int<std::uint16_t>(environment.get("KUBERNETES_SERVICE_PORT", "443"));
  if (!host || !port || *port == 0) {
    return error(Code::kFailedPrecondition,
                 "not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT do not name "
                 "the API server");
  }
  ApiAccess access{
      .server = "https://" + net::to_string({.host = std::string{*host}, .port = *port}),
      .ns = std::string{environment.get("POD_NAMESPACE")},
      .token = Token::in_file(folder / "token"),
      .origin = "the pod's service account"};
  auto ca = net::read_pem_file(folder / "ca.crt");
  if (!ca) return error(Code::kFailedPrecondition, ca.error().message());
  access.tls.ca_pem = std::move(*ca);
  if (access.ns.empty()) {
    auto ns = read_small_file(folder / "namespace");
    if (!ns) return error(std::move(ns.error()));
    access.ns = std::move(*ns);
  }
  if (auto token = access.token.read(); !token) {
    return error(Code::kFailedPrecondition,
                 token.error().message() + " (automountServiceAccountToken?)");
  }
  return access;
}

Result<ApiAccess> find_access(const config::Environment& environment) {
  if (environment.find("KUBERNETES_SERVICE_HOST")) return in_cluster_access(environment);
  return kubeconfig_access(environment);
}

}  // namespace hal::discovery::kubernetes
