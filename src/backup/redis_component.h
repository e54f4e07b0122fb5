// Redis in a backup: we act as a replica and take the RDB of one instant.
//
// Artifact: `redis.rdb` (`redis-<endpoint>.rdb` for further instances), which a stock redis-server loads. It
// holds all databases and functions, without our own keys and without those that the component's patterns and
// selection leave out. Fingerprints are computed in the same pass.
#pragma once

#include <memory>
#include <string>

#include "backup/component.h"
#include "config/backup_set.h"
#include "config/endpoint.h"

namespace summit::backup {

std::unique_ptr<Component> make_redis_component(const config::ComponentSpec& spec,
                                                const config::RedisEndpoint& endpoint, std::string name);

}  // namespace summit::backup
