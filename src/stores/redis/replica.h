// The program as a replica: one full synchronisation gives the data of one instant, without a file on the
// server's side.
//
//   Replica replica(endpoint, {}, cancellation);
//   RETURN_IF_ERROR(replica.begin());                              // connect, sign in, say what we can
//   ASSIGN_OR_RETURN(const ReplicaCut cut, replica.cut());         // the server forks: this is the instant
//   RETURN_IF_ERROR(replica.stream([&](ByteView rdb) { ... }));    // the RDB, once
//
// Disconnects when the RDB is there, or when destroyed: the server then drops us. We never acknowledge an
// offset, so we count neither for WAIT nor for min-replicas-to-write. What a first synchronisation leaves on
// a server without replicas: its replication backlog (repl-backlog-size of memory, freed after
// repl-backlog-ttl) and a new replication id.
//
// Rights that the user needs: +psync +replconf +ping. One thread at a time. No call waits longer than the
// patience for a sign of life.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/endpoint.h"
#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "core/time.h"

namespace summit::redis {

struct ReplicaOptions {
  // Silence after which the server is given up. A server that prepares an RDB sends a line end every second
  // or so.
  std::chrono::milliseconds patience{60000};
};

struct ReplicaCut {
  Instant instant{};           // our clock, when the server said that it begins
  std::string replication_id;  // 40 hexadecimal digits
  uint64_t offset = 0;         // of the replication stream: the RDB holds everything before it
};

class Replica {
 public:
  Replica(config::RedisEndpoint endpoint, ReplicaOptions options, Cancellation cancellation);
  Replica(Replica&&) noexcept;
  Replica& operator=(Replica&&) noexcept;
  ~Replica();

  // Everything that may fail before the instant. kUnreachable, kDenied, kBusy as Connection::open().
  Result<void> begin();

  // Asks for a full synchronisation and returns when the server has fixed its instant: at once, or after
  // another save has ended and repl-diskless-sync-delay has passed. kUnsupported where PSYNC is taken away
  // (managed services), kUnreachable for a replica without its master, kDenied without the right.
  Result<ReplicaCut> cut();

  // Gives the RDB's bytes as they come and returns after the last. `on_size` is told the size when the server
  // knows it beforehand. kUnreachable when the server dies or drops us in the middle. Errors of `consume`
  // pass through.
  Result<void> stream(const std::function<Result<void>(ByteView)>& consume,
                      const std::function<void(uint64_t)>& on_size = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace summit::redis
