// An RDB with some keys left out, renamed or changed, made while it is read: one pass, memory for the largest
// key.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"
#include "formats/rdb/edit_value.h"
#include "stores/redis/rdb_source.h"

namespace summit::redis {

// A key, as an editor sees it before its value. Views are valid during the call only.
struct KeyFacts {
  uint32_t db = 0;
  std::string_view key{};
  bool is_module = false;  // its value is a module's: it cannot be looked into
};

// Says what becomes of each key, and of the texts in those that it wants to see.
class KeyEditor : public rdb::ValueEditor {
 public:
  enum class Action {
    kPass,  // byte for byte
    kDrop,
    kEdit,  // its texts follow; never for a module's
  };
  // `new_key`, empty before, is the key's new name unless it stays empty.
  virtual Result<Action> key(const KeyFacts& facts, std::string& new_key) = 0;
  // The code of a library of functions: kPass or kDrop.
  virtual Result<Action> library(std::string_view code) = 0;
};

// `source` as `editor` changes it, each time that it is read. `editor` must outlive what is returned and give
// the same answers every time. Our own keys and modules' auxiliary data (which cannot be looked into) are
// left out.
RdbSource edited(RdbSource source, KeyEditor& editor);

}  // namespace summit::redis
