#include "tests/core/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <stdexcept>

namespace summit {

ScriptedServer::ScriptedServer(Script script) : script_(std::move(script)) {
  listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.get(), generic, length) != 0 || ::listen(listener_.get(), 16) != 0 ||
      ::getsockname(listener_.get(), generic, &length) != 0) {
    throw std::runtime_error("the test server cannot listen");
  }
  port_ = ntohs(address.sin_port);
  tasks_.spawn([this] { return accept_until_closed(); });
}

ScriptedServer::~ScriptedServer() {
  Cancellation(tasks_.cancellation()).request();
  static_cast<void>(tasks_.join());
}

std::string ScriptedServer::url(std::string_view path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}

std::vector<std::string> ScriptedServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

int ScriptedServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

namespace {

// False when cancelled before anything came.
bool wait_readable(int fd, const Cancellation& cancellation) {
  while (!cancellation.requested()) {
    pollfd watched{fd, POLLIN, 0};
    if (::poll(&watched, 1, 20) > 0) return true;
  }
  return false;
}

bool is_whole(const std::string& request) {
  const size_t end = request.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const size_t length = request.find("Content-Length: ");
  if (length == std::string::npos || length > end) return true;
  return request.size() >= end + 4 + std::stoul(request.substr(length + 16));
}

}  // namespace

// One connection at a time is enough for one client.
Result<void> ScriptedServer::accept_until_closed() {
  while (wait_readable(listener_.get(), tasks_.cancellation())) {
    const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    {
      const std::lock_guard lock(mutex_);
      ++connections_;
    }
    RETURN_IF_ERROR(serve(connection));
  }
  return {};
}

Result<void> ScriptedServer::serve(const UniqueFd& connection) {
  std::string request;
  while (wait_readable(connection.get(), tasks_.cancellation())) {
    char block[4096];
    const ssize_t size = ::recv(connection.get(), block, sizeof block, 0);
    if (size <= 0) return {};
    request.append(block, static_cast<size_t>(size));
    if (!is_whole(request)) continue;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const Answer answer = script_(std::exchange(request, {}));
    static_cast<void>(::send(connection.get(), answer.bytes.data(), answer.bytes.size(), MSG_NOSIGNAL));
    if (answer.then_silence) {
      wait_readable(connection.get(), tasks_.cancellation());
      return {};
    }
    if (!answer.keep_open) return {};
  }
  return {};
}

std::string http_answer(int status, std::string_view body, std::string_view more_headers) {
  return fmt::format("HTTP/1.1 {} Whatever\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(),
                     more_headers, body);
}

}  // namespace summit
