#include "stores/postgres/archive_reading.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "formats/pgarchive/parser.h"

namespace summit::postgres {

using pgarchive::Contents;

namespace {

// To break off the reading of a table costs a connection to a distant store, and what was read ahead.
constexpr uint64_t kWorthLeaving = 16 * MiB;

// Feeds a parser, as far as its consumer wants the rows.
class WantedReader {
 public:
  WantedReader(const ArchiveSource& source, pgarchive::Parser& parser, Phase* phase,
               const Cancellation& cancellation)
      : source_(source), parser_(parser), phase_(phase), cancellation_(cancellation) {}

  Result<void> read(const Extent& part) {
    return source_.read(part, [this](ByteView piece) { return feed(piece); });
  }

  Result<void> read_table(const Extent& block) {
    bool left = false;
    uint64_t rest = block.bytes;
    auto read = source_.read(block, [&](ByteView piece) -> Result<void> {
      RETURN_IF_ERROR(feed(piece));
      rest -= piece.size();
      ASSIGN_OR_RETURN(left, parser_.leave_table(block.offset + block.bytes));
      return left ? Result<void>(Error(Code::kCancelled, "nothing more is needed")) : Result<void>();
    });
    if (!left) return read;
    if (phase_) phase_->advance(rest);
    return {};
  }

 private:
  Result<void> feed(ByteView piece) {
    RETURN_IF_ERROR(cancellation_.check());
    if (phase_) phase_->advance(piece.size());
    return parser_.feed(piece);
  }

  const ArchiveSource& source_;
  pgarchive::Parser& parser_;
  Phase* const phase_;
  const Cancellation& cancellation_;
};

// Keeps what streams by until the table of contents is complete.
class HeadReader {
 public:
  // False when nothing more is needed.
  Result<bool> feed(ByteView piece) {
    head_ += as_text(piece);
    if (head_.size() < next_attempt_) return true;
    // Attempts at doubled sizes keep the whole effort linear.
    next_attempt_ = head_.size() * 2;
    return try_to_read();
  }
  Result<Contents> finish() {
    if (!contents_) RETURN_IF_ERROR(try_to_read_at_end());
    return *std::move(contents_);
  }

 private:
  Result<bool> try_to_read() {
    ASSIGN_OR_RETURN(auto head, pgarchive::read_contents(head_));
    if (head) contents_ = std::move(head->contents);
    return !contents_;
  }
  Result<void> try_to_read_at_end() {
    ASSIGN_OR_RETURN(const bool more_needed, try_to_read());
    if (!more_needed) return {};
    return Error(Code::kCorrupt, "the archive ends within its table of contents")
        .hint("run `summit-dr verify` on this backup");
  }

  std::string head_;
  size_t next_attempt_ = 64 * KiB;
  std::optional<Contents> contents_;
};

}  // namespace

Result<void> check_extents(const TableExtents& tables, const Contents& contents) {
  std::set<int64_t> with_rows;
  for (const auto& entry : contents.entries) {
    if (!entry.has_block() || !entry.copy || with_rows.insert(entry.id).second) continue;
    return Error(Code::kCorrupt, "two entries of the archive have the number {}", entry.id)
        .hint("run `summit-dr verify` on this backup");
  }
  for (const auto& [id, extent] : tables) {
    if (with_rows.contains(id)) continue;
    return Error(Code::kCorrupt,
                 "the backup's metadata say where the rows of entry {} of the archive lie, which has none",
                 id)
        .hint("run `summit-dr verify` on this backup");
  }
  return {};
}

Result<void> read_archive(const ArchiveSource& source, pgarchive::Consumer& consumer, Phase* phase,
                          const Cancellation& cancellation, const std::set<int64_t>& left_out) {
  pgarchive::Parser parser(consumer, left_out);
  auto read = source([&](ByteView piece) -> Result<void> {
    RETURN_IF_ERROR(cancellation.check());
    RETURN_IF_ERROR(parser.feed(piece));
    if (phase) phase->advance(piece.size());
    return {};
  });
  RETURN_IF_ERROR(std::move(read));
  return parser.finish();
}

Result<void> read_wanted(const ArchiveSource& source, pgarchive::Consumer& consumer, Phase* phase,
                         const Cancellation& cancellation) {
  if (source.tables().empty()) return read_archive(source, consumer, phase, cancellation);
  pgarchive::Parser parser(consumer);
  WantedReader reader(source, parser, phase, cancellation);
  std::map<uint64_t, uint64_t> tables;
  for (const auto& [entry, extent] : source.tables())
    if (extent.bytes >= kWorthLeaving) tables[extent.offset] = extent.bytes;
  uint64_t from = 0;
  for (const auto& [offset, bytes] : tables) {
    if (offset > from) RETURN_IF_ERROR(reader.read({from, offset - from}));
    RETURN_IF_ERROR(reader.read_table({offset, bytes}));
    from = offset + bytes;
  }
  if (from < source.bytes()) RETURN_IF_ERROR(reader.read({from, source.bytes() - from}));
  return parser.finish();
}

Result<void> read_table(const ArchiveSource& source, const Contents& contents, const pgarchive::Entry& entry,
                        pgarchive::Consumer& consumer, Phase* phase, const Cancellation& cancellation) {
  const Extent block = source.tables().at(entry.id);
  pgarchive::Parser parser(consumer, contents);
  parser.expect(entry, block.offset);
  RETURN_IF_ERROR(WantedReader(source, parser, phase, cancellation).read_table(block));
  return parser.finish();
}

Result<Contents> read_contents(const ArchiveSource& source) {
  HeadReader head;
  bool complete = false;
  auto read = source([&](ByteView piece) -> Result<void> {
    ASSIGN_OR_RETURN(const bool more, head.feed(piece));
    complete = !more;
    if (complete) return Error(Code::kCancelled, "nothing more is needed");
    return {};
  });
  if (!complete) RETURN_IF_ERROR(std::move(read));
  return head.finish();
}

}  // namespace summit::postgres
