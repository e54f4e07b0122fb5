// Where a Bolt server is, from an endpoint's `bolt_uri`.
#pragma once

#include "config/endpoint.h"
#include "core/result.h"
#include "stores/access/byte_stream.h"

namespace summit::neo4j {

// "bolt://host", "neo4j+s://host:7687", "bolt+ssc://[::1]:7687/": port 7687 where none is given. kConfig when
// it is none of these.
Result<access::Peer> bolt_peer(const config::Neo4jEndpoint& endpoint);

}  // namespace summit::neo4j
