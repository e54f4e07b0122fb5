#include "stores/postgres/row_visitor.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/bounded_queue.h"
#include "core/task_group.h"
#include "formats/pgarchive/parser.h"
#include "stores/postgres/archive_reading.h"
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

// Tables that the visitor is done with, whose rows need no decompressing: all up to this one, counted from 1
// in the order of the archive.
using DoneWith = std::atomic<uint64_t>;

// Cuts tables into blocks of rows.
class Splitting final : public pgarchive::Consumer {
 public:
  Splitting(Pieces& pieces, const DoneWith& done, const Cancellation& cancellation)
      : pieces_(pieces), done_(done), cancellation_(cancellation) {}

  Result<void> on_contents(const pgarchive::Contents&) override { return {}; }

  Result<void> on_table_begin(const pgarchive::Entry& entry) override {
    has_rows_ = entry.copy.has_value();
    if (!has_rows_) return {};
    ++table_;
    return push({.begin = entry, .rows = {}});
  }

  bool wants_rows() const override { return has_rows_ && done_ < table_; }

  Result<void> on_rows(ByteView bytes) override {
    splitter_.feed(bytes);
    if (splitter_.waiting() < 256 * KiB) return {};
    auto block = splitter_.take();
    return block ? push({.begin = {}, .rows = std::move(block->bytes)}) : Result<void>();
  }

  Result<void> on_table_end() override {
    if (!has_rows_) return {};
    // What was passed over ends anywhere.
    if (!wants_rows()) {
      splitter_ = {};
      return push({.begin = {}, .rows = {}, .end = true});
    }
    ASSIGN_OR_RETURN(auto rest, splitter_.finish());
    return push({.begin = {}, .rows = std::move(rest.bytes), .end = true});
  }

  Result<void> on_large_object_begin(const pgarchive::Entry&, uint32_t) override { return {}; }
  Result<void> on_large_object(ByteView) override { return {}; }
  Result<void> on_large_object_end() override { return {}; }

 private:
  Result<void> push(Piece piece) { return pieces_.push(std::move(piece), cancellation_); }

  Pieces& pieces_;
  const DoneWith& done_;
  const Cancellation& cancellation_;
  RowSplitter splitter_;
  uint64_t table_ = 0;
  bool has_rows_ = false;
};

Result<void> visit(Pieces& pieces, DoneWith& done, RowVisitor& visitor, const Cancellation& cancellation) {
  pgarchive::Entry entry;
  uint64_t table = 0;
  bool wanted = false;
  for (;;) {
    ASSIGN_OR_RETURN(auto piece, pieces.take(cancellation));
    if (!piece) return {};
    if (piece->begin) {
      entry = std::move(*piece->begin);
      ++table;
      ASSIGN_OR_RETURN(wanted, visitor.begin(entry));
      if (!wanted) done = table;
    }
    if (!wanted) continue;
    if (!piece->rows.empty() && done < table) {
      ASSIGN_OR_RETURN(const bool more, visitor.rows(piece->rows));
      if (!more) done = table;
    }
    if (piece->end) RETURN_IF_ERROR(visitor.end());
  }
}

using Read = std::function<Result<void>(pgarchive::Consumer& consumer, const Cancellation& cancellation)>;

Result<void> visit_what_is_read(const Read& read, RowVisitor& visitor, const Cancellation& cancellation) {
  Pieces pieces(kMostPieces);
  DoneWith done = 0;
  TaskGroup group(cancellation);
  // Beside the one that decompresses.
  group.spawn([&] { return visit(pieces, done, visitor, group.cancellation()); });
  group.spawn([&]() -> Result<void> {
    Splitting splitting(pieces, done, group.cancellation());
    RETURN_IF_ERROR(read(splitting, group.cancellation()));
    pieces.close();
    return {};
  });
  return group.join();
}

}  // namespace

Result<void> visit_rows(const ArchiveSource& source, RowVisitor& visitor, Phase* phase,
                        const Cancellation& cancellation) {
  const auto read = [&](pgarchive::Consumer& consumer, const Cancellation& stop) {
    return read_wanted(source, consumer, phase, stop);
  };
  return visit_what_is_read(read, visitor, cancellation);
}

Result<void> visit_tables(const ArchiveSource& source, const pgarchive::Contents& contents, size_t jobs,
                          const MakeVisitor& make_visitor, Phase* phase, const Cancellation& cancellation) {
  if (source.tables().empty()) return visit_rows(source, *make_visitor(), phase, cancellation);
  RETURN_IF_ERROR(check_extents(source.tables(), contents));
  std::set<int64_t> large;
  std::map<int64_t, const pgarchive::Entry*> entries;
  for (const auto& entry : contents.entries) {
    if (!entry.has_block() || !entry.copy || !source.tables().contains(entry.id)) continue;
    large.insert(entry.id);
    entries[entry.id] = &entry;
  }
  const auto rest = source_without(source, large);
  const Read read_rest = [&](pgarchive::Consumer& consumer, const Cancellation& stop) {
    return read_archive(rest, consumer, phase, stop, large);
  };
  const auto read_table_of = [&](int64_t entry) -> Read {
    return [&, entry](pgarchive::Consumer& consumer, const Cancellation& stop) {
      return read_table(source, contents, *entries.at(entry), consumer, phase, stop);
    };
  };
  // How much the rest is, large objects among it, is not known: it comes first.
  const auto tables = largest_first(source.tables());
  std::atomic<size_t> next = 0;
  TaskGroup group(cancellation);
  const auto work = [&]() -> Result<void> {
    for (size_t i = next++; i <= tables.size(); i = next++) {
      const auto read = i == 0 ? read_rest : read_table_of(tables[i - 1]);
      RETURN_IF_ERROR(visit_what_is_read(read, *make_visitor(), group.cancellation()));
    }
    return {};
  };
  for (size_t job = 0; job < std::clamp<size_t>(jobs, 1, tables.size() + 1); ++job) group.spawn(work);
  return group.join();
}

}  // namespace summit::postgres
