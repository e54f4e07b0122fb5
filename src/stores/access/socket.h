// Sockets that do not block. Internal to byte_stream.h.
#pragma once

#include <chrono>

#include "core/cancellation.h"
#include "core/files.h"
#include "core/result.h"
#include "stores/access/byte_stream.h"

namespace summit::access {

Result<UniqueFd> connect_socket(const Peer& peer, ByteStream::Milliseconds timeout,
                                const Cancellation& cancellation);

// poll() in slices, so that a cancellation is seen soon. False when `timeout` passed.
Result<bool> wait_for_events(int fd, short events, ByteStream::Milliseconds timeout,
                             const Cancellation& cancellation);

Result<ByteStream::Progress> read_socket(int fd, void* buffer, size_t capacity);
Result<ByteStream::Progress> write_socket(int fd, ByteView bytes);

// Encrypts on top of a connected socket; the handshake is done when this returns.
Result<std::unique_ptr<ByteStream>> secure(UniqueFd socket, const Peer& peer,
                                           ByteStream::Milliseconds timeout,
                                           const Cancellation& cancellation);

}  // namespace summit::access
