// A real Neo4j for the cases of a test program.
//
// One server serves them all, because a start costs more than most cases.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

#include "devtools/platform/neo4j_server.h"
#include "stores/neo4j/bolt_connection.h"

namespace summit::neo4j {

// Ends the test with the error's text when a Result is none.
template <typename T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().to_string());
  return std::move(result).value();
}
inline void must(Result<void> result) {
  if (!result.ok()) throw std::runtime_error(result.error().to_string());
}

// The server of this program, running and empty: no element, constraint, index or user of the cases before. A
// new one when that cannot be had of the old. It takes TLS and plain connections, has an HTTP
// interface, lets no statement wait for a lock for long, and ends with the process.
platform::Neo4jServer& empty_server();

// The same with whatever is in it, running or not.
platform::Neo4jServer& server_as_it_is();

// What the certificate of its TLS is checked with, and the key that is none.
fs::path shared_certificate();
fs::path shared_private_key();

class ServerTest : public testing::Test {
 protected:
  // A new connection each time: the case may have started the server again.
  BoltConnection& bolt() { return bolt_.emplace(must(BoltConnection::open(server_.endpoint()))); }

  platform::Neo4jServer& server_ = empty_server();

 private:
  std::optional<BoltConnection> bolt_;
};

}  // namespace summit::neo4j
