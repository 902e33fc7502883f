#include <hal/discovery/kubernetes/api_access.hpp>

#include <hal/discovery/testing/temporary_folder.hpp>
#include <hal/net/testing/test_certificate.hpp>
#include <hal/wire/base64.hpp>

#include <gmock/gmock.h>

namespace hal::discovery::kubernetes {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryFolder;

const net::testing::TestCa& ca() {
  static const net::testing::TestCa made;
  return made;
}

config::Environment in_pod(std::map<std::string, std::string, std::less<>> more = {}) {
  more.emplace("KUBERNETES_SERVICE_HOST", "10.96.0.1");
  more.emplace("KUBERNETES_SERVICE_PORT", "6443");
  return config::Environment{std::move(more)};
}

TEST(ApiAccess, IsThePodsServiceAccount) {
  const TemporaryFolder folder;
  folder.write("token", "abc.def\n");
  folder.write("ca.crt", ca().pem());
  folder.write("namespace", "devel\n");
  const auto access = in_cluster_access(in_pod(), folder.path());
  ASSERT_TRUE(access) << access.error().to_string();
  EXPECT_EQ(access->server, "https://10.96.0.1:6443");
  EXPECT_EQ(access->ns, "devel");
  EXPECT_EQ(access->tls.ca_pem, ca().pem());
  EXPECT_EQ(access->tls.verification, net::TlsVerification::kFull);
  EXPECT_EQ(access->token.read().value(), "abc.def");
  EXPECT_EQ(in_cluster_access(in_pod({{"POD_NAMESPACE", "mine"}}), folder.path())->ns, "mine");
  const auto six = in_cluster_access(config::Environment{{{"KUBERNETES_SERVICE_HOST", "fd00::1"}}},
                                     folder.path());
  EXPECT_EQ(six->server, "https://[fd00::1]:443");
}

TEST(ApiAccess, ATokenIsReadAnewAndTrimmed) {
  const TemporaryFolder folder;
  folder.write("token", " first \n");
  const Token token = Token::in_file(folder.path("token"));
  EXPECT_EQ(token.read().value(), "first");
  folder.write("token", "second");
  EXPECT_EQ(token.read().value(), "second");
  for (const auto& [content, message] : {std::pair{"  \n", "is empty"},
                                         {"a b", "more than one word"},
                                         {"a\r\nb", "more than one"}}) {
    folder.write("token", content);
    ASSERT_FALSE(token.read());
    EXPECT_EQ(token.read().error().code(), Code::kUnauthenticated);
    EXPECT_THAT(token.read().error().message(), HasSubstr(message));
  }
  folder.write("token", std::string(70'000, 'a'));
  EXPECT_THAT(token.read().error().message(), HasSubstr("more than 65536 bytes"));
  EXPECT_EQ(Token{}.read().value(), "");
  EXPECT_EQ(Token::fixed(" a\n").read().value(), "a");
}

TEST(ApiAccess, NamesWhatAPodLacks) {
  const TemporaryFolder folder;
  const auto why = [&](const config::Environment& environment) {
    const auto access = in_cluster_access(environment, folder.path());
    EXPECT_EQ(access.error().code(), Code::kFailedPrecondition);
    return access.error().message();
  };
  EXPECT_THAT(why(config::Environment{}), HasSubstr("not in a pod"));
  EXPECT_THAT(why(config::Environment{
                  {{"KUBERNETES_SERVICE_HOST", "a"}, {"KUBERNETES_SERVICE_PORT", "tcp://1"}}}),
              HasSubstr("KUBERNETES_SERVICE_PORT"));
  EXPECT_THAT(why(in_pod()), HasSubstr("ca.crt"));
  folder.write("ca.crt", ca().pem());
  EXPECT_THAT(why(in_pod()), HasSubstr("namespace cannot be read"));
  folder.write("namespace", "devel");
  EXPECT_THAT(why(in_pod()), HasSubstr("automountServiceAccountToken"));
}

constexpr std::string_view kConfig = R"(
apiVersion: v1
kind: Config
current-context: mine
contexts:
- name: other
  context: {cluster: nowhere, user: nobody}
- name: mine
  context: {cluster: lab, user: me, namespace: devel}
clusters:
- name: lab
  cluster:
    server: https://127.0.0.1:6443/
    certificate-authority: ca.pem
users:
- name: me
  user: {token: secret}
)";

struct Kubeconfig {
  explicit Kubeconfig(std::string text = std::string{kConfig}) {
    folder.write("ca.pem", ca().pem());
    folder.write("config", text);
  }
  [[nodiscard]] Result<ApiAccess> read() const {
    return kubeconfig_access(config::Environment{{{"KUBECONFIG", folder.path("config")}}});
  }
  [[nodiscard]] Status failure() const {
    const auto access = read();
    return access ? Status{} : access.error();
  }
  TemporaryFolder folder;
};

/// kConfig with one piece replaced.
std::string with(std::string_view old_text, std::string_view new_text) {
  std::string text{kConfig};
  const auto at = text.find(old_text);
  EXPECT_NE(at, std::string::npos) << old_text;
  return text.replace(at, old_text.size(), new_text);
}

TEST(Kubeconfig, IsReadAtItsCurrentContext) {
  const Kubeconfig config;
  const auto access = config.read();
  ASSERT_TRUE(access) << access.error().to_string();
  EXPECT_EQ(access->server, "https://127.0.0.1:6443");
  EXPECT_EQ(access->ns, "devel");
  EXPECT_EQ(access->tls.ca_pem, ca().pem());
  EXPECT_EQ(access->token.read().value(), "secret");
  EXPECT_THAT(access->origin, HasSubstr("context mine"));
  EXPECT_EQ(Kubeconfig{with(", namespace: devel", "")}.read()->ns, "default");
}

TEST(Kubeconfig, TakesClientCertificatesAndData) {
  const auto identity = ca().issue({.names = {"DNS:me"}});
  const auto base64 = [](std::string_view text) {
    return wire::base64_encode(text, wire::Padding::kFull);
  };
  Kubeconfig config{
      with("certificate-authority: ca.pem", "certificate-authority-data: " + base64(ca().pem()))};
  config.folder.write("config", [&] {
    std::string text =
        with("certificate-authority: ca.pem", "certificate-authority-data: " + base64(ca().pem()));
    const std::string_view token{"{token: secret}"};
    return text.replace(text.find(token), token.size(),
                        "{client-certificate-data: " + base64(identity.certificates_pem) +
                            ", client-key: key.pem}");
  }());
  config.folder.write("key.pem", identity.key_pem);
  const auto access = config.read();
  ASSERT_TRUE(access) << access.error().to_string();
  EXPECT_EQ(access->tls.ca_pem, ca().pem());
  ASSERT_TRUE(access->tls.identity);
  EXPECT_EQ(access->tls.identity->certificates_pem, identity.certificates_pem);
  EXPECT_EQ(access->tls.identity->key_pem, identity.key_pem);
  EXPECT_TRUE(access->token.none());
}

TEST(Kubeconfig, SaysWhatIsWrongOrNotSupported) {
  struct Case {
    std::string text;
    Code code;
    std::string_view message;
  };
  for (const Case& c : {
           Case{with("current-context: mine", "current-context: gone"), Code::kFailedPrecondition,
                "there is no context \"gone\""},
           {with("current-context: mine", ""), Code::kFailedPrecondition, "no current-context"},
           {with("user: me,", "user: you,"), Code::kFailedPrecondition, "there is no user \"you\""},
           {with("cluster: lab,", "cluster: x,"), Code::kFailedPrecondition,
            "there is no cluster \"x\""},
           {with("ca.pem", "none.pem"), Code::kFailedPrecondition, "none.pem"},
           {with("https://127.0.0.1:6443/", "ftp://a"), Code::kInvalidArgument, "server:"},
           {with("https://127.0.0.1:6443/", "http://127.0.0.1:6443"), Code::kInvalidArgument,
            "a token goes by https only"},
           {with("certificate-authority: ca.pem", "certificate-authority-data: '%'"),
            Code::kInvalidArgument, "certificate-authority-data is not base64"},
           {with("certificate-authority: ca.pem", "insecure-skip-tls-verify: true"),
            Code::kUnimplemented, "always verified"},
           {with("certificate-authority: ca.pem", "proxy-url: http://p"), Code::kUnimplemented,
            "proxy-url is not supported"},
           {with("{token: secret}", "{exec: {command: aws}}"), Code::kUnimplemented,
            "exec is not supported: use a token (`kubectl create token NAME`)"},
           {with("{token: secret}", "{auth-provider: {name: gcp}}"), Code::kUnimplemented,
            "auth-provider is not supported"},
           {with("{token: secret}", "{username: a, password: b}"), Code::kUnimplemented,
            "username is not supported"},
           {with("{token: secret}", "{token: secret, as: viewer}"), Code::kUnimplemented,
            "as: impersonation is not supported"},
           {with("{token: secret}", "{token: secret, as-uid: '1'}"), Code::kUnimplemented,
            "as-uid: impersonation is not supported"},
           {with("{token: secret}", "{token: secret, as-groups: [a]}"), Code::kUnimplemented,
            "as-groups: impersonation is not supported"},
           {with("{token: secret}", "{token: secret, as-user-extra: {a: [b]}}"),
            Code::kUnimplemented, "as-user-extra: impersonation is not supported"},
           {with("{token: secret}", "{client-key-data: aGVsbG8=}"), Code::kInvalidArgument,
            "belong together"},
           {"[1, 2]", Code::kInvalidArgument, "it is no kubeconfig"},
           {"a: [", Code::kInvalidArgument, "config:"},
       }) {
    const Status failure = Kubeconfig{c.text}.failure();
    EXPECT_EQ(failure.code(), c.code) << c.message;
    EXPECT_THAT(failure.message(), HasSubstr(c.message));
    EXPECT_THAT(failure.message(), ::testing::Not(HasSubstr("secret")));
  }
  EXPECT_TRUE(Kubeconfig{with("certificate-authority: ca.pem", "insecure-skip-tls-verify: false")}
                  .failure()
                  .ok());
}

TEST(Kubeconfig, IsFoundByKubeconfigThenHome) {
  const auto why = [](std::map<std::string, std::string, std::less<>> variables) {
    return kubeconfig_access(config::Environment{std::move(variables)}).error().message();
  };
  EXPECT_THAT(why({}), HasSubstr("neither KUBECONFIG nor HOME"));
  EXPECT_THAT(why({{"HOME", "/nowhere"}}), HasSubstr("/nowhere/.kube/config cannot be read"));
  EXPECT_THAT(why({{"KUBECONFIG", "/a:/b"}}), HasSubstr("allowed is one file"));
}

}  // namespace
}  // namespace hal::discovery::kubernetes
