// The compact encodings of small values: listpack, ziplist, zipmap, intset. Format: docs/formats/rdb.md.
//
// Each walk checks every length against the bytes that are there, and gives kCorrupt otherwise. `offset` is
// where the encoding begins in the file, for messages.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/result.h"

namespace summit::rdb {

// One element: text, or an integer whose text is its decimal form.
class PackedElement {
 public:
  explicit PackedElement(std::string_view text) : text_(text) {}
  explicit PackedElement(int64_t integer) : integer_(integer), is_integer_(true) {}

  bool is_integer() const { return is_integer_; }
  int64_t integer() const { return integer_; }
  // The bytes a client would see; a view into the encoding or into `scratch`.
  std::string_view text(std::string& scratch) const {
    if (!is_integer_) return text_;
    scratch = std::to_string(integer_);
    return scratch;
  }

 private:
  std::string_view text_{};
  int64_t integer_ = 0;
  bool is_integer_ = false;
};

// The count in a listpack's head when it has as many elements or more.
inline constexpr uint16_t kUnknownCount = 0xffff;

// Elements of a listpack, one after the other.
class ListpackReader {
 public:
  static Result<ListpackReader> open(std::string_view bytes, uint64_t offset);

  bool at_end() const { return position_ == end_; }
  Result<PackedElement> next();
  Result<int64_t> next_integer();

 private:
  ListpackReader(std::string_view bytes, uint64_t offset) : bytes_(bytes), offset_(offset) {}
  Error corrupt(std::string_view what) const;

  std::string_view bytes_;
  uint64_t offset_;
  size_t position_ = 0;
  size_t end_ = 0;  // of the terminating byte
};

using ElementConsumer = std::function<Result<void>(const PackedElement&)>;

Result<void> for_each_in_listpack(std::string_view bytes, uint64_t offset, const ElementConsumer& consume);
Result<void> for_each_in_ziplist(std::string_view bytes, uint64_t offset, const ElementConsumer& consume);
// Fields and values in turn.
Result<void> for_each_in_zipmap(std::string_view bytes, uint64_t offset, const ElementConsumer& consume);
Result<void> for_each_in_intset(std::string_view bytes, uint64_t offset, const ElementConsumer& consume);

}  // namespace summit::rdb
