// Sockets that do not block. Internal to stores/redis.
#pragma once

#include <chrono>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/result.h"
#include "stores/redis/transport.h"

namespace summit::redis {

Result<UniqueFd> connect_socket(const config::RedisEndpoint& endpoint, Transport::Milliseconds timeout,
                                const Cancellation& cancellation);

// poll() in slices, so that a cancellation is seen soon. False when `timeout` passed.
Result<bool> wait_for_events(int fd, short events, Transport::Milliseconds timeout,
                             const Cancellation& cancellation);

Result<Transport::Progress> read_socket(int fd, void* buffer, size_t capacity);
Result<Transport::Progress> write_socket(int fd, ByteView bytes);

// Encrypts on top of a connected socket; the handshake is done when this returns.
Result<std::unique_ptr<Transport>> secure(UniqueFd socket, const config::RedisEndpoint& endpoint,
                                          Transport::Milliseconds timeout, const Cancellation& cancellation);

}  // namespace summit::redis
