#include "stores/neo4j/bolt_address.h"

#include "core/text.h"

namespace summit::neo4j {

namespace {

constexpr uint16_t kDefaultPort = 7687;

Error no_address(const config::Neo4jEndpoint& endpoint, std::string_view why) {
  return Error(Code::kConfig, "the bolt address `{}` of {} {}", endpoint.bolt_uri, endpoint.name, why)
      .hint("write it as bolt://host:7687 (NEO4J_URI)");
}

// Splits off what follows the last colon outside of brackets.
bool split_port(std::string& host, uint16_t& port) {
  port = kDefaultPort;
  const size_t colon = host.rfind(':');
  if (colon == std::string::npos || host.find(']', colon) != std::string::npos) return true;
  port = parse_number<uint16_t>(std::string_view(host).substr(colon + 1)).value_or(0);
  if (port == 0) return false;
  host.resize(colon);
  return true;
}

}  // namespace

Result<access::Peer> bolt_peer(const config::Neo4jEndpoint& endpoint) {
  const size_t scheme_end = endpoint.bolt_uri.find("://");
  if (scheme_end == std::string::npos) return no_address(endpoint, "has no scheme");
  const std::string scheme = endpoint.bolt_uri.substr(0, scheme_end);
  access::Peer peer;
  const size_t plus = scheme.find('+');
  const std::string family = scheme.substr(0, plus);
  const std::string security = plus == std::string::npos ? "" : scheme.substr(plus);
  if ((family != "bolt" && family != "neo4j") ||
      (!security.empty() && security != "+s" && security != "+ssc"))
    return no_address(endpoint, "is no bolt:// address");
  if (security == "+s") peer.tls = access::Peer::Tls::kVerified;
  if (security == "+ssc") peer.tls = access::Peer::Tls::kAnyCertificate;

  peer.host = endpoint.bolt_uri.substr(scheme_end + 3);
  peer.host = peer.host.substr(0, peer.host.find_first_of("/?"));
  if (!split_port(peer.host, peer.port)) return no_address(endpoint, "has no port behind its colon");
  if (peer.host.starts_with('[') && peer.host.ends_with(']'))
    peer.host = peer.host.substr(1, peer.host.size() - 2);
  if (peer.host.empty()) return no_address(endpoint, "names no host");

  peer.name = fmt::format("neo4j `{}`", endpoint.name);
  peer.ca_file = endpoint.ca_file;
  peer.address_hint =
      "start the server (`make up` for the development platform), or set NEO4J_URI to its bolt address";
  peer.trust_hint =
      "set ca_file of the neo4j endpoint (NEO4J_CA_FILE) to the authority that signed it, or write "
      "bolt+ssc:// to take any certificate";
  peer.tls_hint = "write bolt:// for a server without TLS, or set server.bolt.tls_level=OPTIONAL there";
  return peer;
}

}  // namespace summit::neo4j
