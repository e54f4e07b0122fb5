// Tells whether a COPY is still taken. The server says that it refused a row at the end of the COPY alone,
// and a huge table would be sent in vain until then.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "core/result.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// One more connection, opened when it is first needed. Thread-safe.
class CopyWatch {
 public:
  using Open = std::function<Result<Connection>()>;
  explicit CopyWatch(Open open) : open_(std::move(open)) {}

  // The server's own number of the process behind a connection, as its statistics show it: between the two
  // there may be a proxy, which gives numbers of its own.
  static Result<std::string> process_of(Connection& connection);

  // True also whenever that is not known: the server does not keep account of it (track_activities), or has
  // no room for one connection more.
  bool goes_on(const std::string& process);

 private:
  Result<bool> ask(const std::string& process);

  const Open open_;
  std::mutex mutex_;  // guards what follows
  std::optional<Connection> connection_;
  bool gave_up_ = false;
};

}  // namespace summit::postgres
