#include "stores/postgres/row_splitter.h"

namespace summit::postgres {

namespace {

constexpr std::string_view kEndOfRows = "\\.\n";
constexpr std::string_view kEndOfTable = "\\.\n\n\n";  // as pg_dump writes it

RowBlock block_of(std::string bytes) {
  const uint64_t rows = count_rows(bytes);
  return {std::move(bytes), rows};
}

// `mark` at the end of `text`, as a line of its own.
bool ends_with_line(std::string_view text, std::string_view mark) {
  return text.ends_with(mark) && (text.size() == mark.size() || text[text.size() - mark.size() - 1] == '\n');
}

}  // namespace

// Rows are long compared with what memchr() needs to find the next end.
uint64_t count_rows(std::string_view rows) {
  uint64_t count = 0;
  for (size_t end = rows.find('\n'); end != std::string_view::npos; end = rows.find('\n', end + 1)) ++count;
  return count;
}

void RowSplitter::feed(ByteView bytes) {
  waiting_ += as_text(bytes);
  // The end of the table must never be cut off from its rows: without its first line, the empty lines after
  // it would be rows.
  if (waiting_.size() < kEndOfTable.size()) return;
  const size_t limit = waiting_.size() - kEndOfTable.size();
  if (limit <= searched_) return;
  const auto newline = std::string_view(waiting_).substr(searched_, limit - searched_).rfind('\n');
  if (newline != std::string_view::npos) end_ = searched_ + newline + 1;
  searched_ = limit;
}

std::optional<RowBlock> RowSplitter::take() {
  if (end_ == 0) return std::nullopt;
  // The next block will be as large.
  std::string rest;
  rest.reserve(waiting_.size());
  rest.append(waiting_, end_);
  waiting_.resize(end_);
  RowBlock block = block_of(std::move(waiting_));
  waiting_ = std::move(rest);
  searched_ -= end_;
  end_ = 0;
  return block;
}

Result<RowBlock> RowSplitter::finish() {
  std::string rows = std::move(waiting_);
  *this = RowSplitter();
  for (const auto mark : {kEndOfTable, kEndOfRows}) {
    if (!ends_with_line(rows, mark)) continue;
    rows.resize(rows.size() - mark.size());
    break;
  }
  if (!rows.empty() && rows.back() != '\n')
    return Error(Code::kCorrupt, "the last row of the table has no end");
  return block_of(std::move(rows));
}

}  // namespace summit::postgres
