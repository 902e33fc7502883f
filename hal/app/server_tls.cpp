#include <hal/app/server_tls.hpp>

namespace hal::app {
namespace {

constexpr std::string_view kCertificate = "HAL_TLS_CERTIFICATE";
constexpr std::string_view kKey = "HAL_TLS_KEY";
constexpr std::string_view kClientCa = "HAL_TLS_CLIENT_CA";

std::unexpected<Status> refused(std::string_view variable, const std::string& file,
                                std::string_view why) {
  return error(Code::kInvalidArgument, fmt::format("{}='{}': {}", variable, file, why));
}

Result<> read_file(std::string_view variable, const std::string& file, std::string& out) {
  auto text = net::read_pem_file(file);
  if (!text) return refused(variable, file, text.error().message());
  out = std::move(*text);
  return {};
}

Result<net::TlsServerOptions> read_files(const AppOptions& options) {
  net::TlsServerOptions tls;
  for (const auto& [variable, file, out] :
       {std::tuple{kCertificate, &options.tls_certificate, &tls.identity.certificates_pem},
        std::tuple{kKey, &options.tls_key, &tls.identity.key_pem}}) {
    if (file->empty()) {
      return refused(variable, *file,
                     fmt::format("{}, {} and {} are set together, the last one if clients have to "
                                 "show a certificate",
                                 kCertificate, kKey, kClientCa));
    }
    if (auto read = read_file(variable, *file, *out); !read) return error(read.error());
  }
  if (options.tls_client_ca.empty()) return tls;
  auto read = read_file(kClientCa, options.tls_client_ca, tls.client_ca_pem.emplace());
  if (!read) return error(read.error());
  return tls;
}

Result<net::TlsServer> make_server(net::TlsServerOptions tls, service::Protocol protocol,
                                   const AppOptions& options) {
  tls.alpn = {std::string{service::alpn_of(protocol)}};
  auto made = net::TlsServer::make(tls);
  if (made) return made;
  return error(Code::kInvalidArgument,
               fmt::format("{}='{}', {}='{}'{}: {}", kCertificate, options.tls_certificate, kKey,
                           options.tls_key,
                           options.tls_client_ca.empty()
                               ? ""
                               : fmt::format(", {}='{}'", kClientCa, options.tls_client_ca),
                           made.error().message()));
}

}  // namespace

Result<> ServerTls::load(const AppOptions& options) {
  if (options.tls_certificate.empty() && options.tls_key.empty() && options.tls_client_ca.empty()) {
    return {};
  }
  auto tls = read_files(options);
  if (!tls) return error(std::move(tls.error()));
  auto http = make_server(*tls, service::Protocol::kHttp, options);
  if (!http) return error(std::move(http.error()));
  auto grpc = make_server(*tls, service::Protocol::kGrpc, options);
  if (!grpc) return error(std::move(grpc.error()));
  const std::lock_guard lock{mutex_};
  http_ = std::move(*http);
  grpc_ = std::move(*grpc);
  return {};
}

std::optional<net::TlsServer> ServerTls::server(service::Protocol protocol) const {
  const std::lock_guard lock{mutex_};
  return protocol == service::Protocol::kGrpc ? grpc_ : http_;
}

}  // namespace hal::app
