// Changes texts inside a value. What the editor leaves alone keeps its bytes; a value of which something
// changed is encoded anew, in the plain encoding of its type, which every server turns into its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "formats/rdb/reader.h"

namespace summit::rdb {

enum class Edit { kKept, kReplaced, kRemoved };

// A field of a hash or of a stream's entry.
struct EditedField {
  std::string name;
  std::string value;
  bool removed = false;
};

class ValueEditor {
 public:
  virtual ~ValueEditor() = default;
  // A string, or an element or member of a list, set or sorted set. For kReplaced `out`, empty before, has
  // the new text.
  virtual Result<Edit> text(std::string_view text, std::string& out) = 0;
  // All fields of a hash, or of one entry of a stream. True when it changed any of them.
  virtual Result<bool> fields(std::vector<EditedField>& fields) = 0;
  // The name of a group of a stream's readers, or of one of them: these are never changed.
  virtual Result<void> reader_name(std::string_view name) = 0;
};

// kRemoved: the value is gone, or nothing is left in it.
struct EditedValue {
  Edit edit = Edit::kKept;
  uint8_t type = 0;   // kReplaced
  std::string bytes;  // kReplaced
};

// Members of a set that become equal are one afterwards; of a sorted set the first keeps its score. An entry
// of a stream whose fields are all removed keeps the first one's name, with an empty value: ids and lengths
// of streams stay. kUnsupported for a value of a module; kCorrupt when it cannot be decoded.
Result<EditedValue> edit_value(const Record& entry, ValueEditor& editor);

}  // namespace summit::rdb
