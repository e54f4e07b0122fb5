// Search indexes hold what other stores hold: of a masked restore they are built anew from what is masked.
#pragma once

#include <string>
#include <vector>

#include "config/environment.h"
#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"

namespace summit::recovery {

// For the plan.
std::string describe_indexing(const config::ElasticsearchEndpoint& index);

// Runs the configured command of `index`, to its end. It is told by variables where everything is:
// POSTGRES_HOST, POSTGRES_PORT, POSTGRES_DB, POSTGRES_USER, POSTGRES_PASSWORD, NEO4J_URI, NEO4J_USERNAME,
// NEO4J_PASSWORD, REDIS_HOST, REDIS_PORT, REDIS_PASSWORD, ELASTICSEARCH_URL, ELASTICSEARCH_USERNAME,
// ELASTICSEARCH_PASSWORD, each of the first endpoint of its kind in `target`, and SUMMIT_DR_ENVIRONMENT. Does
// nothing without a command.
Result<void> index_again(const config::ElasticsearchEndpoint& index, const config::Environment& target,
                         Reporter& reporter, const Cancellation& cancellation);

}  // namespace summit::recovery
