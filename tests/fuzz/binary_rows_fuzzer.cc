// Rows of a dump that are to go into a server in binary form, as a column of each type and of arrays.
#include "stores/postgres/binary_rows.h"

#include "core/byte_order.h"
#include "tests/fuzz/input.h"

namespace {

using summit::postgres::BinaryType;

// Rows of one column take so much: a count of columns, and a length with its bytes, or -1.
bool is_well_formed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (bytes.size() < 6 || summit::load_big_endian<uint16_t>(bytes.data()) != 1) return false;
    const auto length = summit::load_big_endian<uint32_t>(bytes.data() + 2);
    bytes.remove_prefix(6);
    if (length == static_cast<uint32_t>(-1)) continue;
    if (length > bytes.size()) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace summit;
  const auto rows = fuzz::text_of(bytes, size);
  for (int form = 0; form <= static_cast<int>(BinaryType::Form::kVector); ++form) {
    for (const uint32_t array_of : {0U, 25U}) {
      postgres::BinaryRows binary(std::vector<BinaryType>{{static_cast<BinaryType::Form>(form), array_of}});
      std::string out;
      const bool good = binary.append(rows, out);
      fuzz::require(good || out.empty(), "what is refused leaves nothing");
      fuzz::require(is_well_formed(out), "each row has one column of the length that it says");
    }
  }
  return 0;
}
