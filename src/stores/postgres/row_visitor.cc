#include "stores/postgres/row_visitor.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/bounded_queue.h"
#include "core/task_group.h"
#include "formats/pgarchive/parser.h"
#include "stores/postgres/archive_reading.h"

namespace summit::postgres {
namespace {

// What the reader of the archive hands to the thread that calls the visitor.
struct Piece {
  std::optional<pgarchive::Entry> begin;  // a table begins; the reader's own goes with the reader
  std::string rows;
  BlockPlace place = BlockPlace::kThrough;
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

constexpr size_t kBlock = 256 * KiB;

// The parts that give a block to the sample, counted from 0, the first one: what changes in the course of a
// table shows in it, and the longest table costs little.
bool is_sampled(uint64_t part) { return part <= 16 || part % (std::bit_floor(part) / 8) == 0; }

// Bytes of a table that wait to be cut behind a row. The parser has taken off the mark of the table's end.
class WaitingRows {
 public:
  void feed(std::string_view bytes) {
    const size_t newline = bytes.rfind('\n');
    if (newline != std::string_view::npos) end_ = bytes_.size() + newline + 1;
    bytes_ += bytes;
  }
  size_t size() const { return bytes_.size(); }
  bool has_row() const { return end_ > 0; }
  bool ends_with_row() const { return end_ == bytes_.size(); }
  // All whole ones.
  std::string take() {
    std::string rest;
    rest.reserve(kBlock + kBlock / 8);
    rest.append(bytes_, end_);
    bytes_.resize(std::exchange(end_, 0));
    return std::exchange(bytes_, std::move(rest));
  }
  void clear() {
    bytes_.clear();
    end_ = 0;
  }

 private:
  std::string bytes_;
  size_t end_ = 0;  // of the last whole row
};

// Cuts tables into blocks of rows.
class Splitting final : public pgarchive::Consumer {
 public:
  Splitting(Pieces& pieces, const DoneWith& done, Wanted wanted, const Cancellation& cancellation)
      : pieces_(pieces), done_(done), wanted_(wanted), cancellation_(cancellation) {}

  Result<void> on_contents(const pgarchive::Contents&) override { return {}; }

  Result<void> on_table_begin(const pgarchive::Entry& entry) override {
    has_rows_ = entry.copy.has_value();
    if (!has_rows_) return {};
    ++table_;
    parts_ = 0;
    place_ = BlockPlace::kThrough;
    has_through_ = false;
    return push({.begin = entry, .rows = {}});
  }

  bool wants_rows() const override { return has_rows_ && done_ < table_; }

  // A row longer than a part is waited for: each block has one at least.
  Result<void> on_frame() override {
    const uint64_t part = parts_++;
    if (part == 0 || wanted_ == Wanted::kRows) return {};
    if (place_ == BlockPlace::kThrough) {
      RETURN_IF_ERROR(push_rows(rows_, BlockPlace::kThrough));
      if (!has_through_) return {};
      if (wanted_ == Wanted::kSample) rows_.clear();
    }
    if (place_ == BlockPlace::kSample) {
      if (!sample_.has_row()) return {};
      RETURN_IF_ERROR(push_rows(sample_, BlockPlace::kSample));
    }
    place_ = is_sampled(part) ? BlockPlace::kSample : BlockPlace::kBetween;
    in_row_ = true;
    sample_.clear();
    return {};
  }

  bool wants_frame() const override { return wanted_ != Wanted::kSample || place_ != BlockPlace::kBetween; }

  Result<void> on_rows(ByteView bytes) override {
    if (comes_whole()) {
      rows_.feed(as_text(bytes));
      const auto place = place_ == BlockPlace::kThrough ? place_ : BlockPlace::kBetween;
      if (rows_.size() >= kBlock) RETURN_IF_ERROR(push_rows(rows_, place));
    }
    return place_ == BlockPlace::kSample ? add_to_sample(as_text(bytes)) : Result<void>();
  }

  Result<void> on_table_end() override {
    if (!has_rows_) return {};
    if (wants_rows()) {
      const auto place = place_ == BlockPlace::kThrough ? place_ : BlockPlace::kBetween;
      RETURN_IF_ERROR(push_rows(rows_, place));
      if (comes_whole() && !rows_.ends_with_row())
        return Error(Code::kCorrupt, "the last row of the table has no end");
      if (place_ == BlockPlace::kSample) RETURN_IF_ERROR(push_rows(sample_, place_));
    }
    // What was passed over ends anywhere.
    rows_.clear();
    sample_.clear();
    return push({.begin = {}, .rows = {}, .end = true});
  }

  Result<void> on_large_object_begin(const pgarchive::Entry&, uint32_t) override { return {}; }
  Result<void> on_large_object(ByteView) override { return {}; }
  Result<void> on_large_object_end() override { return {}; }

 private:
  bool comes_whole() const { return wanted_ != Wanted::kSample || place_ == BlockPlace::kThrough; }

  // A part begins anywhere in a row.
  Result<void> add_to_sample(std::string_view bytes) {
    if (in_row_) {
      const size_t newline = bytes.find('\n');
      if (newline == std::string_view::npos) return {};
      bytes.remove_prefix(newline + 1);
      in_row_ = false;
    }
    sample_.feed(bytes);
    if (sample_.size() < kBlock || !sample_.has_row()) return {};
    place_ = BlockPlace::kBetween;
    return push_rows(sample_, BlockPlace::kSample);
  }

  Result<void> push_rows(WaitingRows& rows, BlockPlace place) {
    if (!rows.has_row()) return {};
    has_through_ = has_through_ || place == BlockPlace::kThrough;
    return push({.begin = {}, .rows = rows.take(), .place = place});
  }

  Result<void> push(Piece piece) { return pieces_.push(std::move(piece), cancellation_); }

  Pieces& pieces_;
  const DoneWith& done_;
  const Wanted wanted_;
  const Cancellation& cancellation_;
  uint64_t table_ = 0;
  uint64_t parts_ = 0;  // of the table, so far
  BlockPlace place_ = BlockPlace::kThrough;
  bool has_through_ = false;  // of the table, a block
  WaitingRows rows_;
  WaitingRows sample_;
  bool in_row_ = true;  // the part's first one, of which the beginning is not in the sample
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
      ASSIGN_OR_RETURN(const bool more, visitor.rows(piece->rows, piece->place));
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
    Splitting splitting(pieces, done, visitor.wanted(), group.cancellation());
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
