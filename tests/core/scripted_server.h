// A small HTTP server for tests: answers each request with the bytes that a script gives for it.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/task_group.h"

namespace summit {

class ScriptedServer {
 public:
  struct Answer {
    std::string bytes;          // status line, headers and body as they go over the wire
    bool keep_open = true;      // else the connection ends after the bytes
    bool then_silence = false;  // the connection stays, but nothing more comes
  };
  using Script = std::function<Answer(const std::string& request)>;

  explicit ScriptedServer(Script script);
  ~ScriptedServer();

  int port() const { return port_; }
  std::string url(std::string_view path) const;
  // Whole requests, in the order in which they came.
  std::vector<std::string> requests() const;
  int connections() const;

 private:
  Result<void> accept_until_closed();
  Result<void> serve(const UniqueFd& connection);

  Script script_;
  UniqueFd listener_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  int connections_ = 0;
  TaskGroup tasks_;
};

// "HTTP/1.1 <status> …" with the body and its length.
std::string http_answer(int status, std::string_view body, std::string_view more_headers = "");

}  // namespace summit
