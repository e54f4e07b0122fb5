// Fills an Elasticsearch with the search index of the sample platform's entities: what a re-index from
// PostgreSQL would make.
#pragma once

#include "config/endpoint.h"
#include "core/result.h"
#include "devtools/sample/world.h"

namespace summit::sample {

// Into the index `entities`. kAlreadyExists when it is there.
Result<void> fill_elasticsearch(const config::ElasticsearchEndpoint& endpoint, const World& world);

}  // namespace summit::sample
