// The byte stream to a Redis server. Internal to stores/redis; use connection.h and replica.h.
#pragma once

#include <memory>
#include <string>

#include "config/endpoint.h"
#include "stores/access/byte_stream.h"

namespace summit::redis {

using Transport = access::ByteStream;

Result<std::unique_ptr<Transport>> connect_transport(const config::RedisEndpoint& endpoint,
                                                     Transport::Milliseconds timeout,
                                                     const Cancellation& cancellation);

// "localhost:6379", for messages.
std::string address_of(const config::RedisEndpoint& endpoint);

}  // namespace summit::redis
