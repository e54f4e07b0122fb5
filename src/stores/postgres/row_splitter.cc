#include "stores/postgres/row_splitter.h"

#include <utility>

namespace summit::postgres {

namespace {

RowBlock block_of(std::string bytes) {
  const uint64_t rows = count_rows(bytes);
  return {std::move(bytes), rows};
}

}  // namespace

// Rows are long compared with what memchr() needs to find the next end.
uint64_t count_rows(std::string_view rows) {
  uint64_t count = 0;
  for (size_t end = rows.find('\n'); end != std::string_view::npos; end = rows.find('\n', end + 1)) ++count;
  return count;
}

void RowSplitter::feed(ByteView bytes) {
  const auto text = as_text(bytes);
  const size_t newline = text.rfind('\n');
  if (newline != std::string_view::npos) end_ = waiting_.size() + newline + 1;
  waiting_ += text;
}

std::optional<RowBlock> RowSplitter::take() {
  if (!has_row()) return std::nullopt;
  // The next block will be as large.
  std::string rest;
  rest.reserve(waiting_.size());
  rest.append(waiting_, end_);
  waiting_.resize(std::exchange(end_, 0));
  return block_of(std::exchange(waiting_, std::move(rest)));
}

Result<RowBlock> RowSplitter::finish() {
  auto ended = std::exchange(*this, RowSplitter());
  if (ended.end_ != ended.waiting_.size())
    return Error(Code::kCorrupt, "the last row of the table has no end");
  return block_of(std::move(ended.waiting_));
}

}  // namespace summit::postgres
