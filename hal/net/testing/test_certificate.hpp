// Certificates made at test time. Nothing here is fit for anything but tests.
#pragma once

#include <hal/net/tls.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace hal::net::testing {

struct CertificateSpec {
  /// subjectAltName in OpenSSL's words: "DNS:a.example", "IP:127.0.0.1", "URI:spiffe://a/b".
  std::vector<std::string> names{};
  std::string common_name = "test";
  /// From now.
  std::chrono::seconds not_before = std::chrono::hours{-1};
  std::chrono::seconds not_after = std::chrono::hours{1};
};

/// A certificate authority with a key of its own: two of them never trust each other. Aborts when
/// OpenSSL fails.
class TestCa {
 public:
  explicit TestCa(const std::string& common_name = "hal9000 test CA");
  ~TestCa();

  /// A leaf for servers and clients.
  [[nodiscard]] TlsIdentity issue(const CertificateSpec& spec) const;
  /// Its own certificate.
  [[nodiscard]] const std::string& pem() const noexcept { return pem_; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string pem_;
};

}  // namespace hal::net::testing
