#include "stores/access/byte_stream.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "stores/access/socket.h"

namespace summit::access {

namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = ByteStream::Milliseconds;

constexpr Milliseconds kSlice{50};

class PlainStream final : public ByteStream {
 public:
  PlainStream(UniqueFd socket, Cancellation cancellation)
      : socket_(std::move(socket)), cancellation_(std::move(cancellation)) {}

  Result<Progress> try_read(void* buffer, size_t capacity) override {
    return read_socket(socket_.get(), buffer, capacity);
  }
  Result<Progress> try_write(ByteView bytes) override { return write_socket(socket_.get(), bytes); }
  Result<bool> wait(bool for_reading, bool for_writing, Milliseconds timeout) override {
    const int events = (for_reading ? POLLIN : 0) | (for_writing ? POLLOUT : 0);
    return wait_for_events(socket_.get(), static_cast<short>(events), timeout, cancellation_);
  }

 private:
  UniqueFd socket_;
  Cancellation cancellation_;
};

Error unreachable(const Peer& peer, std::string_view why) {
  return Error(Code::kUnreachable, "{} at {} cannot be reached: {}", peer.name, peer.address(), why)
      .hint(peer.address_hint);
}

// Connects one address; gives the reason as an error.
Result<UniqueFd> connect_address(const sockaddr* address, socklen_t size, int family, Milliseconds timeout,
                                 const Cancellation& cancellation) {
  UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return errno_error(errno, "cannot create a socket");
  if (::connect(socket.get(), address, size) == 0) return socket;
  if (errno != EINPROGRESS) return errno_error(errno, "connect");
  ASSIGN_OR_RETURN(const bool answered, wait_for_events(socket.get(), POLLOUT, timeout, cancellation));
  if (!answered) return errno_error(ETIMEDOUT, "connect");
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0)
    return errno_error(errno, "connect");
  if (error != 0) return errno_error(error, "connect");
  return socket;
}

Result<UniqueFd> connect_unix(const Peer& peer, Milliseconds timeout, const Cancellation& cancellation) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (peer.host.size() >= sizeof address.sun_path) return unreachable(peer, "the socket's path is too long");
  std::memcpy(address.sun_path, peer.host.data(), peer.host.size());
  return connect_address(reinterpret_cast<const sockaddr*>(&address), sizeof address, AF_UNIX, timeout,
                         cancellation);
}

Result<UniqueFd> connect_tcp(const Peer& peer, Milliseconds timeout, const Cancellation& cancellation) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(peer.host.c_str(), std::to_string(peer.port).c_str(), &hints, &found);
  if (failure != 0) return Error(Code::kUnreachable, "{}", ::gai_strerror(failure));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);

  Result<UniqueFd> last = Error(Code::kUnreachable, "the name has no address");
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    last = connect_address(address->ai_addr, address->ai_addrlen, address->ai_family, timeout, cancellation);
    if (!last.ok()) {
      if (last.error().code() == Code::kCancelled) break;
      continue;
    }
    const int on = 1;
    // Both only tune; a connection without them is right all the same.
    (void)::setsockopt(last->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)::setsockopt(last->get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    break;
  }
  return last;
}

}  // namespace

std::string Peer::address() const { return host.starts_with('/') ? host : fmt::format("{}:{}", host, port); }

Result<UniqueFd> connect_socket(const Peer& peer, Milliseconds timeout, const Cancellation& cancellation) {
  auto socket = peer.host.starts_with('/') ? connect_unix(peer, timeout, cancellation)
                                           : connect_tcp(peer, timeout, cancellation);
  if (socket.ok() || socket.error().code() == Code::kCancelled) return socket;
  return unreachable(peer, socket.error().message());
}

Result<bool> wait_for_events(int fd, short events, Milliseconds timeout, const Cancellation& cancellation) {
  const auto deadline = Clock::now() + timeout;
  while (true) {
    RETURN_IF_ERROR(cancellation.check());
    const auto left = std::chrono::ceil<Milliseconds>(deadline - Clock::now());
    pollfd entry{fd, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::clamp(left, Milliseconds(0), kSlice).count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return errno_error(errno, "cannot wait for a socket");
    if (left <= Milliseconds(0)) return false;
  }
}

Result<ByteStream::Progress> read_socket(int fd, void* buffer, size_t capacity) {
  const ssize_t size = ::recv(fd, buffer, capacity, 0);
  if (size > 0) return ByteStream::Progress{static_cast<size_t>(size)};
  if (size == 0) return ByteStream::Progress{0, true};
  if (errno == EAGAIN || errno == EINTR) return ByteStream::Progress{};
  if (errno == ECONNRESET) return ByteStream::Progress{0, true};
  return errno_error(errno, "cannot read from the server");
}

Result<ByteStream::Progress> write_socket(int fd, ByteView bytes) {
  const ssize_t size = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (size >= 0) return ByteStream::Progress{static_cast<size_t>(size)};
  if (errno == EAGAIN || errno == EINTR) return ByteStream::Progress{};
  if (errno == EPIPE || errno == ECONNRESET) return ByteStream::Progress{0, true};
  return errno_error(errno, "cannot write to the server");
}

Result<std::unique_ptr<ByteStream>> ByteStream::connect(const Peer& peer, Patience patience,
                                                        const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(UniqueFd socket, connect_socket(peer, patience.connect, cancellation));
  if (peer.tls != Peer::Tls::kNone) return secure(std::move(socket), peer, patience.handshake, cancellation);
  return std::unique_ptr<ByteStream>(std::make_unique<PlainStream>(std::move(socket), cancellation));
}

Result<size_t> ByteStream::read(void* buffer, size_t capacity, Milliseconds silence) {
  while (true) {
    // Reading comes before waiting: a TLS layer may hold bytes of which the socket knows nothing.
    ASSIGN_OR_RETURN(const Progress progress, try_read(buffer, capacity));
    if (progress.bytes > 0) return progress.bytes;
    if (progress.closed) return Error(Code::kUnreachable, "the server closed the connection");
    ASSIGN_OR_RETURN(const bool ready, wait(true, false, silence));
    if (!ready)
      return Error(Code::kTimeout, "the server has been silent for {} s",
                   std::chrono::duration<double>(silence).count());
  }
}

Result<void> ByteStream::write(ByteView bytes, Milliseconds silence) {
  while (!bytes.empty()) {
    ASSIGN_OR_RETURN(const Progress progress, try_write(bytes));
    // Why it closed may still be there to be read.
    if (progress.closed) return {};
    bytes = bytes.subspan(progress.bytes);
    if (bytes.empty()) return {};
    if (progress.bytes > 0) continue;
    ASSIGN_OR_RETURN(const bool ready, wait(false, true, silence));
    if (!ready) return Error(Code::kTimeout, "the server takes no bytes");
  }
  return {};
}

}  // namespace summit::access
