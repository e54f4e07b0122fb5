// Redis in a restore: the server goes on running, is emptied in one step and filled again. What
// src/stores/redis/restore.h promises about crashes holds.
#pragma once

#include <memory>
#include <string>

#include "config/endpoint.h"
#include "recovery/component.h"

namespace summit::recovery {

std::unique_ptr<RestoreComponent> make_redis_restore(const config::RedisEndpoint& endpoint,
                                                     std::string component_name);

}  // namespace summit::recovery
