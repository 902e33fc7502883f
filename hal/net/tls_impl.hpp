// What the files of the TLS part share of OpenSSL. Internal to this module.
#pragma once

#include <hal/net/tls.hpp>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace hal::net::detail {

template <auto Free>
struct FreedBy {
  void operator()(auto* object) const noexcept { Free(object); }
};
using SslPtr = std::unique_ptr<SSL, FreedBy<SSL_free>>;
using BioPtr = std::unique_ptr<BIO, FreedBy<BIO_free>>;
using X509Ptr = std::unique_ptr<X509, FreedBy<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;

/// One connection's state of OpenSSL between two pieces of memory: bytes of the peer are put in,
/// bytes for the peer are taken out. No I/O.
class TlsSession {
 public:
  /// Null when there is no memory for it.
  static std::unique_ptr<TlsSession> make(SSL_CTX* context);

  [[nodiscard]] SSL* ssl() const noexcept { return ssl_.get(); }
  /// Why the chain was refused, noted by note_refusal.
  std::string refusal;

  void put_in(std::string_view bytes);
  [[nodiscard]] std::size_t out_bytes() const;
  /// Appends what there is for the peer to `out`.
  void take_out(std::string& out);
  /// After a call of OpenSSL that failed: its reason, and the peer's.
  [[nodiscard]] std::string reason() const;

 private:
  TlsSession() = default;
  SslPtr ssl_;
  BIO* in_ = nullptr;  // both belong to ssl_
  BIO* out_ = nullptr;
};

/// OpenSSL's verify callback: notes what is wrong, and never changes the outcome.
int note_refusal(int ok, X509_STORE_CTX* store) noexcept;

/// "DNS:a.example", ... of a certificate, at most `max` of them.
[[nodiscard]] std::vector<std::string> alternative_names(const X509* certificate, std::size_t max);

/// The oldest error of this thread's queue in OpenSSL's words; empties the queue.
[[nodiscard]] std::string take_openssl_error();

/// The handshake of either side. `who` begins the messages of errors.
Task<TlsResult> shake_hands(std::unique_ptr<Stream> stream, std::unique_ptr<TlsSession> session,
                            std::string who);

}  // namespace hal::net::detail
