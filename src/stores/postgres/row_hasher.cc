#include "stores/postgres/row_hasher.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace summit::postgres {

namespace {

// Names and types of the columns, so that rows of differently shaped tables never have equal elements.
std::string column_signature(const std::vector<Column>& columns) {
  std::string signature;
  for (const auto& column : columns) {
    signature += fmt::format("{}:{}{}:{}", column.name.size(), column.name, column.type.size(), column.type);
  }
  return signature;
}

}  // namespace

std::vector<Column> stored_columns(const std::vector<Column>& columns) {
  std::vector<Column> stored;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(stored),
               [](const Column& column) { return !column.generated; });
  return stored;
}

std::vector<size_t> places_of(const std::vector<Column>& wanted, const std::vector<Column>& given) {
  std::vector<size_t> places;
  bool same_order = wanted.size() == given.size();
  for (const auto& column : wanted) {
    const auto found = std::find_if(given.begin(), given.end(),
                                    [&](const Column& other) { return other.name == column.name; });
    if (found == given.end()) continue;
    const auto place = static_cast<size_t>(found - given.begin());
    same_order = same_order && place == places.size();
    places.push_back(place);
  }
  if (same_order && places.size() == wanted.size()) places.clear();
  return places;
}

RowHasher::RowHasher(const std::vector<Column>& columns, std::vector<size_t> places)
    : signature_(sha256(as_bytes(column_signature(columns)))), places_(std::move(places)) {}

void RowHasher::add(ByteView block) {
  while (!block.empty()) {
    const auto* newline = static_cast<const std::byte*>(std::memchr(block.data(), '\n', block.size()));
    const size_t length = newline ? static_cast<size_t>(newline - block.data()) + 1 : block.size();
    add_part(block.first(length), newline != nullptr);
    block = block.subspan(length);
  }
}

void RowHasher::add_part(ByteView bytes, bool ends_row) {
  if (!places_.empty()) {
    if (ends_row && row_.empty()) return add_reordered(as_text(bytes));
    row_ += as_text(bytes);
    if (!ends_row) return;
    add_reordered(row_);
    row_.clear();
    return;
  }
  if (!std::exchange(within_row_, true)) digest_.update(ByteView(signature_));
  digest_.update(bytes);
  if (!ends_row) return;
  hash_.add(digest_.finish());
  within_row_ = false;
}

// Neither tab nor newline occurs within a value: both are escaped there.
void RowHasher::add_reordered(std::string_view row) {
  row.remove_suffix(1);
  fields_.clear();
  for (;;) {
    const size_t tab = row.find('\t');
    fields_.push_back(row.substr(0, tab));
    if (tab == std::string_view::npos) break;
    row.remove_prefix(tab + 1);
  }
  digest_.update(ByteView(signature_));
  for (size_t i = 0; i < places_.size(); ++i) {
    if (i > 0) digest_.update("\t");
    digest_.update(fields_.at(places_[i]));
  }
  digest_.update("\n");
  hash_.add(digest_.finish());
}

}  // namespace summit::postgres
