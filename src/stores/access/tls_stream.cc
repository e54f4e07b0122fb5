#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include "stores/access/socket.h"

namespace summit::access {

namespace {

using Milliseconds = ByteStream::Milliseconds;

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
};

// OpenSSL's own socket BIO writes with write(), which raises SIGPIPE when the server is gone.
int bio_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const int* fd = static_cast<const int*>(BIO_get_data(bio));
  const auto written = write_socket(*fd, as_bytes({bytes, static_cast<size_t>(size)}));
  if (!written.ok() || written->closed) return -1;
  if (written->bytes == 0) BIO_set_retry_write(bio);
  return written->bytes > 0 ? static_cast<int>(written->bytes) : -1;
}

int bio_read(BIO* bio, char* buffer, int capacity) {
  BIO_clear_retry_flags(bio);
  const int* fd = static_cast<const int*>(BIO_get_data(bio));
  const auto read = read_socket(*fd, buffer, static_cast<size_t>(capacity));
  if (!read.ok()) return -1;
  if (read->closed) return 0;
  if (read->bytes == 0) BIO_set_retry_read(bio);
  return read->bytes > 0 ? static_cast<int>(read->bytes) : -1;
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

std::string last_tls_error() {
  const unsigned long number = ERR_get_error();
  ERR_clear_error();
  if (number == 0) return "the connection was closed";
  char text[256];
  ERR_error_string_n(number, text, sizeof text);
  return text;
}

bool is_ip_address(const std::string& host) {
  const std::unique_ptr<ASN1_OCTET_STRING, decltype(&ASN1_OCTET_STRING_free)> address(
      a2i_IPADDRESS(host.c_str()), &ASN1_OCTET_STRING_free);
  return address != nullptr;
}

class TlsStream final : public ByteStream {
 public:
  TlsStream(UniqueFd socket, Cancellation cancellation)
      : socket_(std::move(socket)), fd_(socket_.get()), cancellation_(std::move(cancellation)) {}

  Result<void> open(const Peer& peer, Milliseconds timeout) {
    RETURN_IF_ERROR(prepare(peer));
    while (true) {
      ERR_clear_error();
      const int done = SSL_connect(ssl_.get());
      if (done == 1) return {};
      const int reason = SSL_get_error(ssl_.get(), done);
      if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) return refused(peer);
      ASSIGN_OR_RETURN(const bool ready,
                       wait(reason == SSL_ERROR_WANT_READ, reason == SSL_ERROR_WANT_WRITE, timeout));
      if (!ready) return no_tls(Code::kTimeout, peer, "it does not answer");
    }
  }

  Result<Progress> try_read(void* buffer, size_t capacity) override {
    ERR_clear_error();
    size_t size = 0;
    const int done = SSL_read_ex(ssl_.get(), buffer, capacity, &size);
    return progress(done, size);
  }

  Result<Progress> try_write(ByteView bytes) override {
    ERR_clear_error();
    size_t size = 0;
    const int done = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &size);
    return progress(done, size);
  }

  Result<bool> wait(bool for_reading, bool for_writing, Milliseconds timeout) override {
    const int events = (for_reading ? POLLIN : 0) | (for_writing ? POLLOUT : 0);
    return wait_for_events(fd_, static_cast<short>(events), timeout, cancellation_);
  }

 private:
  Result<void> prepare(const Peer& peer) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    method_.reset(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE"));
    if (!context_ || !method_) return Error(Code::kFailed, "TLS cannot be set up: {}", last_tls_error());
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context_.get(), peer.tls == Peer::Tls::kVerified ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                       nullptr);
    // A partial write is progress; and the caller's buffer may have moved when it tries again.
    SSL_CTX_set_mode(context_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    const int trusted = peer.ca_file.empty()
                            ? SSL_CTX_set_default_verify_paths(context_.get())
                            : SSL_CTX_load_verify_locations(context_.get(), peer.ca_file.c_str(), nullptr);
    if (trusted != 1) {
      return Error(Code::kConfig, "the certificates of {} cannot be read: {}", peer.ca_file.string(),
                   last_tls_error())
          .hint("`ca_file` must be a readable PEM file");
    }

    ssl_.reset(SSL_new(context_.get()));
    BIO_meth_set_write(method_.get(), bio_write);
    BIO_meth_set_read(method_.get(), bio_read);
    BIO_meth_set_ctrl(method_.get(), bio_control);
    BIO* bio = BIO_new(method_.get());
    if (!ssl_ || bio == nullptr) return Error(Code::kFailed, "TLS cannot be set up: {}", last_tls_error());
    BIO_set_data(bio, &fd_);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);  // owns it from here
    return expect_name(peer.host);
  }

  Result<void> expect_name(const std::string& host) {
    const bool address = is_ip_address(host);
    const int set = address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str())
                            : SSL_set1_host(ssl_.get(), host.c_str());
    if (set != 1 || (!address && SSL_set_tlsext_host_name(ssl_.get(), host.c_str()) != 1))
      return Error(Code::kFailed, "TLS cannot be set up for the name {}", host);
    return {};
  }

  Error refused(const Peer& peer) {
    const long verified = SSL_get_verify_result(ssl_.get());
    if (verified != X509_V_OK) {
      return Error(Code::kDenied, "the certificate of {} at {} is not trusted: {}", peer.name, peer.address(),
                   X509_verify_cert_error_string(verified))
          .hint(peer.trust_hint);
    }
    return no_tls(Code::kUnreachable, peer, last_tls_error());
  }

  // A plain server takes our greeting for the beginning of a command and waits for the rest.
  static Error no_tls(Code code, const Peer& peer, std::string_view why) {
    return Error(code, "{} at {} does not speak TLS with us: {}", peer.name, peer.address(), why)
        .hint(peer.tls_hint);
  }

  Result<Progress> progress(int done, size_t size) {
    if (done == 1) return Progress{size};
    switch (SSL_get_error(ssl_.get(), done)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE:
        return Progress{};
      case SSL_ERROR_ZERO_RETURN:
      case SSL_ERROR_SYSCALL:
        return Progress{0, true};
      default:
        break;
    }
    const std::string reason = last_tls_error();
    if (reason.find("unexpected eof") != std::string::npos) return Progress{0, true};
    return Error(Code::kUnreachable, "the TLS connection broke: {}", reason);
  }

  UniqueFd socket_;
  int fd_;
  Cancellation cancellation_;
  std::unique_ptr<BIO_METHOD, FreeSsl> method_;
  std::unique_ptr<SSL_CTX, FreeSsl> context_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

}  // namespace

Result<std::unique_ptr<ByteStream>> secure(UniqueFd socket, const Peer& peer, Milliseconds timeout,
                                           const Cancellation& cancellation) {
  auto transport = std::make_unique<TlsStream>(std::move(socket), cancellation);
  RETURN_IF_ERROR(transport->open(peer, timeout));
  return std::unique_ptr<ByteStream>(std::move(transport));
}

}  // namespace summit::access
