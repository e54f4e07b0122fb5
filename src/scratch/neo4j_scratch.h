// A throw-away Neo4j server on a copy of a server's files: recovers the copy, answers queries, and gives
// dumps.
//
// It listens on loopback only, on a port that the kernel chooses, for the seconds that it lives, and lets in
// one user, with a random password that only endpoint() knows. It is killed when this object or this process
// ends, however that happens.
//
// A `system` database in the image is set aside, since its users would come in: the server has one of its
// own, and nothing listens while the image's is made whole.
//
//   ASSIGN_OR_RETURN(auto server, Neo4jScratch::start(options, reporter, cancellation));   recovered, online
//   query(server.bolt());
//   RETURN_IF_ERROR(server.stop(cancellation));   in order
//   RETURN_IF_ERROR(server.dump("neo4j", consume, cancellation));
//   RETURN_IF_ERROR(server.dump_users(consume, cancellation));   the image's system database
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/process.h"
#include "core/progress.h"
#include "core/result.h"
#include "stores/neo4j/admin.h"
#include "stores/neo4j/bolt_connection.h"

namespace summit::scratch {

struct Neo4jScratchOptions {
  neo4j::Programs programs;
  fs::path home;  // its files are in home/data (none: an empty database); configuration and logs beside them
  std::string database = "neo4j";
  std::string store;         // for progress: "neo4j"
  uint64_t image_bytes = 0;  // of stores and logs: memory and patience follow it
};

// One thread at a time.
class Neo4jScratch {
 public:
  // Returns when the database is recovered and online. An error quotes the end of the server's log.
  static Result<Neo4jScratch> start(Neo4jScratchOptions options, Reporter& reporter,
                                    const Cancellation& cancellation);

  // Until stop(). The cancellation that start() got ends it.
  neo4j::BoltConnection& bolt() { return *bolt_; }
  // For more connections; with the password.
  const config::Neo4jEndpoint& endpoint() const { return endpoint_; }

  // Small transactions that make the server begin a new log and forget the old ones when it stops, so
  // that a dump does not hold them.
  Result<void> shed_transaction_logs();

  // In order, with a last checkpoint. A server that was killed instead cannot be dumped.
  Result<void> stop(const Cancellation& cancellation);

  // After stop().
  Result<void> dump(std::string_view database, const std::function<Result<void>(ByteView)>& consume,
                    const Cancellation& cancellation) const;

  // The same of the `system` database of the image, recovered first, by a server that nobody can reach.
  Result<void> dump_users(const std::function<Result<void>(ByteView)>& consume,
                          const Cancellation& cancellation) const;

 private:
  explicit Neo4jScratch(Neo4jScratchOptions options);
  Result<void> set_users_aside() const;
  Result<void> set_password();
  Result<void> recover_users(const Cancellation& cancellation) const;
  Result<void> wait_until_recovered(Reporter& reporter, const Cancellation& cancellation);
  Result<bool> is_recovered(const Cancellation& cancellation);
  bool find_port();
  int recovery_percent() const;
  std::chrono::milliseconds patience() const;
  Neo4jScratchOptions options_;
  neo4j::PrivateHome home_;
  neo4j::PrivateHome users_;  // of the image
  std::optional<Process> process_;
  std::optional<neo4j::BoltConnection> bolt_;
  config::Neo4jEndpoint endpoint_;
};

}  // namespace summit::scratch
