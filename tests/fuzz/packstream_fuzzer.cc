// Values of a Neo4j server or of a graph file.
#include "formats/bolt/packstream.h"

#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace summit;
  const ByteView input = fuzz::bytes_of(bytes, size);
  bolt::Cursor values(input);
  bolt::Cursor skipped(input);
  while (!values.at_end()) {
    const auto value = bolt::read_value(values);
    if (!value.ok()) break;
    fuzz::require(skipped.skip() && skipped.position() == values.position(),
                  "what can be read can be skipped");
    std::string again;
    if (!bolt::Writer(again).value(*value).ok()) continue;
    fuzz::require(again.size() <= values.position(), "we write the shortest form");
    bolt::Cursor second(as_bytes(again));
    const auto back = bolt::read_value(second);
    fuzz::require(back.ok() && second.at_end(), "what we write can be read");
  }
  return 0;
}
