#include "devtools/sample/sample.h"

#include "core/task_group.h"
#include "devtools/sample/elasticsearch_sample.h"
#include "devtools/sample/files_sample.h"
#include "devtools/sample/neo4j_sample.h"
#include "devtools/sample/postgres_sample.h"
#include "devtools/sample/redis_sample.h"

namespace summit::sample {

Result<void> generate_sample(platform::Platform& platform, const SampleOptions& options) {
  if (!(options.scale > 0)) return Error(Code::kUsage, "the scale must be above 0");
  const World world(options.seed, options.scale, options.until_seconds);
  const int64_t now_seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch()).count();
  TaskGroup tasks;
  tasks.spawn([&] { return fill_postgres(platform.postgres().endpoint(), world); });
  tasks.spawn([&] { return fill_neo4j(platform.neo4j().endpoint(), world); });
  tasks.spawn([&] { return fill_redis(platform.redis().endpoint(), world, now_seconds); });
  tasks.spawn([&] { return fill_files(platform.files_root(), world); });
  if (auto* elasticsearch = platform.elasticsearch()) {
    tasks.spawn([&world, elasticsearch] { return fill_elasticsearch(elasticsearch->endpoint(), world); });
  }
  return tasks.join();
}

}  // namespace summit::sample
