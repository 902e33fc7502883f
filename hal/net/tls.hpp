// TLS (RFC 8446, RFC 5246) around any Stream, by OpenSSL. A client verifies its server by default.
#pragma once

#include <hal/net/stream.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct ssl_ctx_st;

namespace hal::net {

enum class TlsVersion : std::uint8_t { k12, k13 };

/// Whether a client knows who answers it.
enum class TlsVerification : std::uint8_t {
  kFull,  ///< the certificate's chain, its dates, its purpose and the host (RFC 9525)
  /// Nothing: whoever sits on the way can read and change everything. For experiments only.
  kNoneInsecure,
};

/// A certificate and its private key, as PEM (RFC 7468): the texts, not names of files.
struct TlsIdentity {
  std::string certificates_pem;  ///< one's own first, then those that lead to a known CA
  std::string key_pem;           ///< not encrypted: nobody is asked for a password
};

struct TlsClientOptions {
  TlsVerification verification = TlsVerification::kFull;
  /// The CAs to trust, one certificate or more. Not set: the system's (OpenSSL's default places,
  /// SSL_CERT_FILE and SSL_CERT_DIR). Set, it replaces them; an empty text is an error, no default.
  std::optional<std::string> ca_pem{};
  /// Shown to servers that ask who the client is.
  std::optional<TlsIdentity> identity{};
  /// Protocols in order of preference (RFC 7301): "h2", "http/1.1". Empty: none is negotiated.
  std::vector<std::string> alpn{};
  /// 1.0 and 1.1 are not to be had (RFC 8996).
  TlsVersion version_min = TlsVersion::k12;
};

struct TlsServerOptions {
  TlsIdentity identity{};
  /// Set: a client must show a certificate that leads to one of these CAs.
  std::optional<std::string> client_ca_pem{};
  /// In order of preference. A client that offers none of these is refused; one that offers no
  /// protocol at all is not.
  std::vector<std::string> alpn{};
  TlsVersion version_min = TlsVersion::k12;
};

/// An encrypted connection: a Stream like any other. What it adds to Stream's contract:
/// - The end of what the peer sends (0) is its close_notify. A connection that ends without one
///   was cut by somebody: UNAVAILABLE (RFC 8446 6.1).
/// - shutdown_write sends close_notify and goes on reading. close sends it when that needs no
///   waiting; where the peer must see it, shutdown_write first and read to the end.
/// - A record that is damaged, or an alert of the peer, ends both directions: UNAVAILABLE.
class TlsStream final : public Stream {
 public:
  class Core;
  /// Made by TlsClient and TlsServer.
  explicit TlsStream(Core* core) noexcept : core_{core} {}
  ~TlsStream() override;

  std::optional<Result<std::size_t>> start_read(IoOp& op, std::span<char> buffer) override;
  std::optional<Result<std::size_t>> start_write(IoOp& op, std::string_view data) override;
  void cancel_read() noexcept override;
  void cancel_write() noexcept override;
  void shutdown_write() noexcept override;
  void close() noexcept override;
  void abort() noexcept override;
  [[nodiscard]] Endpoint peer() const override;
  [[nodiscard]] Endpoint local() const override;

  /// The protocol both sides agreed on; empty if there was no negotiation.
  [[nodiscard]] std::string alpn() const;
  [[nodiscard]] TlsVersion version() const;
  /// The subjectAltNames of the peer's certificate, "DNS:a.example", "IP:10.0.0.1",
  /// "URI:spiffe://a/b"; empty when it showed none. Verified unless the client does not verify.
  [[nodiscard]] std::vector<std::string> peer_names() const;

 private:
  Core* core_;  // outlives this object while the last write to the inner stream runs
};

using TlsResult = Result<std::unique_ptr<TlsStream>>;

/// What clients with the same options share. Immutable: thread-safe, cheap to copy.
class TlsClient {
 public:
  /// INVALID_ARGUMENT that names the option: no certificate in a PEM text, a key that is encrypted
  /// or belongs to another certificate, CAs for a client that does not verify, a protocol's name
  /// that is empty or longer than 255 bytes.
  [[nodiscard]] static Result<TlsClient> make(const TlsClientOptions& options = {});

  /// Shakes hands over `stream`, which is closed when that fails. `host` is the name or address
  /// the server's certificate must be for, and, a name, what it is told (SNI, RFC 6066 3); without
  /// a port or brackets. The Context's deadline and stop hold, so give it a timeout. UNAVAILABLE
  /// that names peer, host and OpenSSL's reason: "certificate has expired", "hostname mismatch:
  /// the certificate is for DNS:b.example". INVALID_ARGUMENT: a host that is neither.
  /// Limits: what a peer may send as its certificates is bounded at 100 KiB.
  [[nodiscard]] Task<TlsResult> connect(std::unique_ptr<Stream> stream, std::string host) const;

 private:
  TlsClient() = default;
  std::shared_ptr<ssl_ctx_st> context_;
  bool verified_ = true;
  std::vector<std::string> alpn_;
};

/// The server's side. Immutable: thread-safe, cheap to copy.
class TlsServer {
 public:
  /// INVALID_ARGUMENT as of TlsClient::make.
  [[nodiscard]] static Result<TlsServer> make(const TlsServerOptions& options);
  /// As TlsClient::connect. A client that does not verify this server tells so by an alert, at
  /// times only when the connection is read first.
  [[nodiscard]] Task<TlsResult> accept(std::unique_ptr<Stream> stream) const;

 private:
  TlsServer() = default;
  std::shared_ptr<ssl_ctx_st> context_;
};

/// The text of a PEM file for the options above, at most 1 MiB. NOT_FOUND, PERMISSION_DENIED or
/// INVALID_ARGUMENT (too long, or nothing that looks like PEM in it), with the file's name.
[[nodiscard]] Result<std::string> read_pem_file(const std::filesystem::path& file);

}  // namespace hal::net
