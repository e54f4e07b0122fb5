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
#include "stores/postgres/row_splitter.h"

namespace summit::postgres {
namespace {

// What the reader of the archive hands to the thread that calls the visitor.
struct Piece {
  std::optional<pgarchive::Entry> begin;  // a table begins; the reader's own goes with the reader
  std::string rows;
  bool of_sample = false;
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
constexpr size_t kSampledBlock = 128 * KiB;
constexpr uint64_t kRowsThrough = 1000;  // before there is a sample

// The parts that give a block to the sample, counted from 0: what changes in the course of a table shows in
// it, and the longest table costs little. Its end belongs to the sample in any case.
bool is_sampled(uint64_t part) { return part % std::max<uint64_t>(std::bit_floor(part) / 8, 1) == 0; }

// Cuts tables into blocks of rows.
class Splitting final : public pgarchive::Consumer {
 public:
  Splitting(Pieces& pieces, const DoneWith& done, bool samples, const Cancellation& cancellation)
      : pieces_(pieces), done_(done), samples_(samples), cancellation_(cancellation) {}

  Result<void> on_contents(const pgarchive::Contents&) override { return {}; }

  Result<void> on_table_begin(const pgarchive::Entry& entry) override {
    has_rows_ = entry.copy.has_value();
    if (!has_rows_) return {};
    ++table_;
    parts_ = 0;
    rows_through_ = 0;
    in_sample_ = false;
    return push({.begin = entry, .rows = {}});
  }

  bool wants_rows() const override { return has_rows_ && done_ < table_; }

  Result<void> on_frame() override {
    const uint64_t part = parts_++;
    if (!samples_ || part == 0) return {};
    if (!in_sample_) {
      RETURN_IF_ERROR(push_rows());
      if (rows_through_ < kRowsThrough) return {};
    } else if (wanted_) {
      // Parts may be short, and rows longer than parts: a block goes on until it is one.
      return {};
    }
    begin_block(is_sampled(part));
    return {};
  }

  bool wants_frame() const override { return !in_sample_ || wanted_; }

  // Of these the sample has the end.
  bool wants_last_frames() const override { return in_sample_; }
  Result<void> on_last_frames() override {
    if (wanted_) RETURN_IF_ERROR(push_rows());
    begin_block(true);
    at_end_ = true;
    return {};
  }

  Result<void> on_rows(ByteView bytes) override {
    if (!wants_frame()) return {};
    if (in_sample_ && in_row_) {
      const size_t newline = as_text(bytes).find('\n');
      if (newline == std::string_view::npos) return {};
      bytes = bytes.subspan(newline + 1);
      in_row_ = false;
    }
    // By the table's own bytes, whatever the pieces in which they come: every reading has the same blocks.
    while (!bytes.empty() && wants_frame()) {
      const size_t size = until_enough(as_text(bytes));
      rows_.feed(bytes.first(size));
      bytes = bytes.subspan(size);
      if (rows_.waiting() >= enough() && rows_.has_row()) RETURN_IF_ERROR(end_block());
    }
    return {};
  }

  Result<void> on_table_end() override {
    if (!has_rows_) return {};
    if (wants_rows()) {
      if (last_) RETURN_IF_ERROR(push_block(*std::move(last_)));
      RETURN_IF_ERROR(in_sample_ ? push_rows() : push_rest());
    }
    // What was passed over ends anywhere.
    rows_ = {};
    last_.reset();
    at_end_ = false;
    return push({.begin = {}, .rows = {}, .end = true});
  }

  Result<void> on_large_object_begin(const pgarchive::Entry&, uint32_t) override { return {}; }
  Result<void> on_large_object(ByteView) override { return {}; }
  Result<void> on_large_object_end() override { return {}; }

 private:
  // A part begins anywhere in a row.
  void begin_block(bool wanted) {
    in_sample_ = true;
    wanted_ = wanted;
    in_row_ = true;
    rows_ = {};
  }

  size_t enough() const { return in_sample_ ? kSampledBlock : kBlock; }

  // How much of it the block in hand takes: to its size, or to the end of a row that is longer.
  size_t until_enough(std::string_view bytes) const {
    if (rows_.waiting() < enough()) return std::min(bytes.size(), enough() - rows_.waiting());
    return std::min(bytes.size() - 1, bytes.find('\n')) + 1;
  }

  Result<void> end_block() {
    if (at_end_) {
      last_ = rows_.take();
      return {};
    }
    wanted_ = false;
    return push_rows();
  }

  Result<void> push_rows() {
    auto block = rows_.take();
    return block ? push_block(*std::move(block)) : Result<void>();
  }

  Result<void> push_rest() {
    ASSIGN_OR_RETURN(auto rest, rows_.finish());
    return push_block(std::move(rest));
  }

  Result<void> push_block(RowBlock block) {
    if (!in_sample_) rows_through_ += block.rows;
    return push({.begin = {}, .rows = std::move(block.bytes), .of_sample = in_sample_});
  }

  Result<void> push(Piece piece) { return pieces_.push(std::move(piece), cancellation_); }

  Pieces& pieces_;
  const DoneWith& done_;
  const bool samples_;
  const Cancellation& cancellation_;
  RowSplitter rows_;
  uint64_t table_ = 0;
  // Of the table:
  uint64_t parts_ = 0;         // so far
  uint64_t rows_through_ = 0;  // before the sample
  bool in_sample_ = false;
  bool wanted_ = false;  // the part in hand, by the sample
  bool in_row_ = true;   // of which the beginning is not in the block
  bool at_end_ = false;
  std::optional<RowBlock> last_;  // of the end, so far
  bool has_rows_ = false;
};

Result<void> visit(Pieces& pieces, DoneWith& done, RowVisitor& visitor, const Cancellation& cancellation) {
  pgarchive::Entry entry;
  uint64_t table = 0;
  bool wanted = false;
  bool sampled = false;
  for (;;) {
    ASSIGN_OR_RETURN(auto piece, pieces.take(cancellation));
    if (!piece) return {};
    if (piece->begin) {
      entry = std::move(*piece->begin);
      ++table;
      ASSIGN_OR_RETURN(wanted, visitor.begin(entry));
      if (!wanted) done = table;
      sampled = false;
    }
    if (!wanted) continue;
    if (piece->of_sample && !std::exchange(sampled, true)) visitor.begin_sample();
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
  const bool samples = visitor.wants_sample();
  TaskGroup group(cancellation);
  // Beside the one that decompresses.
  group.spawn([&] { return visit(pieces, done, visitor, group.cancellation()); });
  group.spawn([&]() -> Result<void> {
    Splitting splitting(pieces, done, samples, group.cancellation());
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
