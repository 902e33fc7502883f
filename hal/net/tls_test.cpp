#include <hal/net/tls.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/block_on.hpp>
#include <hal/async/deadline.hpp>
#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/wait_queue.hpp>
#include <hal/async/when_all.hpp>
#include <hal/net/testing/tls_pair.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hal::net {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::shared_ca;
using testing::StreamPair;
using testing::TestCa;
using testing::TlsOutcome;
using testing::TlsPairOptions;
using testing::usual_tls;

class TlsTest : public ::testing::Test {
 protected:
  StreamPair streams(const testing::MemoryOptions& options = {}) {
    return testing::make_stream_pair(loop_, options);
  }
  TlsOutcome shake(TlsPairOptions options, const testing::MemoryOptions& memory = {}) {
    auto outcome = block_on(loop_, testing::shake_hands, streams(memory), std::move(options));
    if (!outcome) return {error(outcome.error()), error(outcome.error())};
    return std::move(*outcome);
  }
  static std::string text_of(const TlsResult& result) {
    return result ? "OK" : result.error().to_string();
  }

  hal::testing::ManualLoop loop_;
};

TEST_F(TlsTest, AVerifiedConnectionIsMade) {
  auto outcome = shake(usual_tls());
  ASSERT_TRUE(outcome.client) << text_of(outcome.client);
  ASSERT_TRUE(outcome.server) << text_of(outcome.server);
  EXPECT_EQ((*outcome.client)->version(), TlsVersion::k13);
  EXPECT_EQ((*outcome.client)->alpn(), "");
  EXPECT_THAT((*outcome.client)->peer_names(), ElementsAre("DNS:server.example", "IP:127.0.0.1"));
  EXPECT_THAT((*outcome.server)->peer_names(), IsEmpty());
}

TEST_F(TlsTest, OneByteAtATimeIsEnough) {
  const auto outcome = shake(usual_tls(), {.one_byte_at_a_time = true});
  EXPECT_EQ(text_of(outcome.client), "OK");
  EXPECT_EQ(text_of(outcome.server), "OK");
}

struct HostCase {
  const char* host;
  std::vector<std::string> names;
  const char* client;
};

TEST_F(TlsTest, TheHostMustBeTheCertificates) {
  const HostCase cases[] = {
      {"a.example", {"DNS:a.example"}, "OK"},
      {"A.Example", {"DNS:a.example"}, "OK"},
      {"a.example.", {"DNS:a.example"}, "OK"},
      {"a.b.example", {"DNS:*.b.example"}, "OK"},
      {"b.example",
       {"DNS:a.example", "IP:10.0.0.1"},
       "(b.example): TLS: hostname mismatch: the certificate is for DNS:a.example, IP:10.0.0.1"},
      {"b.example", {}, "(b.example): TLS: hostname mismatch: the certificate is for no name"},
      {"x.y.b.example", {"DNS:*.b.example"}, "TLS: hostname mismatch"},
      {"ab.c.example", {"DNS:a*.c.example"}, "TLS: hostname mismatch"},
      {"b.example", {"DNS:*.b.example"}, "TLS: hostname mismatch"},
      {"127.0.0.1", {"IP:127.0.0.1"}, "OK"},
      {"127.0.0.1", {"DNS:127.0.0.1"}, "TLS: IP address mismatch: the certificate is for DNS:127"},
      {"127.0.0.2", {"IP:127.0.0.1"}, "TLS: IP address mismatch"},
      {"::1", {"IP:::1"}, "OK"},
      {"::2", {"IP:::1"}, "TLS: IP address mismatch: the certificate is for IP:::1"},
      {"", {"DNS:a.example"}, "INVALID_ARGUMENT: TLS: host: '' is no host name"},
      {"a.example:80", {"DNS:a.example"}, "INVALID_ARGUMENT"},
      {"[::1]", {"IP:::1"}, "INVALID_ARGUMENT"},
      {"a b", {"DNS:a.example"}, "INVALID_ARGUMENT"},
  };
  for (const HostCase& one : cases) {
    auto options = usual_tls();
    // The common name of the certificate is no identity.
    const std::string host = one.host;
    options.server.identity =
        shared_ca().issue({.names = one.names, .common_name = host.empty() ? "none" : host});
    options.host = host;
    EXPECT_THAT(text_of(shake(options).client), HasSubstr(one.client)) << one.host;
  }
}

TEST_F(TlsTest, TheCertificateMustBeValidNow) {
  auto options = usual_tls();
  options.server.identity =
      shared_ca().issue({.names = {"DNS:server.example"}, .not_before = -2h, .not_after = -1h});
  EXPECT_EQ(text_of(shake(options).client),
            "UNAVAILABLE: 127.0.0.1:80 (server.example): TLS: certificate has expired");
  options.server.identity =
      shared_ca().issue({.names = {"DNS:server.example"}, .not_before = 1h, .not_after = 2h});
  EXPECT_THAT(text_of(shake(options).client), HasSubstr("certificate is not yet valid"));
}

TEST_F(TlsTest, TheCaMustBeKnown) {
  const TestCa other{"another CA"};
  auto options = usual_tls();
  options.client.ca_pem = other.pem();
  auto outcome = shake(options);
  EXPECT_EQ(outcome.client.error().code(), Code::kUnavailable);
  EXPECT_THAT(text_of(outcome.server), HasSubstr("TLS: tlsv1 alert unknown ca"))
      << "the client tells the server why";
  options.client.ca_pem = other.pem() + shared_ca().pem();
  EXPECT_EQ(text_of(shake(options).client), "OK");
}

TEST_F(TlsTest, TheSystemsCasAreTheDefault) {
  auto options = usual_tls();
  options.client.ca_pem.reset();
  EXPECT_THAT(text_of(shake(options).client), HasSubstr("TLS: unable to get local issuer"));
}

/// No other run of this program has it.
std::filesystem::path temporary_file() {
  return std::filesystem::path{::testing::TempDir()} / fmt::format("hal_tls_test_{}", ::getpid());
}

TEST_F(TlsTest, TheSystemsCasCanBeNamedByOpenSslsVariable) {
  const auto file = temporary_file();
  std::ofstream{file} << shared_ca().pem();
  ::setenv("SSL_CERT_FILE", file.c_str(), 1);
  auto options = usual_tls();
  options.client.ca_pem.reset();
  EXPECT_EQ(text_of(shake(options).client), "OK");
  ::unsetenv("SSL_CERT_FILE");
  std::filesystem::remove(file);
}

TEST_F(TlsTest, OnlyTheInsecureOptionVerifiesNothing) {
  const TestCa other{"another CA"};
  auto options = usual_tls();
  options.server.identity = other.issue({.names = {"DNS:b.example"}, .not_after = -1min});
  options.client = {.verification = TlsVerification::kNoneInsecure};
  EXPECT_EQ(text_of(shake(options).client), "OK");
  options.client.ca_pem = shared_ca().pem();
  EXPECT_EQ(text_of(shake(options).client),
            "INVALID_ARGUMENT: TLS: ca_pem: CAs are given for a client that does not verify");
}

/// Succeeds when both sides have read what the other wrote.
Task<Result<int>> greet(Stream* stream) {
  co_await or_return(co_await stream->write_all("hi"));
  char text[2];
  for (std::size_t have = 0; have < 2;) {
    const auto more = co_await or_return(co_await stream->read_some(std::span{text}.subspan(have)));
    if (more == 0) co_return error(Code::kOutOfRange, "the end");
    have += more;
  }
  co_return 0;
}

TEST_F(TlsTest, AClientShowsItsCertificate) {
  auto options = usual_tls();
  options.server.client_ca_pem = shared_ca().pem();
  options.client.identity = shared_ca().issue({.names = {"URI:spiffe://mesh/greeter"}});
  for (const auto version : {TlsVersion::k12, TlsVersion::k13}) {
    options.server.version_min = version;
    auto outcome = shake(options);
    ASSERT_TRUE(outcome.server) << text_of(outcome.server);
    EXPECT_THAT((*outcome.server)->peer_names(), ElementsAre("URI:spiffe://mesh/greeter"));
  }
}

TEST_F(TlsTest, AClientWithAWrongCertificateOrNoneIsRefused) {
  const TestCa other{"another CA"};
  auto options = usual_tls();
  options.server.client_ca_pem = shared_ca().pem();
  auto none = shake(options);
  EXPECT_THAT(text_of(none.server), HasSubstr("peer did not return a certificate"));
  // By TLS 1.3 the client has finished when the server looks at its certificate.
  ASSERT_TRUE(none.client);
  const auto told = block_on(loop_, greet, none.client->get());
  EXPECT_EQ(told.error().code(), Code::kUnavailable);

  options.client.identity = other.issue({.names = {"DNS:evil.example"}});
  EXPECT_THAT(text_of(shake(options).server), HasSubstr("TLS: unable to get local issuer"));
  options.client.identity = shared_ca().issue({.names = {"DNS:late"}, .not_after = -1min});
  EXPECT_THAT(text_of(shake(options).server), HasSubstr("TLS: certificate has expired"));
}

TEST_F(TlsTest, AlpnIsTheServersFirstThatTheClientOffers) {
  auto options = usual_tls();
  options.client.alpn = {"http/1.1", "h2"};
  options.server.alpn = {"h3", "h2", "http/1.1"};
  auto outcome = shake(options);
  ASSERT_TRUE(outcome.client) << text_of(outcome.client);
  EXPECT_EQ((*outcome.client)->alpn(), "h2");
  EXPECT_EQ((*outcome.server)->alpn(), "h2");

  options.server.alpn = {"h3"};
  EXPECT_THAT(text_of(shake(options).client), HasSubstr("alert no application protocol"));
  options.server.alpn = {};
  EXPECT_EQ((*shake(options).client)->alpn(), "");
  options.client.alpn = {};
  options.server.alpn = {"h2"};
  EXPECT_EQ((*shake(options).client)->alpn(), "");
}

TEST_F(TlsTest, BadOptionsAreNamed) {
  const auto identity = shared_ca().issue({.names = {"DNS:a"}});
  const auto other = shared_ca().issue({.names = {"DNS:a"}});
  const std::string broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const std::pair<TlsClientOptions, const char*> cases[] = {
      {{.ca_pem = ""}, "INVALID_ARGUMENT: TLS: ca_pem: there is no certificate in it"},
      {{.ca_pem = identity.key_pem}, "TLS: ca_pem: there is no certificate in it"},
      {{.ca_pem = broken}, "TLS: ca_pem: certificate 1 is malformed"},
      {{.ca_pem = shared_ca().pem() + broken}, "TLS: ca_pem: certificate 2 is malformed"},
      {{.ca_pem = std::string(2 << 20, ' ')}, "TLS: ca_pem: it is longer than 1 MiB"},
      {{.identity = TlsIdentity{"", identity.key_pem}}, "certificates_pem: there is no certif"},
      {{.identity = TlsIdentity{identity.certificates_pem, ""}}, "key_pem: there is no private"},
      {{.identity = TlsIdentity{identity.certificates_pem, other.key_pem}},
       "TLS: key_pem: key values mismatch"},
      {{.alpn = {""}}, "TLS: alpn: a protocol's name has 1 to 255 bytes"},
      {{.alpn = {std::string(256, 'x')}}, "TLS: alpn"},
  };
  for (const auto& [options, message] : cases) {
    const auto client = TlsClient::make(options);
    ASSERT_FALSE(client) << message;
    EXPECT_THAT(client.error().to_string(), HasSubstr(message));
  }
  EXPECT_FALSE(TlsServer::make({}));
  EXPECT_FALSE(TlsServer::make({.identity = identity, .client_ca_pem = ""}));
}

TEST_F(TlsTest, AnEncryptedKeyAsksNobody) {
  const auto identity = shared_ca().issue({.names = {"DNS:a"}});
  const std::string key =
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
      "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAh4\n"
      "-----END ENCRYPTED PRIVATE KEY-----\n";
  const auto client = TlsClient::make({.identity = TlsIdentity{identity.certificates_pem, key}});
  ASSERT_FALSE(client);
  EXPECT_THAT(client.error().message(), HasSubstr("the key is encrypted"));
}

TEST_F(TlsTest, PemFilesAreRead) {
  const auto file = temporary_file();
  std::ofstream{file} << shared_ca().pem();
  EXPECT_EQ(read_pem_file(file), shared_ca().pem());
  std::ofstream{file} << "hello";
  EXPECT_THAT(read_pem_file(file).error().message(), HasSubstr("it is no PEM file"));
  std::ofstream{file} << std::string((1 << 20) + 1, 'x');
  EXPECT_THAT(read_pem_file(file).error().message(), HasSubstr("longer than 1 MiB"));
  std::filesystem::remove(file);
  EXPECT_EQ(read_pem_file(file).error().to_string(),
            "NOT_FOUND: " + file.native() + ": No such file or directory");
}

Task<Result<Status>> connect_to_text(StreamPair* ends, std::string text) {
  const auto client = co_await or_return(TlsClient::make(usual_tls().client));
  co_await or_return(co_await ends->second->write_all(text));
  ends->second->shutdown_write();
  const auto connected = co_await client.connect(std::move(ends->first), "server.example");
  co_return connected ? Status{} : connected.error();
}

TEST_F(TlsTest, APeerThatSpeaksSomethingElseIsTold) {
  auto ends = streams();
  const auto status =
      block_on(loop_, connect_to_text, &ends, std::string{"HTTP/1.1 400 Bad Request\r\n\r\n"});
  EXPECT_EQ(status->to_string(),
            "UNAVAILABLE: 127.0.0.1:80 (server.example): TLS: wrong version number (the peer does "
            "not seem to speak TLS)");
}

TEST_F(TlsTest, AnEndDuringTheHandshakeIsTold) {
  for (const std::string text : {"", "\x16\x03\x03"}) {
    auto ends = streams();
    EXPECT_EQ(block_on(loop_, connect_to_text, &ends, text)->to_string(),
              "UNAVAILABLE: 127.0.0.1:80 (server.example): TLS: the peer ended the connection "
              "during the handshake");
  }
}

Task<Result<>> connect_in_time(std::unique_ptr<Stream> stream) {
  const auto client = co_await or_return(TlsClient::make(usual_tls().client));
  const auto made =
      co_await timeout(5s, client.connect(std::move(stream), std::string{"server.example"}));
  if (!made) co_return error(made.error());
  co_return Result<>{};
}
Task<Result<>> accept_in_time(std::unique_ptr<Stream> stream) {
  const auto server = co_await or_return(TlsServer::make(usual_tls().server));
  const auto made = co_await timeout(5s, server.accept(std::move(stream)));
  if (!made) co_return error(made.error());
  co_return Result<>{};
}

TEST_F(TlsTest, ASilentPeerCostsTheCallersTimeout) {
  auto ends = streams();
  const TimePoint start = loop_.now();
  EXPECT_EQ(block_on(loop_, connect_in_time, std::move(ends.first)).error().code(),
            Code::kDeadlineExceeded);
  EXPECT_EQ(loop_.now(), start + 5s);
  auto more = streams();
  EXPECT_EQ(block_on(loop_, accept_in_time, std::move(more.second)).error().code(),
            Code::kDeadlineExceeded);
  EXPECT_EQ(loop_.now(), start + 10s);
}

TEST_F(TlsTest, AHandshakeInFullBuffersIsStopped) {
  auto ends = streams({.buffered_bytes_max = 16});
  EXPECT_EQ(block_on(loop_, connect_in_time, std::move(ends.first)).error().code(),
            Code::kDeadlineExceeded);
}

/// Hands bytes on between two streams until one ends, and changes what the test wants changed.
struct Wire {
  StreamPair client;
  StreamPair server;
};

Task<Result<int>> hand_on(Stream* from, Stream* to) {
  char buffer[4096];
  for (;;) {
    const auto size = co_await from->read_some(buffer);
    if (!size || *size == 0) co_return 0;
    if (!co_await to->write_all({buffer, *size})) co_return 0;
  }
}

Task<Result<TlsOutcome>> shake_over(Wire* wire) {
  StreamPair ends{std::move(wire->client.first), std::move(wire->server.second)};
  auto outcome = co_await testing::shake_hands(std::move(ends), usual_tls());
  if (outcome && outcome->client && outcome->server) co_return outcome;
  co_return error(Code::kInternal, "the handshake failed");
}

Task<Result<std::size_t>> read_once(Stream* stream) {
  char buffer[64];
  co_return co_await stream->read_some(buffer);
}

enum class Damage : std::uint8_t { kNone, kCut, kFlip };

Task<Result<int>> write_damaged(Stream* tls, Stream* raw_from, Stream* raw_to, Damage damage) {
  co_await or_return(co_await tls->write_all("a secret"));
  char buffer[4096];
  auto size = co_await or_return(co_await raw_from->read_some(buffer));
  if (damage == Damage::kFlip) buffer[size - 1] = static_cast<char>(buffer[size - 1] ^ 1);
  if (damage == Damage::kCut) size -= 3;
  EXPECT_EQ(std::string_view(buffer, size).find("a secret"), std::string_view::npos);
  co_await or_return(co_await raw_to->write_all({buffer, size}));
  if (damage == Damage::kCut) raw_to->shutdown_write();
  co_return 0;
}

Task<Result<Status>> read_damaged(Scope& scope, Wire* wire, Damage damage) {
  scope.spawn([](Stream* from, Stream* to) -> Task<> { (void)co_await hand_on(from, to); },
              wire->server.first.get(), wire->client.second.get());
  // The way from client to server is handed on by hand once the handshake is done.
  Scope handshake{scope.context()};
  handshake.spawn([](Stream* from, Stream* to) -> Task<> { (void)co_await hand_on(from, to); },
                  wire->client.second.get(), wire->server.first.get());
  auto outcome = co_await shake_over(wire);
  handshake.cancel({Code::kCancelled, "done"});
  co_await handshake.join();
  if (!outcome) co_return error(outcome.error());
  const auto written = co_await write_damaged(outcome->client->get(), wire->client.second.get(),
                                              wire->server.first.get(), damage);
  EXPECT_TRUE(written);
  const auto read = co_await read_once(outcome->server->get());
  Status status = read ? Status{} : read.error();
  if (damage == Damage::kFlip) {
    EXPECT_EQ((co_await (*outcome->server)->write_all("x")).error(), status) << "it stays broken";
    EXPECT_EQ((co_await read_once(outcome->server->get())).error(), status);
  }
  scope.cancel({Code::kCancelled, "done"});
  co_return status;
}

Task<Result<Status>> damaged(Wire* wire, Damage damage) {
  co_return co_await with_scope(read_damaged, wire, damage);
}

TEST_F(TlsTest, DamagedAndCutRecordsAreNoData) {
  const std::pair<Damage, const char*> cases[] = {
      {Damage::kNone, "OK"},
      {Damage::kFlip, "TLS: decryption failed or bad record mac"},
      {Damage::kCut, "TLS: the connection was cut: it ended without close_notify"}};
  for (const auto& [damage, message] : cases) {
    Wire wire{.client = streams(), .server = streams()};
    const auto status = block_on(loop_, damaged, &wire, damage);
    ASSERT_TRUE(status) << status.error().to_string();
    EXPECT_THAT(status->to_string(), HasSubstr(message));
    if (!status->ok()) EXPECT_EQ(status->code(), Code::kUnavailable);
  }
}

Task<Result<int>> exchange_much(StreamPair* ends, std::string text);

Task<Result<int>> write_all_of(Stream* stream, std::string text) {
  co_await or_return(co_await stream->write_all(text));
  stream->shutdown_write();
  co_return 0;
}
Task<Result<std::string>> read_all_of(Stream* stream) {
  std::string text;
  char buffer[5000];
  for (;;) {
    const auto size = co_await or_return(co_await stream->read_some(buffer));
    if (size == 0) co_return text;
    text.append(buffer, size);
  }
}
Task<Result<int>> exchange_much(StreamPair* ends, std::string text) {
  const auto [a, b, there, back] = co_await or_return(
      when_all(write_all_of(ends->first.get(), text), write_all_of(ends->second.get(), text),
               read_all_of(ends->second.get()), read_all_of(ends->first.get())));
  EXPECT_TRUE(there == text);
  EXPECT_TRUE(back == text);
  co_return 0;
}

TEST_F(TlsTest, MuchGoesBothWaysAtOnceInBothVersionsAndByteByByte) {
  struct {
    std::size_t bytes;
    testing::MemoryOptions memory;
  } const cases[] = {{5'000'000, {}},
                     {300'000, {.buffered_bytes_max = 100}},
                     {20'000, {.one_byte_at_a_time = true}}};
  for (const auto& one : cases) {
    for (const auto version : {TlsVersion::k12, TlsVersion::k13}) {
      auto options = usual_tls();
      options.client.version_min = version;
      auto outcome = shake(options, one.memory);
      ASSERT_TRUE(outcome.client && outcome.server);
      StreamPair ends{std::move(*outcome.client), std::move(*outcome.server)};
      std::string text;
      for (int i = 0; text.size() < one.bytes; ++i) text += std::to_string(i);
      EXPECT_TRUE(block_on(loop_, exchange_much, &ends, text));
    }
  }
}

Task<Result<int>> stop_a_write(Stream* stream) {
  const std::string data(1 << 20, 'x');
  const auto written =
      co_await timeout(1s, [](Stream* to, const std::string* bytes) -> Task<Result<>> {
        co_return co_await to->write_all(*bytes);
      }(stream, &data));
  EXPECT_EQ(written.error().code(), Code::kDeadlineExceeded);
  EXPECT_EQ((co_await stream->write_all("more")).error().code(), Code::kCancelled)
      << "nothing may follow half a record";
  co_return 0;
}

TEST_F(TlsTest, AStoppedWriteEndsWriting) {
  auto ends = testing::make_tls_pair(loop_, streams());
  EXPECT_TRUE(block_on(loop_, stop_a_write, ends.first.get()));
}

TEST_F(TlsTest, AStreamMayGoWhileItsLastWordIsStillBeingWritten) {
  auto ends = testing::make_tls_pair(loop_, streams({.buffered_bytes_max = 10}));
  ends.first->shutdown_write();  // 24 bytes: it waits for the reader
  ends.first.reset();
  loop_.run_ready();
  EXPECT_EQ(block_on(loop_, read_once, ends.second.get()).error().code(), Code::kUnavailable);
}

TEST_F(TlsTest, AnAbortIsNoEnd) {
  auto ends = testing::make_tls_pair(loop_, streams());
  ends.first->abort();
  EXPECT_EQ(block_on(loop_, read_once, ends.second.get()).error().to_string(),
            "UNAVAILABLE: 127.0.0.1:50000: Connection reset by peer");
}

}  // namespace
}  // namespace hal::net
