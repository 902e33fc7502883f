#include <hal/net/testing/test_certificate.hpp>

#include <hal/base/contract.hpp>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace hal::net::testing {
namespace {

constexpr long kX509Version3 = 2;

void must(bool done) { expects(done, "OpenSSL makes a test certificate"); }

template <class Write>
std::string to_pem(Write write) {
  BIO* const out = BIO_new(BIO_s_mem());
  must(write(out) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string text{data, static_cast<std::size_t>(size)};
  BIO_free(out);
  return text;
}

std::string pem_of(X509* certificate) {
  return to_pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

std::string pem_of(EVP_PKEY* key) {
  return to_pem([&](BIO* out) {
    return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

void set_name(X509* certificate, const std::string& common_name) {
  X509_NAME* const name = X509_get_subject_name(certificate);
  must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                                  -1, 0) == 1);
}

X509* make_certificate(EVP_PKEY* key, const CertificateSpec& spec) {
  static long serial = 1;
  X509* const certificate = X509_new();
  must(certificate != nullptr && X509_set_version(certificate, kX509Version3) == 1);
  must(ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++) == 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), spec.not_before.count());
  X509_gmtime_adj(X509_getm_notAfter(certificate), spec.not_after.count());
  must(X509_set_pubkey(certificate, key) == 1);
  set_name(certificate, spec.common_name);
  return certificate;
}

}  // namespace

struct TestCa::Impl {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = nullptr;
};

TestCa::TestCa(const std::string& common_name) : impl_{std::make_unique<Impl>()} {
  impl_->certificate = make_certificate(impl_->key, {.common_name = common_name});
  X509* const own = impl_->certificate;
  must(X509_set_issuer_name(own, X509_get_subject_name(own)) == 1);
  add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(own, own, NID_subject_key_identifier, "hash");
  must(X509_sign(own, impl_->key, EVP_sha256()) > 0);
  pem_ = pem_of(own);
}

TestCa::~TestCa() {
  X509_free(impl_->certificate);
  EVP_PKEY_free(impl_->key);
}

TlsIdentity TestCa::issue(const CertificateSpec& spec) const {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const leaf = make_certificate(key, spec);
  must(X509_set_issuer_name(leaf, X509_get_subject_name(impl_->certificate)) == 1);
  add_extension(leaf, impl_->certificate, NID_basic_constraints, "critical,CA:FALSE");
  std::string names;
  for (const std::string& name : spec.names) names += (names.empty() ? "" : ",") + name;
  if (!names.empty()) add_extension(leaf, impl_->certificate, NID_subject_alt_name, names);
  must(X509_sign(leaf, impl_->key, EVP_sha256()) > 0);
  TlsIdentity identity{.certificates_pem = pem_of(leaf), .key_pem = pem_of(key)};
  X509_free(leaf);
  EVP_PKEY_free(key);
  return identity;
}

}  // namespace hal::net::testing
