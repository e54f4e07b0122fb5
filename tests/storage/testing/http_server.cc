#include "tests/storage/testing/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <stdexcept>

#include "core/text.h"

namespace summit::storage {

namespace {

// False when told to stop before anything came.
bool wait_readable(int fd, const Cancellation& cancellation) {
  while (!cancellation.requested()) {
    pollfd watched{fd, POLLIN, 0};
    if (::poll(&watched, 1, 20) > 0) return true;
  }
  return false;
}

// Takes one whole question from the front of `received`; nothing when more must come.
std::optional<HttpQuestion> take_question(std::string& received) {
  const size_t head_end = received.find("\r\n\r\n");
  if (head_end == std::string::npos) return std::nullopt;
  HttpQuestion question;
  std::string_view head = std::string_view(received).substr(0, head_end + 2);
  const std::string_view first = head.substr(0, head.find("\r\n"));
  const size_t blank = first.find(' ');
  const std::string_view target = first.substr(blank + 1, first.rfind(' ') - blank - 1);
  question.method = first.substr(0, blank);
  question.path = target.substr(0, target.find('?'));
  if (target.find('?') != std::string_view::npos) question.query = target.substr(target.find('?') + 1);
  head.remove_prefix(first.size() + 2);
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const size_t colon = line.find(':');
    question.headers[to_lower(line.substr(0, colon))] = trimmed(line.substr(colon + 1));
    head.remove_prefix(line.size() + 2);
  }
  const std::string length = question.header("content-length");
  const size_t body_size = length.empty() ? 0 : std::stoul(length);
  if (received.size() < head_end + 4 + body_size) return std::nullopt;
  question.body = received.substr(head_end + 4, body_size);
  received.erase(0, head_end + 4 + body_size);
  return question;
}

std::string wire_form(const HttpQuestion& question, const HttpAnswer& answer) {
  std::string text = fmt::format("HTTP/1.1 {} Whatever\r\n", answer.status);
  for (const auto& [name, value] : answer.headers) text += fmt::format("{}: {}\r\n", name, value);
  if (!answer.headers.contains("content-length"))
    text += fmt::format("content-length: {}\r\n", answer.body.size());
  text += "\r\n";
  if (question.method != "HEAD") text += answer.body.substr(0, answer.cut_after.value_or(std::string::npos));
  return text;
}

void send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (size <= 0) return;
    text.remove_prefix(static_cast<size_t>(size));
  }
}

}  // namespace

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.get(), generic, length) != 0 || ::listen(listener_.get(), 64) != 0 ||
      ::getsockname(listener_.get(), generic, &length) != 0) {
    throw std::runtime_error("the test server cannot listen");
  }
  port_ = ntohs(address.sin_port);
  acceptor_.spawn([this] { return accept_until_stopped(); });
}

HttpServer::~HttpServer() {
  Cancellation(acceptor_.cancellation()).request();
  static_cast<void>(acceptor_.join());
  Cancellation(workers_.cancellation()).request();
  static_cast<void>(workers_.join());
}

std::string HttpServer::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

std::vector<HttpQuestion> HttpServer::questions() const {
  const std::lock_guard lock(mutex_);
  return questions_;
}

size_t HttpServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

Result<void> HttpServer::accept_until_stopped() {
  while (wait_readable(listener_.get(), acceptor_.cancellation())) {
    auto connection = std::make_shared<UniqueFd>(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    {
      const std::lock_guard lock(mutex_);
      ++connections_;
    }
    workers_.spawn([this, connection] { return serve(*connection); });
  }
  return {};
}

HttpAnswer HttpServer::ask(const HttpQuestion& question) {
  const std::lock_guard lock(mutex_);
  questions_.push_back(question);
  return handler_(question);
}

Result<void> HttpServer::serve(const UniqueFd& connection) {
  std::string received;
  std::string block(64 * KiB, '\0');
  while (wait_readable(connection.get(), workers_.cancellation())) {
    const ssize_t size = ::recv(connection.get(), block.data(), block.size(), 0);
    if (size <= 0) break;
    received.append(block, 0, static_cast<size_t>(size));
    const auto question = take_question(received);
    if (!question) continue;
    const HttpAnswer answer = ask(*question);
    if (answer.silence) continue;
    if (!answer.no_answer) send_all(connection.get(), wire_form(*question, answer));
    if (answer.no_answer || answer.cut_after) break;
  }
  ::shutdown(connection.get(), SHUT_RDWR);
  return {};
}

}  // namespace summit::storage
