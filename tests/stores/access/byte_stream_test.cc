#include "stores/access/byte_stream.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/files.h"

namespace summit::access {
namespace {

using std::chrono::milliseconds;

// A server that hangs: the kernel takes its clients in, and nobody speaks with them.
class HungServer {
 public:
  HungServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(listener_.get(), generic, length), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    EXPECT_EQ(::getsockname(listener_.get(), generic, &length), 0);
    port_ = ntohs(address.sin_port);
  }
  Peer peer(Peer::Tls tls) const {
    Peer peer;
    peer.name = "the store";
    peer.host = "127.0.0.1";
    peer.port = port_;
    peer.tls = tls;
    peer.tls_hint = "look at `tls`";
    return peer;
  }

 private:
  UniqueFd listener_;
  uint16_t port_ = 0;
};

TEST(ByteStream, AServerThatHangsInATlsHandshakeIsNotCalledUnreachable) {
  const HungServer server;
  const auto stream =
      ByteStream::connect(server.peer(Peer::Tls::kVerified), {milliseconds(5000), milliseconds(100)}, {});
  ASSERT_FALSE(stream.ok());
  EXPECT_EQ(stream.error().code(), Code::kTimeout);
  EXPECT_EQ(stream.error().hint(), "look at `tls`");
}

TEST(ByteStream, SilenceIsATimeout) {
  const HungServer server;
  const auto stream = ByteStream::connect(server.peer(Peer::Tls::kNone), {}, {});
  ASSERT_TRUE(stream.ok()) << stream.error().to_string();
  char byte = 0;
  const auto read = (*stream)->read(&byte, 1, milliseconds(100));
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code(), Code::kTimeout);
}

TEST(ByteStream, WhereNobodyListensIsUnreachable) {
  Peer peer;
  {
    const HungServer server;
    peer = server.peer(Peer::Tls::kNone);
  }
  const auto stream = ByteStream::connect(peer, {}, {});
  ASSERT_FALSE(stream.ok());
  EXPECT_EQ(stream.error().code(), Code::kUnreachable);
}

}  // namespace
}  // namespace summit::access
