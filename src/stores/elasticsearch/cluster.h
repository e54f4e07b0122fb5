// What an Elasticsearch server (7 or 8, or OpenSearch) says of itself: version, health, indexes. Reads only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/result.h"

namespace summit::elasticsearch {

struct IndexFacts {
  std::string name;
  uint64_t documents = 0;
  uint64_t bytes = 0;  // with replicas
};

struct ClusterFacts {
  std::string version;              // "7.17.29"
  std::string health;               // "green", "yellow", "red"
  std::vector<IndexFacts> indexes;  // by name, without the server's own (which begin with a dot)

  uint64_t documents() const;
};

// kUnreachable when nobody answers, kDenied when user or password are wrong.
Result<ClusterFacts> read_cluster(const config::ElasticsearchEndpoint& endpoint,
                                  const Cancellation& cancellation);

// Exceptions do not leave: kFailed for answers that are not what the server documents.
Result<std::vector<IndexFacts>> parse_indexes(const std::string& json);

}  // namespace summit::elasticsearch
