#include "storage/http_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/files.h"
#include "core/process.h"
#include "core/wait.h"
#include "devtools/platform/server.h"
#include "tests/storage/testing/http_server.h"

namespace summit::storage {
namespace {

using testing::HasSubstr;

// A TLS server of its own authority, which nobody else trusts.
class TlsServer {
 public:
  TlsServer() {
    const std::string key = directory_.path() / "key.pem";
    const auto made =
        run({.argv = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-nodes", "-subj", "/CN=summit test", "-addext", "subjectAltName=IP:127.0.0.1", "-days",
                      "2", "-keyout", key, "-out", certificate()}});
    EXPECT_TRUE(made.ok()) << made.error().to_string();
    port_ = platform::free_port().value();
    process_.emplace(
        Process::start({.argv = {"openssl", "s_server", "-accept", fmt::format("127.0.0.1:{}", port_),
                                 "-cert", certificate(), "-key", key, "-www", "-quiet"}},
                       {.output = Process::Stream::kNull})
            .value());
  }

  std::string certificate() const { return directory_.path() / "certificate.pem"; }
  std::string url() const { return fmt::format("https://127.0.0.1:{}/", port_); }

 private:
  TemporaryDirectory directory_ = TemporaryDirectory::create(fs::temp_directory_path(), "tls-").value();
  uint16_t port_ = 0;
  std::optional<Process> process_;
};

TEST(HttpTransport, TrustsAnAuthorityOnlyWhenItIsNamed) {
  const TlsServer server;
  TransportSettings settings;
  settings.ca_bundle = server.certificate();
  HttpTransport trusting(settings);
  WireRequest request;
  request.url = server.url();
  const auto answers = [&]() -> Result<bool> {
    const auto response = trusting.send(request);
    return response.ok() && response->status == 200;
  };
  const auto answered =
      wait_until(answers, "the tls server", std::chrono::seconds(30), std::chrono::milliseconds(20), {});
  ASSERT_TRUE(answered.ok()) << trusting.send(request).error().to_string();

  HttpTransport strange({});
  const auto refused = strange.send(request);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kDenied);
  EXPECT_THAT(refused.error().hint(), HasSubstr("AWS_CA_BUNDLE"));

  settings.ca_bundle = "/nonexistent.pem";
  EXPECT_EQ(HttpTransport(settings).send(request).error().code(), Code::kConfig);
}

TEST(HttpTransport, KeepsQueriesOutOfMessages) {
  WireRequest request;
  request.url = "http://127.0.0.1:1/path?X-Amz-Signature=abc";
  HttpTransport transport({});
  const auto response = transport.send(request);
  ASSERT_FALSE(response.ok());
  EXPECT_THAT(response.error().message(), HasSubstr("127.0.0.1:1/path"));
  EXPECT_THAT(response.error().message(), testing::Not(HasSubstr("abc")));
}

TEST(HttpTransport, FollowsNoRedirect) {
  HttpServer server([](const HttpQuestion&) {
    return HttpAnswer{.status = 302, .headers = {{"location", "http://127.0.0.1:1/"}}};
  });
  WireRequest request;
  request.url = server.url() + "/";
  EXPECT_EQ(HttpTransport({}).send(request)->status, 302);
}

TEST(HttpTransport, AnAnswerThatBreaksOffIsNoAnswer) {
  HttpServer server(
      [](const HttpQuestion&) { return HttpAnswer{.body = std::string(1000, 'x'), .cut_after = 10}; });
  WireRequest request;
  request.url = server.url() + "/";
  EXPECT_EQ(HttpTransport({}).send(request).error().code(), Code::kUnreachable);
}

}  // namespace
}  // namespace summit::storage
