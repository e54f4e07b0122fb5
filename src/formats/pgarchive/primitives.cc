#include "formats/pgarchive/primitives.h"

namespace summit::pgarchive {

void Cursor::stop(std::string_view damage) {
  if (!stopped()) damage_ = damage;
}

bool Cursor::has(size_t size) {
  if (stopped()) return false;
  if (size <= bytes_.size() - position_) return true;
  wanted_ = position_ + size;
  return false;
}

std::string_view Cursor::raw(size_t size) {
  if (!has(size)) return {};
  const std::string_view found = bytes_.substr(position_, size);
  position_ += size;
  return found;
}

uint8_t Cursor::byte() {
  const std::string_view found = raw(1);
  return found.empty() ? uint8_t{0} : static_cast<uint8_t>(found[0]);
}

int64_t Cursor::integer() {
  const std::string_view stored = raw(1 + integer_size_);
  if (stored.empty()) return 0;
  uint64_t magnitude = 0;
  for (size_t i = integer_size_; i > 0; --i) magnitude = magnitude << 8 | static_cast<uint8_t>(stored[i]);
  const auto sign = static_cast<uint8_t>(stored[0]);
  if (sign > 1 || (sign == 1 && magnitude == 0) || magnitude > INT64_MAX) {
    stop("an integer in it is none");
    return 0;
  }
  const auto value = static_cast<int64_t>(magnitude);
  return sign == 1 ? -value : value;
}

std::optional<std::string> Cursor::text() {
  const int64_t length = integer();
  if (length < -1 || length > kLongestText) stop("a text in it has an impossible length");
  if (length < 0 || stopped()) return std::nullopt;
  return std::string(raw(static_cast<size_t>(length)));
}

void write_integer(std::string& output, int64_t value, int integer_size) {
  output.push_back(value < 0 ? '\1' : '\0');
  uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  for (int i = 0; i < integer_size; ++i, magnitude >>= 8)
    output.push_back(static_cast<char>(magnitude & 0xff));
}

void write_text(std::string& output, const std::optional<std::string>& text, int integer_size) {
  write_integer(output, text ? static_cast<int64_t>(text->size()) : -1, integer_size);
  if (text) output.append(*text);
}

}  // namespace summit::pgarchive
