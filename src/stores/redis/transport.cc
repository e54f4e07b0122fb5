#include "stores/redis/transport.h"

namespace summit::redis {

namespace {

access::Peer peer_of(const config::RedisEndpoint& endpoint) {
  access::Peer peer;
  peer.name = fmt::format("redis `{}`", endpoint.name);
  peer.host = endpoint.host;
  peer.port = endpoint.port;
  peer.tls = endpoint.tls ? access::Peer::Tls::kVerified : access::Peer::Tls::kNone;
  peer.ca_file = endpoint.ca_file;
  peer.address_hint =
      "start the server (`make up` for the development platform), or correct host and port in "
      "config/environments.yaml";
  peer.trust_hint =
      "set ca_file of the redis endpoint in config/environments.yaml to the authority that signed it";
  peer.tls_hint = "check `tls` of the redis endpoint in config/environments.yaml, and the server's tls-port";
  return peer;
}

}  // namespace

Result<std::unique_ptr<Transport>> connect_transport(const config::RedisEndpoint& endpoint,
                                                     Transport::Milliseconds timeout,
                                                     const Cancellation& cancellation) {
  return Transport::connect(peer_of(endpoint), {timeout, timeout}, cancellation);
}

std::string address_of(const config::RedisEndpoint& endpoint) { return peer_of(endpoint).address(); }

}  // namespace summit::redis
