// A byte stream to a Redis server: TCP, a Unix socket, or TLS over TCP. Never blocks longer than asked.
//
// Internal to stores/redis; use connection.h and replica.h. One thread at a time.
#pragma once

#include <chrono>
#include <memory>

#include "config/endpoint.h"
#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/result.h"

namespace summit::redis {

class Transport {
 public:
  using Milliseconds = std::chrono::milliseconds;

  // A host that begins with "/" is the path of a Unix socket. kUnreachable when nobody listens; kDenied when
  // the server's certificate is not trusted.
  static Result<std::unique_ptr<Transport>> connect(const config::RedisEndpoint& endpoint,
                                                    Milliseconds timeout, const Cancellation& cancellation);
  virtual ~Transport() = default;

  // What happened without waiting.
  struct Progress {
    size_t bytes = 0;
    bool closed = false;  // by the server, reading only
  };
  virtual Result<Progress> try_read(void* buffer, size_t capacity) = 0;
  virtual Result<Progress> try_write(ByteView bytes) = 0;

  // Waits until one of what is asked for may get on, at most `timeout`; false when it passed.
  virtual Result<bool> wait(bool for_reading, bool for_writing, Milliseconds timeout) = 0;

  // Waits for bytes; kTimeout after `silence` without any, kUnreachable when the server closes the
  // connection.
  Result<size_t> read(void* buffer, size_t capacity, Milliseconds silence);
  // Writes all. Only for words that the server reads at once; larger amounts go through a Pipeline, which
  // reads meanwhile.
  Result<void> write(ByteView bytes, Milliseconds silence);
};

// "localhost:6379", for messages.
std::string address_of(const config::RedisEndpoint& endpoint);

}  // namespace summit::redis
