// Fills an empty Redis with the sample platform's sessions, caches, limits, queues and streams.
#pragma once

#include "config/endpoint.h"
#include "core/result.h"
#include "devtools/sample/world.h"

namespace summit::sample {

// Database 0 holds everything but the sessions, which are in database 1; database 9 a few oddities. Keys
// expire at midnight (UTC) some days after `now_seconds`: the only thing in the sample that depends on the
// clock. kAlreadyExists when there are keys.
Result<void> fill_redis(const config::RedisEndpoint& endpoint, const World& world, int64_t now_seconds);

}  // namespace summit::sample
