// The sample platform: all stores filled with one world of awkward data.
#pragma once

#include <cstdint>

#include "core/result.h"
#include "devtools/platform/platform.h"

namespace summit::sample {

struct SampleOptions {
  uint64_t seed = 1;
  double scale = 1;                    // 1: a few thousand rows in each big table
  int64_t until_seconds = 1782777600;  // the data end here: 2026-06-30 00:00 UTC
};

// Fills PostgreSQL, Neo4j, Redis, files and, where there is one, Elasticsearch in parallel. Same options,
// same data, whatever the day; only Redis keys expire relative to it. kAlreadyExists when a store has the
// sample's data.
Result<void> generate_sample(platform::Platform& platform, const SampleOptions& options);

}  // namespace summit::sample
