#include "stores/postgres/binary_rows.h"

#include "core/byte_order.h"

namespace summit::postgres {

namespace {

// As a dump writes them; of the other escapes that COPY takes, octal ones and the like, there are none.
char unescaped(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case '\\':
      return '\\';
    default:
      return '\0';
  }
}

bool decode(std::string_view field, size_t backslash, std::string& value) {
  value.clear();
  for (; backslash != std::string_view::npos; backslash = field.find('\\')) {
    value += field.substr(0, backslash);
    if (backslash + 1 == field.size()) return false;
    const char c = unescaped(field[backslash + 1]);
    if (c == '\0') return false;
    value += c;
    field.remove_prefix(backslash + 2);
  }
  value += field;
  return true;
}

}  // namespace

bool BinaryRows::append(std::string_view rows, std::string& out) {
  const size_t before = out.size();
  // A carriage return stands for itself in no dump; the server may take it for a part of the line's end.
  bool good = rows.find('\r') == std::string_view::npos;
  while (good && !rows.empty()) {
    const size_t end = rows.find('\n');
    good = end != std::string_view::npos && append_row(rows.substr(0, end), out);
    if (good) rows.remove_prefix(end + 1);
  }
  if (!good) out.resize(before);
  return good;
}

bool BinaryRows::append_row(std::string_view row, std::string& out) {
  append_big_endian(out, static_cast<uint16_t>(columns_.size()));
  for (size_t i = 0; i < columns_.size(); ++i) {
    const bool last = i + 1 == columns_.size();
    const size_t end = row.find('\t');
    if ((end == std::string_view::npos) != last) return false;
    if (!append_field(columns_[i], row.substr(0, end), out)) return false;
    if (!last) row.remove_prefix(end + 1);
  }
  return true;
}

bool BinaryRows::append_field(const BinaryType& type, std::string_view field, std::string& out) {
  const size_t backslash = field.find('\\');
  if (backslash == std::string_view::npos) return append_binary(type, field, out);
  if (field == "\\N") {
    append_big_endian(out, static_cast<uint32_t>(-1));
    return true;
  }
  return decode(field, backslash, decoded_) && append_binary(type, decoded_, out);
}

}  // namespace summit::postgres
