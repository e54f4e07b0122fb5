// The checkpoint log of a Neo4j database.
#include "stores/neo4j/checkpoint.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace summit;
  (void)neo4j::first_needed_log({{"checkpoint.0", std::string(fuzz::text_of(bytes, size)), size}});
  return 0;
}
