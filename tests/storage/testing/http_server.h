// An HTTP server for tests that answers as it is told, also badly: late, half, or not at all.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/task_group.h"

namespace summit::storage {

struct HttpQuestion {
  std::string method;
  std::string path;
  std::string query;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

struct HttpAnswer {
  int status = 200;
  std::string body{};
  std::map<std::string, std::string> headers{};
  std::optional<size_t> cut_after{};  // the connection breaks after so many bytes of the body
  bool no_answer = false;             // the connection breaks at once
  bool silence = false;               // nothing comes, and the connection stays
};

// For failure messages.
inline void PrintTo(const HttpAnswer& answer, std::ostream* out) {
  *out << answer.status << ' ' << answer.body;
}

// Any number of connections at once; the handler is called by one at a time.
class HttpServer {
 public:
  using Handler = std::function<HttpAnswer(const HttpQuestion&)>;

  explicit HttpServer(Handler handler);
  ~HttpServer();

  std::string url() const;
  std::vector<HttpQuestion> questions() const;
  size_t connections() const;

 private:
  Result<void> accept_until_stopped();
  Result<void> serve(const UniqueFd& connection);
  HttpAnswer ask(const HttpQuestion& question);

  Handler handler_;
  UniqueFd listener_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<HttpQuestion> questions_;
  size_t connections_ = 0;
  TaskGroup workers_;   // one a connection; spawned by the acceptor alone
  TaskGroup acceptor_;  // last: ends before the workers are joined
};

}  // namespace summit::storage
