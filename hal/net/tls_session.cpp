#include <hal/net/tls_impl.hpp>

#include <arpa/inet.h>

namespace hal::net::detail {
namespace {

constexpr std::size_t kNamesShown = 5;

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "no name at all" : text;
}

std::string_view view_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// Names come from the peer and go into logs.
std::string printable(std::string_view text) {
  std::string result{text.substr(0, 255)};
  for (char& byte : result) {
    if (byte < 0x21 || byte > 0x7e) byte = '?';
  }
  return result;
}

std::string text_of(const GENERAL_NAME* name) {
  int type = 0;
  const auto* const value = static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(name, &type));
  if (type == GEN_DNS) return "DNS:" + printable(view_of(value));
  if (type == GEN_URI) return "URI:" + printable(view_of(value));
  if (type != GEN_IPADD) return {};
  const auto bytes = view_of(value);
  char text[INET6_ADDRSTRLEN]{};
  if (bytes.size() != 4 && bytes.size() != 16) return {};
  inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
  return std::string{"IP:"} + text;
}

}  // namespace

std::unique_ptr<TlsSession> TlsSession::make(SSL_CTX* context) {
  std::unique_ptr<TlsSession> session{new TlsSession};
  session->ssl_.reset(SSL_new(context));
  BioPtr in{BIO_new(BIO_s_mem())};
  BioPtr out{BIO_new(BIO_s_mem())};
  if (!session->ssl_ || !in || !out) return nullptr;
  session->in_ = in.release();
  session->out_ = out.release();
  SSL_set_bio(session->ssl(), session->in_, session->out_);
  SSL_set_app_data(session->ssl(), session.get());
  return session;
}

void TlsSession::put_in(std::string_view bytes) {
  const int put = BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
  expects(put == static_cast<int>(bytes.size()), "a memory BIO takes all bytes");
}

std::size_t TlsSession::out_bytes() const { return BIO_ctrl_pending(out_); }

void TlsSession::take_out(std::string& out) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(out_, &data);
  if (size > 0) out.append(data, static_cast<std::size_t>(size));
  (void)BIO_reset(out_);
}

std::string TlsSession::reason() const {
  std::string text = take_openssl_error();
  if (!refusal.empty()) return refusal;
  // What OpenSSL says of a first record that is none: "wrong version number".
  if (text == "wrong version number" || text == "packet length too long" ||
      text == "http request" || text == "https proxy request") {
    text += " (the peer does not seem to speak TLS)";
  }
  return text;
}

int note_refusal(int ok, X509_STORE_CTX* store) noexcept {
  if (ok == 1) return ok;
  const auto* const ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* const session = static_cast<TlsSession*>(SSL_get_app_data(ssl));
  const int failure = X509_STORE_CTX_get_error(store);
  // OpenSSL writes "hostname mismatch" and "IP address mismatch".
  session->refusal = X509_verify_cert_error_string(failure);
  if (failure == X509_V_ERR_HOSTNAME_MISMATCH || failure == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    session->refusal += ": the certificate is for " +
                        join(alternative_names(X509_STORE_CTX_get0_cert(store), kNamesShown));
  }
  return ok;
}

std::vector<std::string> alternative_names(const X509* certificate, std::size_t max) {
  std::vector<std::string> names;
  if (certificate == nullptr) return names;
  auto* const list = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list) && names.size() < max; ++i) {
    auto text = text_of(sk_GENERAL_NAME_value(list, i));
    if (!text.empty()) names.push_back(std::move(text));
  }
  GENERAL_NAMES_free(list);
  ERR_clear_error();
  return names;
}

std::string take_openssl_error() {
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  const char* const reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("error {:x}", code);
}

}  // namespace hal::net::detail
