// A byte stream to a server: TCP, a Unix socket, or TLS over TCP. Never blocks longer than asked.
//
// For the clients of stores/, whose protocols run over it. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/result.h"

namespace summit::access {

// Who is called, how, and what errors say about it.
struct Peer {
  std::string name;  // "redis `cache`", for messages
  std::string host;  // a name or address; one that begins with "/" is the path of a Unix socket
  uint16_t port = 0;
  enum class Tls { kNone, kVerified, kAnyCertificate } tls = Tls::kNone;
  std::filesystem::path ca_file{};  // PEM; empty: the authorities that this system trusts
  // Hints: what mends a wrong address, an unknown authority, and a server that speaks no TLS.
  std::string address_hint;
  std::string trust_hint;
  std::string tls_hint;

  std::string address() const;  // "localhost:6379", or the socket's path
};

class ByteStream {
 public:
  using Milliseconds = std::chrono::milliseconds;

  // How long the network may take, and then the server with each answer of a TLS handshake.
  struct Patience {
    Milliseconds connect{5000};
    Milliseconds handshake{5000};
  };
  // kUnreachable when nobody listens; kTimeout when somebody does who says nothing in a TLS handshake;
  // kDenied when the server's certificate is not trusted; kConfig when the certificates of `ca_file` cannot
  // be read. Waiting ends with kCancelled soon after a request.
  static Result<std::unique_ptr<ByteStream>> connect(const Peer& peer, Patience patience,
                                                     const Cancellation& cancellation);
  virtual ~ByteStream() = default;

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
  // Writes all. Only where the server reads whatever we have not read yet: a server that waits for us to read
  // its answers would never take more than its buffers hold.
  Result<void> write(ByteView bytes, Milliseconds silence);
};

}  // namespace summit::access
