#include "formats/rdb/encode.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/byte_order.h"
#include "formats/rdb/packed.h"
#include "formats/rdb/types.h"

namespace summit::rdb {

namespace {

constexpr size_t kListpackHeader = 6;

void append_byte(std::string& out, uint64_t value) { out += static_cast<char>(value & 0xff); }

void append_low_bytes(std::string& out, uint64_t value, int size) {
  for (int i = 0; i < size; ++i) append_byte(out, value >> (8 * i));
}

template <typename T>
bool fits(int64_t number) {
  return number >= std::numeric_limits<T>::min() && number <= std::numeric_limits<T>::max();
}

}  // namespace

void append_length(std::string& out, uint64_t value) {
  if (value < 64) {
    append_byte(out, value);
  } else if (value < 16384) {
    append_big_endian(out, static_cast<uint16_t>(0x4000 | value));
  } else if (value <= std::numeric_limits<uint32_t>::max()) {
    append_byte(out, 0x80);
    append_big_endian(out, static_cast<uint32_t>(value));
  } else {
    append_byte(out, 0x81);
    append_big_endian(out, value);
  }
}

void append_text(std::string& out, std::string_view text) {
  append_length(out, text.size());
  out += text;
}

void append_entry(std::string& out, const Record& entry) {
  if (entry.expires_at_ms) {
    append_byte(out, static_cast<uint8_t>(Opcode::kExpireMilliseconds));
    append_little_endian(out, static_cast<uint64_t>(*entry.expires_at_ms));
  }
  if (entry.idle_seconds) {
    append_byte(out, static_cast<uint8_t>(Opcode::kIdle));
    append_length(out, *entry.idle_seconds);
  }
  if (entry.frequency) {
    append_byte(out, static_cast<uint8_t>(Opcode::kFrequency));
    append_byte(out, *entry.frequency);
  }
  append_byte(out, entry.type);
  append_text(out, entry.key);
  out += as_text(entry.value);
}

void ListpackWriter::add(std::string_view text) {
  const size_t start = elements_.size();
  if (text.size() < 64) {
    append_byte(elements_, 0x80 | text.size());
  } else if (text.size() < 4096) {
    append_big_endian(elements_, static_cast<uint16_t>(0xe000 | text.size()));
  } else {
    append_byte(elements_, 0xf0);
    append_low_bytes(elements_, text.size(), 4);
  }
  elements_ += text;
  end_element(start);
}

void ListpackWriter::add(int64_t number) {
  constexpr int64_t kLimit13 = int64_t{1} << 12;
  constexpr int64_t kLimit24 = int64_t{1} << 23;
  const size_t start = elements_.size();
  const auto bits = static_cast<uint64_t>(number);
  if (number >= 0 && number <= 127) {
    append_byte(elements_, bits);
  } else if (number >= -kLimit13 && number < kLimit13) {
    append_big_endian(elements_, static_cast<uint16_t>(0xc000 | (bits & 0x1fff)));
  } else if (fits<int16_t>(number)) {
    append_byte(elements_, 0xf1);
    append_low_bytes(elements_, bits, 2);
  } else if (number >= -kLimit24 && number < kLimit24) {
    append_byte(elements_, 0xf2);
    append_low_bytes(elements_, bits, 3);
  } else if (fits<int32_t>(number)) {
    append_byte(elements_, 0xf3);
    append_low_bytes(elements_, bits, 4);
  } else {
    append_byte(elements_, 0xf4);
    append_low_bytes(elements_, bits, 8);
  }
  end_element(start);
}

// The element's length behind it, to be read backwards.
void ListpackWriter::end_element(size_t start) {
  const uint64_t size = elements_.size() - start;
  int width = 1;
  // The last value of each width but the first is not used by the server either.
  for (uint64_t limit = 127; width < 5 && size > limit; ++width)
    limit = (uint64_t{1} << (7 * (width + 1))) - 2;
  for (int i = width - 1; i >= 0; --i)
    append_byte(elements_, ((size >> (7 * i)) & 0x7f) | (i < width - 1 ? 0x80U : 0U));
  ++count_;
}

std::string ListpackWriter::finish() {
  std::string listpack;
  append_low_bytes(listpack, kListpackHeader + elements_.size() + 1, 4);
  append_low_bytes(listpack, std::min<uint64_t>(std::exchange(count_, 0), kUnknownCount), 2);
  listpack += std::exchange(elements_, {});
  append_byte(listpack, 0xff);
  return listpack;
}

}  // namespace summit::rdb
