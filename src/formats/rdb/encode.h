// Writes what cursor.h and packed.h read: lengths, strings, listpacks, whole entries. Format:
// docs/formats/rdb.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "formats/rdb/reader.h"

namespace summit::rdb {

// One, two, five or nine bytes.
void append_length(std::string& out, uint64_t value);
// A string with its length, uncompressed.
void append_text(std::string& out, std::string_view text);

// The bytes of an entry: what expires and access hints say, type, key and value as `entry` has them. Its
// `raw` is not looked at.
void append_entry(std::string& out, const Record& entry);

// A listpack, element after element. At most 4 GiB.
class ListpackWriter {
 public:
  void add(std::string_view text);
  void add(int64_t number);

  // The whole listpack; the writer is empty again.
  std::string finish();

 private:
  void end_element(size_t start);

  std::string elements_;
  uint64_t count_ = 0;
};

}  // namespace summit::rdb
