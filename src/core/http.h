// HTTP/1.1 requests over libcurl: for Elasticsearch, key services and health probes.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "core/secret.h"

namespace summit {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::map<std::string, std::string> headers{};
  std::string body{};
  std::optional<std::pair<std::string, Secret>> basic_auth{};
  std::chrono::milliseconds connect_timeout{5000};
  // Without progress for this long the request fails; a long, flowing answer never does.
  std::chrono::milliseconds stall_timeout{60000};
};

struct HttpResponse {
  long status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // empty when it was streamed
};

// Keeps its connections alive between requests. One thread at a time.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  // kUnreachable or kTimeout when no answer comes; any HTTP status is an answer.
  Result<HttpResponse> send(const HttpRequest& request, const Cancellation& cancellation = {});

  // The body goes to `consume` as it arrives when the status is 2xx, else into the response.
  Result<HttpResponse> stream(const HttpRequest& request,
                              const std::function<Result<void>(ByteView)>& consume,
                              const Cancellation& cancellation = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Hosts that are asked directly whatever the proxy settings say: those of no_proxy, and this machine itself,
// since a proxy would reach its own loopback, not ours. "*" for all.
std::string hosts_without_proxy();

}  // namespace summit
