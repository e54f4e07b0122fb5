#include "core/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/time.h"
#include "core/wait.h"
#include "tests/core/scripted_server.h"

namespace summit {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using Answer = ScriptedServer::Answer;

// A variable of our environment for as long as this lives.
class EnvironmentVariable {
 public:
  EnvironmentVariable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~EnvironmentVariable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

TEST(Http, GivesStatusHeadersAndBody) {
  ScriptedServer server(
      [](const std::string&) -> Answer { return {http_answer(200, "hello", "X-Thing:  a value \r\n")}; });
  HttpClient client;
  const auto response = client.send({.url = server.url("/path?q=1")});
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "hello");
  EXPECT_EQ(response->headers.at("x-thing"), "a value");
  EXPECT_THAT(server.requests().at(0), HasSubstr("GET /path?q=1 HTTP/1.1\r\n"));
}

TEST(Http, SendsMethodHeadersBodyAndCredentials) {
  ScriptedServer server([](const std::string&) -> Answer { return {http_answer(201, "")}; });
  HttpClient client;
  const auto response = client.send({.method = "PUT",
                                     .url = server.url("/index"),
                                     .headers = {{"Content-Type", "application/json"}},
                                     .body = R"({"a": 1})",
                                     .basic_auth = std::pair("neo4j", Secret("pass:word"))});
  EXPECT_EQ(response->status, 201);
  const std::string request = server.requests().at(0);
  EXPECT_THAT(request, HasSubstr("PUT /index HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(request, HasSubstr("Authorization: Basic bmVvNGo6cGFzczp3b3Jk\r\n"));
  EXPECT_THAT(request, Not(HasSubstr("Expect:")));
  EXPECT_TRUE(request.ends_with("\r\n\r\n{\"a\": 1}"));
}

TEST(Http, EmptyPostAndDeleteAndHeadAreWellFormed) {
  ScriptedServer server([](const std::string& request) -> Answer {
    if (request.starts_with("HEAD")) return {"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"};
    return {http_answer(204, "")};
  });
  HttpClient client;
  for (const char* method : {"POST", "DELETE"})
    EXPECT_EQ(client.send({.method = method, .url = server.url("/")})->status, 204);
  EXPECT_EQ(client.send({.method = "HEAD", .url = server.url("/")})->status, 200);
  EXPECT_THAT(server.requests().at(0), HasSubstr("Content-Length: 0\r\n"));
}

TEST(Http, AnyStatusIsAnAnswer) {
  ScriptedServer server([](const std::string&) -> Answer { return {http_answer(401, "who are you")}; });
  HttpClient client;
  const auto response = client.send({.url = server.url("/")});
  EXPECT_EQ(response->status, 401);
  EXPECT_EQ(response->body, "who are you");
}

TEST(Http, KeepsItsConnectionButNotTheCredentials) {
  ScriptedServer server([](const std::string&) -> Answer { return {http_answer(200, "ok")}; });
  HttpClient client;
  ASSERT_TRUE(client.send({.url = server.url("/"), .basic_auth = std::pair("u", Secret("p"))}).ok());
  HttpClient moved = std::move(client);
  ASSERT_TRUE(moved.send({.url = server.url("/")}).ok());
  EXPECT_EQ(server.connections(), 1);
  EXPECT_THAT(server.requests().at(1), Not(HasSubstr("Authorization")));
}

TEST(Http, StreamsTheBodyOfASuccessAndKeepsThatOfAFailure) {
  const std::string big(3'000'000, 'b');
  ScriptedServer server([&](const std::string& request) -> Answer {
    return {request.starts_with("GET /big") ? http_answer(200, big) : http_answer(500, "broken")};
  });
  HttpClient client;
  std::string streamed;
  const auto consume = [&](ByteView block) -> Result<void> {
    streamed += as_text(block);
    return {};
  };
  const auto success = client.stream({.url = server.url("/big")}, consume);
  ASSERT_TRUE(success.ok());
  EXPECT_EQ(streamed, big);
  EXPECT_EQ(success->body, "");
  streamed.clear();
  EXPECT_EQ(client.stream({.url = server.url("/small")}, consume)->body, "broken");
  EXPECT_EQ(streamed, "");
}

TEST(Http, FailureOfTheConsumerEndsTheRequestAndIsTheError) {
  ScriptedServer server(
      [](const std::string&) -> Answer { return {http_answer(200, std::string(1'000'000, 'x'))}; });
  HttpClient client;
  const auto refuse = [](ByteView) -> Result<void> { return Error(Code::kNoSpace, "full"); };
  EXPECT_EQ(client.stream({.url = server.url("/")}, refuse).error().code(), Code::kNoSpace);
}

TEST(Http, NobodyListeningIsUnreachable) {
  int port = 0;
  {
    port = ScriptedServer([](const std::string&) -> Answer { return {}; }).port();
  }
  HttpClient client;
  const auto response = client.send({.url = fmt::format("http://127.0.0.1:{}/db", port)});
  EXPECT_EQ(response.error().code(), Code::kUnreachable);
  EXPECT_THAT(response.error().message(), HasSubstr("nothing listens at http://127.0.0.1:"));
}

TEST(Http, ConnectionThatEndsWithoutAnAnswerIsUnreachable) {
  ScriptedServer server([](const std::string&) -> Answer { return {.bytes = "", .keep_open = false}; });
  HttpClient client;
  EXPECT_EQ(client.send({.url = server.url("/")}).error().code(), Code::kUnreachable);
}

TEST(Http, AnswerThatIsCutShortIsAnError) {
  ScriptedServer server([](const std::string&) -> Answer {
    return {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", .keep_open = false};
  });
  HttpClient client;
  EXPECT_EQ(client.send({.url = server.url("/")}).error().code(), Code::kUnreachable);
}

TEST(Http, SilenceIsATimeout) {
  ScriptedServer server([](const std::string&) -> Answer {
    return {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly", .then_silence = true};
  });
  HttpClient client;
  const Stopwatch stopwatch;
  const auto response = client.send({.url = server.url("/"), .stall_timeout = milliseconds(200)});
  EXPECT_EQ(response.error().code(), Code::kTimeout);
  EXPECT_LT(stopwatch.elapsed().count(), 10);
}

TEST(Http, CancellationEndsAWaitingRequest) {
  ScriptedServer server([](const std::string&) -> Answer { return {.bytes = "", .then_silence = true}; });
  Cancellation cancellation;
  TaskGroup group;
  group.spawn([&]() -> Result<void> {
    RETURN_IF_ERROR(pause_for(milliseconds(100), Cancellation()));
    cancellation.request();
    return {};
  });
  HttpClient client;
  EXPECT_EQ(client.send({.url = server.url("/")}, cancellation).error().code(), Code::kCancelled);
  EXPECT_TRUE(group.join().ok());
}

TEST(Http, PlainRequestsFollowRedirectsButThoseWithCredentialsNever) {
  ScriptedServer target([](const std::string&) -> Answer { return {http_answer(200, "arrived")}; });
  ScriptedServer server([&](const std::string&) -> Answer {
    return {http_answer(302, "elsewhere", "Location: " + target.url("/new") + "\r\n")};
  });
  HttpClient client;
  const auto followed = client.send({.url = server.url("/")});
  EXPECT_EQ(followed->status, 200);
  EXPECT_EQ(followed->body, "arrived");

  const std::vector<HttpRequest> with_credentials = {
      {.url = server.url("/"), .basic_auth = std::pair("user", Secret("password"))},
      {.url = server.url("/"), .headers = {{"Authorization", "ApiKey abc"}}},
      {.url = fmt::format("http://user:password@127.0.0.1:{}/", server.port())},
  };
  for (const HttpRequest& request : with_credentials) EXPECT_EQ(client.send(request)->status, 302);
  EXPECT_EQ(target.requests().size(), 1U);
}

TEST(Http, ProxyOfTheEnvironmentIsNotUsedForThisMachine) {
  const EnvironmentVariable proxy("http_proxy", "http://127.0.0.1:1");
  const EnvironmentVariable exceptions("no_proxy", "example.org");
  ScriptedServer server([](const std::string&) -> Answer { return {http_answer(200, "direct")}; });
  for (const char* host : {"127.0.0.1", "localhost", "127.1.2.3"}) {
    HttpClient client;  // one each: the server serves one connection at a time
    const auto response = client.send({.url = fmt::format("http://{}:{}/", host, server.port())});
    // The server listens on 127.0.0.1 only: another loopback address must fail as a direct connection does.
    if (response.ok()) {
      EXPECT_EQ(response->body, "direct");
    } else {
      EXPECT_THAT(response.error().message(), HasSubstr(fmt::format("nothing listens at http://{}", host)));
    }
  }
  EXPECT_EQ(server.requests().size(), 2U);
  // And other hosts do go through it: nothing listens there.
  EXPECT_EQ(HttpClient().send({.url = "http://192.0.2.1/"}).error().code(), Code::kUnreachable);
}

TEST(Http, MessagesNeverShowPasswordsOrQueries) {
  HttpClient client;
  const auto response = client.send({.url = "http://user:s3cr3t@127.0.0.1:1/path?token=t0k3n"});
  EXPECT_THAT(response.error().to_string(), HasSubstr("http://127.0.0.1:1/path"));
  EXPECT_THAT(response.error().to_string(), Not(HasSubstr("s3cr3t")));
  EXPECT_THAT(response.error().to_string(), Not(HasSubstr("t0k3n")));
}

TEST(Http, OtherProtocolsAndNonsenseAreRefused) {
  HttpClient client;
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "not a url", ""}) {
    EXPECT_EQ(client.send({.url = url}).error().code(), Code::kUsage) << url;
  }
}

}  // namespace
}  // namespace summit
