// A process of its own that backs up or restores one server of a development platform, for tests that kill
// it:
//
//   scratch-test-neo4j-step backup ROOT BASE
//   scratch-test-neo4j-step restore ROOT BASE ID
#include <cstdio>
#include <string_view>

#include "devtools/platform/neo4j_server.h"
#include "tests/scratch/backup_world.h"

int main(int count, char** words) {
  using namespace summit;
  if (count < 4) return 2;
  const auto server = platform::Neo4jServer::open(words[2]);
  if (!server.ok()) return 2;
  const auto endpoint = (*server)->endpoint();
  Result<void> done;
  if (std::string_view(words[1]) == "backup") {
    auto id = neo4j::back_up(endpoint, words[3]);
    if (!id.ok()) done = std::move(id).error();
  } else if (count == 5) {
    neo4j::RestoreWorld world(endpoint, words[3], words[4]);
    done = world.component().restore(world.context(), {});
  }
  if (!done.ok()) std::fprintf(stderr, "%s\n", done.error().to_string().c_str());
  return done.ok() ? 0 : 1;
}
