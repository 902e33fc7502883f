#include <hal/net/tls_impl.hpp>

#include <hal/base/contract.hpp>

#include <fstream>
#include <iterator>

#include <openssl/pem.h>

namespace hal::net {
namespace {

using detail::BioPtr;
using detail::KeyPtr;
using detail::take_openssl_error;
using detail::X509Ptr;

constexpr std::size_t kPemBytesMax = 1024 * 1024;
constexpr std::size_t kProtocolBytesMax = 255;  // RFC 7301 3.1
constexpr std::size_t kProtocolsMax = 32;
constexpr long kPeerCertificatesBytesMax = 100 * 1024;

std::unexpected<Status> invalid(std::string_view option, std::string_view why) {
  return error(Code::kInvalidArgument, fmt::format("TLS: {}: {}", option, why));
}

/// OpenSSL would ask for it on the terminal.
int no_password(char*, int, int, void*) { return -1; }

BioPtr reader_of(const std::string& text) {
  return BioPtr{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

Result<std::vector<X509Ptr>> parse_certificates(std::string_view option, const std::string& pem) {
  if (pem.size() > kPemBytesMax) return invalid(option, "it is longer than 1 MiB");
  const BioPtr reader = reader_of(pem);
  std::vector<X509Ptr> certificates;
  ERR_clear_error();
  while (X509* const next = PEM_read_bio_X509(reader.get(), nullptr, no_password, nullptr)) {
    certificates.emplace_back(next);
  }
  const unsigned long last = ERR_peek_last_error();
  const bool at_end =
      ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  if (!at_end) {
    return invalid(option, fmt::format("certificate {} is malformed: {}", certificates.size() + 1,
                                       take_openssl_error()));
  }
  ERR_clear_error();
  if (certificates.empty()) return invalid(option, "there is no certificate in it");
  return certificates;
}

Result<KeyPtr> parse_key(const std::string& pem) {
  if (pem.size() > kPemBytesMax) return invalid("key_pem", "it is longer than 1 MiB");
  const BioPtr reader = reader_of(pem);
  ERR_clear_error();
  KeyPtr key{PEM_read_bio_PrivateKey(reader.get(), nullptr, no_password, nullptr)};
  if (key) return key;
  if (pem.find("ENCRYPTED") != std::string::npos) {
    ERR_clear_error();
    return invalid("key_pem", "the key is encrypted: give one without a password");
  }
  return invalid("key_pem", "there is no private key in it: " + take_openssl_error());
}

using ContextPtr = std::shared_ptr<SSL_CTX>;

Result<ContextPtr> make_context(const SSL_METHOD* method, TlsVersion version_min) {
  ERR_clear_error();
  ContextPtr context{SSL_CTX_new(method), [](SSL_CTX* old) { SSL_CTX_free(old); }};
  if (!context) return error(Code::kInternal, "TLS: OpenSSL: " + take_openssl_error());
  const int version = version_min == TlsVersion::k13 ? TLS1_3_VERSION : TLS1_2_VERSION;
  // Forward secrecy and authenticated encryption only (RFC 9325 4.2).
  const bool done = SSL_CTX_set_min_proto_version(context.get(), version) == 1 &&
                    SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
  if (!done) return error(Code::kInternal, "TLS: OpenSSL: " + take_openssl_error());
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Without sessions each connection is verified anew, and a server writes nothing unasked.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  // A side shows the certificates that it was given, not those of CAs that it knows.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_max_cert_list(context.get(), kPeerCertificatesBytesMax);
  return context;
}

Result<> trust(SSL_CTX* context, std::string_view option, const std::string& pem) {
  auto certificates = parse_certificates(option, pem);
  if (!certificates) return error(certificates.error());
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  for (const X509Ptr& certificate : *certificates) {
    if (X509_STORE_add_cert(store, certificate.get()) != 1) {
      return invalid(option, take_openssl_error());
    }
  }
  return {};
}

Result<> use_identity(SSL_CTX* context, const TlsIdentity& identity) {
  auto certificates = parse_certificates("certificates_pem", identity.certificates_pem);
  if (!certificates) return error(certificates.error());
  auto key = parse_key(identity.key_pem);
  if (!key) return error(key.error());
  if (SSL_CTX_use_certificate(context, certificates->front().get()) != 1) {
    return invalid("certificates_pem", take_openssl_error());
  }
  for (std::size_t i = 1; i < certificates->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, (*certificates)[i].get()) != 1) {
      return invalid("certificates_pem", take_openssl_error());
    }
  }
  // Checks that the key is the certificate's.
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1) {
    return invalid("key_pem", take_openssl_error());
  }
  return {};
}

/// Each name behind its length (RFC 7301 3.1).
Result<std::string> encode_protocols(const std::vector<std::string>& names) {
  std::string list;
  if (names.size() > kProtocolsMax) return invalid("alpn", "there are more than 32 protocols");
  for (const std::string& name : names) {
    if (name.empty() || name.size() > kProtocolBytesMax) {
      return invalid("alpn", "a protocol's name has 1 to 255 bytes");
    }
    list += static_cast<char>(name.size());
    list += name;
  }
  return list;
}

const unsigned char* bytes_of(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// `protocols` is the server's list; it lives as long as the SSL_CTX.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void* protocols) noexcept {
  const auto& mine = *static_cast<const std::string*>(protocols);
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, bytes_of(mine), static_cast<unsigned>(mine.size()),
                            offered, offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

/// Whether the bytes may stand in a DNS name as it is written in a URL; underscores do occur.
bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  for (const char byte : host) {
    const bool allowed = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                         (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_';
    if (!allowed) return false;
  }
  return host.front() != '.';
}

/// Sets what the server's certificate must be for, and what it is told.
Result<> set_host(SSL* ssl, std::string host, bool verified) {
  if (is_numeric_host(host)) {
    if (verified && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) != 1) {
      return invalid("host", fmt::format("'{}' is no address", host));
    }
    return {};
  }
  if (host.ends_with('.')) host.pop_back();  // certificates and SNI have no root label
  if (!is_host_name(host)) return invalid("host", fmt::format("'{}' is no host name", host));
  // The subject's common name is no identity, and a wildcard is a whole label (RFC 9525 6.3).
  SSL_set_hostflags(ssl,
                    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool done = SSL_set_tlsext_host_name(ssl, host.c_str()) == 1 &&
                    (!verified || SSL_set1_host(ssl, host.c_str()) == 1);
  if (!done) return error(Code::kInternal, "TLS: OpenSSL: " + take_openssl_error());
  return {};
}

Status no_memory() { return {Code::kResourceExhausted, "TLS: no memory for a connection"}; }

}  // namespace

Result<TlsClient> TlsClient::make(const TlsClientOptions& options) {
  auto context = make_context(TLS_client_method(), options.version_min);
  if (!context) return error(context.error());
  TlsClient client;
  client.verified_ = options.verification == TlsVerification::kFull;
  client.alpn_ = options.alpn;
  client.context_ = *context;
  SSL_CTX* const raw = context->get();
  if (!client.verified_ && options.ca_pem) {
    return invalid("ca_pem", "CAs are given for a client that does not verify");
  }
  SSL_CTX_set_verify(raw, client.verified_ ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                     client.verified_ ? detail::note_refusal : nullptr);
  if (options.ca_pem) {
    if (auto trusted = trust(raw, "ca_pem", *options.ca_pem); !trusted)
      return error(trusted.error());
  } else if (client.verified_ && SSL_CTX_set_default_verify_paths(raw) != 1) {
    return error(Code::kInternal, "TLS: the system's CAs: " + take_openssl_error());
  }
  if (options.identity) {
    if (auto used = use_identity(raw, *options.identity); !used) return error(used.error());
  }
  auto protocols = encode_protocols(options.alpn);
  if (!protocols) return error(protocols.error());
  // The one function of OpenSSL here whose success is 0.
  if (!protocols->empty() &&
      SSL_CTX_set_alpn_protos(raw, bytes_of(*protocols),
                              static_cast<unsigned>(protocols->size())) != 0) {
    return invalid("alpn", take_openssl_error());
  }
  return client;
}

Task<TlsResult> TlsClient::connect(std::unique_ptr<Stream> stream, std::string host) const {
  const auto alpn = alpn_;
  std::string who = fmt::format("{} ({})", to_string(stream->peer()), host);
  auto session = detail::TlsSession::make(context_.get());
  if (!session) co_return error(no_memory());
  if (auto set = set_host(session->ssl(), std::move(host), verified_); !set) {
    co_return error(set.error());
  }
  SSL_set_connect_state(session->ssl());
  auto connected = co_await detail::shake_hands(std::move(stream), std::move(session), who);
  if (!connected) co_return connected;
  const std::string chosen = (*connected)->alpn();
  if (!chosen.empty() && std::find(alpn.begin(), alpn.end(), chosen) == alpn.end()) {
    co_return error(Code::kUnavailable, who + ": TLS: the server chose a protocol not offered");
  }
  co_return connected;
}

Result<TlsServer> TlsServer::make(const TlsServerOptions& options) {
  auto protocols = encode_protocols(options.alpn);
  if (!protocols) return error(protocols.error());
  auto context = make_context(TLS_server_method(), options.version_min);
  if (!context) return error(context.error());
  SSL_CTX* const raw = context->get();
  if (auto used = use_identity(raw, options.identity); !used) return error(used.error());
  if (options.client_ca_pem) {
    auto trusted = trust(raw, "client_ca_pem", *options.client_ca_pem);
    if (!trusted) return error(trusted.error());
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       detail::note_refusal);
  }
  TlsServer server;
  server.context_ = *context;
  if (!protocols->empty()) {
    // The list lives in the deleter of a pointer that owns the SSL_CTX as well.
    const auto list = std::make_shared<std::string>(std::move(*protocols));
    SSL_CTX_set_alpn_select_cb(raw, choose_protocol, list.get());
    server.context_ = {raw, [owner = *context, list](SSL_CTX*) {}};
  }
  return server;
}

Task<TlsResult> TlsServer::accept(std::unique_ptr<Stream> stream) const {
  std::string who = to_string(stream->peer());
  const auto context = context_;  // its list of protocols is read in the handshake
  auto session = detail::TlsSession::make(context.get());
  if (!session) co_return error(no_memory());
  SSL_set_accept_state(session->ssl());
  co_return co_await detail::shake_hands(std::move(stream), std::move(session), std::move(who));
}

Result<std::string> read_pem_file(const std::filesystem::path& file) {
  errno = 0;
  std::ifstream in{file, std::ios::binary};
  std::string text;
  if (in) {
    text.resize(kPemBytesMax + 1);
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad() || (text.empty() && errno != 0)) {
    const Code code = errno == EACCES ? Code::kPermissionDenied : Code::kNotFound;
    return error(code,
                 fmt::format("{}: {}", file.native(), std::generic_category().message(errno)));
  }
  if (text.size() > kPemBytesMax) {
    return error(Code::kInvalidArgument, file.native() + ": it is longer than 1 MiB");
  }
  if (text.find("-----BEGIN ") == std::string::npos) {
    return error(Code::kInvalidArgument, file.native() + ": it is no PEM file");
  }
  return text;
}

}  // namespace hal::net
