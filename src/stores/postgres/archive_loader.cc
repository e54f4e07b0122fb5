#include "stores/postgres/archive_loader.h"

#include <fmt/format.h>

#include "stores/postgres/archive_schema.h"
#include "stores/postgres/sql.h"

namespace summit::postgres {

using pgarchive::Contents;
using pgarchive::Entry;

namespace {

// A table up to this size is loaded by one connection, and frozen.
constexpr size_t kWholeTable = 8 * MiB;
constexpr size_t kBlock = MiB;
// Nobody waits for a block of a table that is loaded as it is read: small ones stay in the processor's
// caches.
constexpr size_t kBlockInTurn = 256 * KiB;
// A multiple of the server's pages of large objects, so that pieces never share one.
constexpr size_t kObjectPiece = MiB;

Result<std::unique_ptr<LoadTarget>> make_target(const EntryIndex& index, const Entry& entry) {
  auto target = std::make_unique<LoadTarget>();
  target->entry = &entry;
  target->name = display_name(entry.schema.value_or(""), entry.tag.value_or(""));
  constexpr std::string_view kFrom = " FROM stdin";
  const size_t from = entry.copy->rfind(kFrom);
  if (from == std::string::npos)
    return Error(Code::kCorrupt, "the archive's statement for the rows of {} takes none", target->name);
  target->copy = entry.copy->substr(0, from + kFrom.size());
  const Entry* table = table_of(index, entry);
  target->of_extension = target->in_order = table == nullptr;
  if (!table) return target;
  target->table = table->id;
  auto copied = copied_relation(*entry.copy);
  if (copied.schema.empty()) copied.schema = entry.schema.value_or("");
  // Otherwise the rows go through the root of a partitioned table.
  if (copied.name == entry.tag && copied.schema == entry.schema.value_or(""))
    target->truncate = "TRUNCATE ONLY " + copied.quoted();
  return target;
}

}  // namespace

Result<LoadTargets> load_targets(const Contents& contents, const LoadPlan& plan) {
  for (const auto& entry : contents.entries) {
    if (entry.is("TABLE DATA") && entry.has_data && entry.copy.value_or("").empty()) {
      return Error(Code::kUnsupported, "the archive holds the rows of {} as INSERT statements",
                   display_name(entry.schema.value_or(""), entry.tag.value_or("")))
          .hint("restore it with pg_restore, or make it without --inserts");
    }
  }
  const EntryIndex index(contents);
  LoadTargets targets;
  for (const auto* entry : plan.rows) {
    ASSIGN_OR_RETURN(targets[entry->id], make_target(index, *entry));
  }
  return targets;
}

Result<void> check_stored(const LoadTarget& target) {
  const uint64_t rows = target.rows - target.left_out;
  // Triggers of an extension may keep rows out.
  if (target.of_extension || target.stored == rows) return {};
  return Error(Code::kCorrupt, "{} has {} rows in the archive, and the server stored {}", target.name, rows,
               target.stored.load());
}

Result<Loaded> count_loaded(const LoadTargets& targets) {
  Loaded loaded;
  for (const auto& [id, target] : targets) {
    const uint64_t rows = target->rows - target->left_out;
    loaded.tables += rows > 0 ? 1 : 0;
    loaded.rows += rows;
    loaded.bytes += target->bytes;
    RETURN_IF_ERROR(check_stored(*target));
  }
  return loaded;
}

// Definitions were restored from what was read before: what streams by now must be the same archive.
Result<void> ArchiveLoader::on_contents(const Contents& contents) {
  if (write_contents(contents) == write_contents(options_.contents)) return {};
  return Error(Code::kCorrupt, "the archive's table of contents reads differently the second time")
      .hint("run `summit-dr verify` on this backup");
}

Result<void> ArchiveLoader::on_table_begin(const Entry& entry) {
  const auto found = options_.targets.find(entry.id);
  target_ = found == options_.targets.end() ? nullptr : found->second.get();
  large_ = false;
  return {};
}

Result<void> ArchiveLoader::on_rows(ByteView bytes) {
  rows_.feed(bytes);
  const size_t block_size = options_.alone ? kBlockInTurn : large_ ? kBlock : kWholeTable;
  if (rows_.waiting() < block_size) return {};
  auto block = rows_.take();
  if (!block) return {};
  large_ = true;
  return hand_over(LoadUnit::Kind::kRows, *std::move(block));
}

Result<void> ArchiveLoader::on_table_end() {
  if (!target_) return {};
  ASSIGN_OR_RETURN(auto rest, rows_.finish(), "{}", target_->name);
  const auto kind = large_ ? LoadUnit::Kind::kRows : LoadUnit::Kind::kWholeTable;
  RETURN_IF_ERROR(hand_over(kind, std::move(rest)));
  return options_.alone || target_->in_order ? options_.in_order.finish() : Result<void>();
}

Result<void> ArchiveLoader::hand_over(LoadUnit::Kind kind, RowBlock block) {
  if (block.rows == 0) return {};
  target_->rows += block.rows;
  target_->bytes += block.bytes.size();
  LoadUnit unit;
  unit.kind = options_.alone && kind == LoadUnit::Kind::kRows ? LoadUnit::Kind::kRowsInTurn : kind;
  unit.target = target_;
  unit.block = std::move(block);
  return options_.alone || unit.target->in_order
             ? options_.in_order.load(unit)
             : options_.queue.push(std::move(unit), options_.cancellation);
}

Result<void> ArchiveLoader::on_large_object_begin(const Entry&, uint32_t oid) {
  object_ = oid;
  object_offset_ = 0;
  object_bytes_.clear();
  return {};
}

Result<void> ArchiveLoader::on_large_object(ByteView bytes) {
  if (!options_.large_objects) return {};
  while (!bytes.empty()) {
    const size_t size = std::min(bytes.size(), kObjectPiece - object_bytes_.size());
    object_bytes_ += as_text(bytes.first(size));
    bytes = bytes.subspan(size);
    if (object_bytes_.size() == kObjectPiece) RETURN_IF_ERROR(hand_over_object());
  }
  return {};
}

Result<void> ArchiveLoader::on_large_object_end() { return hand_over_object(); }

Result<void> ArchiveLoader::hand_over_object() {
  if (object_bytes_.empty()) return {};
  LoadUnit unit;
  unit.kind = LoadUnit::Kind::kLargeObject;
  unit.object = object_;
  unit.offset = object_offset_;
  object_offset_ += object_bytes_.size();
  unit.block.bytes = std::exchange(object_bytes_, {});
  return options_.queue.push(std::move(unit), options_.cancellation);
}

}  // namespace summit::postgres
