// Asks an Elasticsearch server what it is and which indexes it holds.
#pragma once

#include <string>
#include <vector>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/result.h"

namespace summit::elasticsearch {

struct Index {
  std::string name;
  uint64_t documents = 0;
  uint64_t bytes = 0;
};

struct Inventory {
  std::string version;          // "7.17.29"
  std::vector<Index> indexes;   // by name, without the server's own (those that begin with a dot)
};

// kUnreachable when nothing answers, kDenied for a wrong user or password.
Result<Inventory> read_inventory(const config::ElasticsearchEndpoint& endpoint, const Cancellation& cancellation = {});

}  // namespace summit::elasticsearch
