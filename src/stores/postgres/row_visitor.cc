#include "stores/postgres/row_visitor.h"

#include <optional>
#include <string>
#include <utility>

#include "core/bounded_queue.h"
#include "core/task_group.h"
#include "formats/pgarchive/parser.h"
#include "stores/postgres/row_splitter.h"

namespace summit::postgres {
namespace {

// What the reader of the archive hands to the thread that calls the visitor.
struct Piece {
  std::optional<pgarchive::Entry> begin;  // a table begins; the reader's own goes with the reader
  std::string rows;
  bool end = false;  // the table ends
};

struct One {
  uint64_t operator()(const Piece&) const { return 1; }
};
using Pieces = BoundedQueue<Piece, One>;
constexpr uint64_t kMostPieces = 4;

// Cuts tables into blocks of rows.
class Splitting final : public pgarchive::Consumer {
 public:
  Splitting(Pieces& pieces, const Cancellation& cancellation)
      : pieces_(pieces), cancellation_(cancellation) {}

  Result<void> on_contents(const pgarchive::Contents&) override { return {}; }

  Result<void> on_table_begin(const pgarchive::Entry& entry) override {
    wanted_ = entry.copy.has_value();
    return wanted_ ? push({.begin = entry, .rows = {}}) : Result<void>();
  }

  Result<void> on_rows(ByteView bytes) override {
    if (!wanted_) return {};
    splitter_.feed(bytes);
    if (splitter_.waiting() < 256 * KiB) return {};
    auto block = splitter_.take();
    return block ? push({.begin = {}, .rows = std::move(block->bytes)}) : Result<void>();
  }

  Result<void> on_table_end() override {
    if (!wanted_) return {};
    ASSIGN_OR_RETURN(auto rest, splitter_.finish());
    return push({.begin = {}, .rows = std::move(rest.bytes), .end = true});
  }

  Result<void> on_large_object_begin(const pgarchive::Entry&, uint32_t) override { return {}; }
  Result<void> on_large_object(ByteView) override { return {}; }
  Result<void> on_large_object_end() override { return {}; }

 private:
  Result<void> push(Piece piece) { return pieces_.push(std::move(piece), cancellation_); }

  Pieces& pieces_;
  const Cancellation& cancellation_;
  RowSplitter splitter_;
  bool wanted_ = false;
};

Result<void> visit(Pieces& pieces, RowVisitor& visitor, const Cancellation& cancellation) {
  pgarchive::Entry entry;
  bool wanted = false;
  for (;;) {
    ASSIGN_OR_RETURN(auto piece, pieces.take(cancellation));
    if (!piece) return {};
    if (piece->begin) {
      entry = std::move(*piece->begin);
      ASSIGN_OR_RETURN(wanted, visitor.begin(entry));
    }
    if (!wanted) continue;
    if (!piece->rows.empty()) RETURN_IF_ERROR(visitor.rows(piece->rows));
    if (piece->end) RETURN_IF_ERROR(visitor.end());
  }
}

}  // namespace

Result<void> visit_rows(const ArchiveSource& source, RowVisitor& visitor, Phase* phase,
                        const Cancellation& cancellation) {
  Pieces pieces(kMostPieces);
  TaskGroup group(cancellation);
  // Beside the one that decompresses.
  group.spawn([&] { return visit(pieces, visitor, group.cancellation()); });
  group.spawn([&]() -> Result<void> {
    Splitting splitting(pieces, group.cancellation());
    RETURN_IF_ERROR(read_archive(source, splitting, phase, group.cancellation()));
    pieces.close();
    return {};
  });
  return group.join();
}

}  // namespace summit::postgres
