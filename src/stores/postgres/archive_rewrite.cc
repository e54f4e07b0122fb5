#include "stores/postgres/archive_rewrite.h"

#include <algorithm>
#include <vector>

#include "core/task_group.h"
#include "formats/pgarchive/compressor.h"
#include "formats/pgarchive/parser.h"
#include "formats/pgarchive/writer.h"
#include "stores/postgres/archive_reading.h"
#include "stores/postgres/row_splitter.h"

namespace summit::postgres {

namespace {

constexpr size_t kBlockBytes = MiB;
// So that a slow block does not leave the other threads without work.
constexpr size_t kBlocksOfJob = 2;

// A block of rows on its way, and what edits and compresses it. One thread at a time.
struct Lane {
  RowBlock block;
  std::unique_ptr<RowEditor> editor;  // of the present table; null: the rows stay as they are
  std::unique_ptr<pgarchive::PartCompressor> compressor;
  std::string edited;
  std::string piece;
  pgarchive::PartChecksum checksum;
  uint64_t rows = 0;
};

class Rewriter final : public pgarchive::Consumer {
 public:
  Rewriter(const ArchiveRewrite& rewrite, const std::function<Result<void>(ByteView)>& consume,
           const Cancellation& cancellation)
      : rewrite_(rewrite), cancellation_(cancellation), writer_(consume) {}

  Result<void> on_contents(const pgarchive::Contents& contents) override {
    auto kept = contents;
    std::erase_if(kept.entries, [&](const pgarchive::Entry& entry) { return !rewrite_.chosen(entry); });
    if (rewrite_.without_owners) {
      for (auto& entry : kept.entries) entry.owner = "";
    }
    compression_.algorithm = contents.compression;
    lanes_.resize(std::max<size_t>(rewrite_.jobs, 1) * kBlocksOfJob);
    for (auto& lane : lanes_) {
      ASSIGN_OR_RETURN(lane.compressor, pgarchive::PartCompressor::create(compression_));
    }
    return writer_.write_contents(kept);
  }

  Result<void> on_table_begin(const pgarchive::Entry& entry) override {
    entry_ = rewrite_.chosen(entry) ? &entry : nullptr;
    if (entry_ == nullptr) return {};
    ++report_.tables;
    total_ = {};
    for (auto& lane : lanes_) lane.compressor->next_table();
    RETURN_IF_ERROR(writer_.begin_table(entry));
    return write_if_any(pgarchive::stream_begin(compression_));
  }

  bool wants_rows() const override { return entry_ != nullptr; }

  Result<void> on_rows(ByteView bytes) override {
    splitter_.feed(bytes);
    if (splitter_.waiting() < kBlockBytes) return {};
    auto block = splitter_.take();
    return block ? add(*std::move(block)) : Result<void>();
  }

  Result<void> on_table_end() override {
    if (entry_ == nullptr) return {};
    ASSIGN_OR_RETURN(auto rest, splitter_.finish());
    if (!rest.bytes.empty()) RETURN_IF_ERROR(add(std::move(rest)));
    RETURN_IF_ERROR(flush());
    for (auto& lane : lanes_) lane.editor.reset();
    opened_ = 0;
    RETURN_IF_ERROR(write_if_any(pgarchive::table_end(compression_, total_)));
    return writer_.end_table();
  }

  Result<void> on_large_object_begin(const pgarchive::Entry& entry, uint32_t) override {
    if (!rewrite_.chosen(entry)) return {};
    return Error(Code::kUnsupported, "large objects cannot be rewritten");
  }
  Result<void> on_large_object(ByteView) override { return {}; }
  Result<void> on_large_object_end() override { return {}; }

  const RewrittenArchive& report() const { return report_; }

 private:
  Result<void> add(RowBlock block) {
    lanes_[filled_++].block = std::move(block);
    return filled_ < lanes_.size() ? Result<void>() : flush();
  }

  // Edits and compresses what was gathered, all at once, and writes it in its order.
  Result<void> flush() {
    const size_t count = std::exchange(filled_, 0);
    RETURN_IF_ERROR(open_editors(count));
    const auto work = [this](size_t i) { return edit(lanes_[i]); };
    auto done = count == 1 ? work(0) : parallel_for(count, rewrite_.jobs, work, cancellation_);
    RETURN_IF_ERROR(std::move(done), "while rewriting the rows of {}", entry_->tag.value_or(""));
    for (size_t i = 0; i < count; ++i) {
      total_ = pgarchive::combine(total_, lanes_[i].checksum);
      report_.rows += lanes_[i].rows;
      RETURN_IF_ERROR(write_if_any(lanes_[i].piece));
    }
    return {};
  }

  Result<void> open_editors(size_t count) {
    for (; opened_ < count && rewrite_.editing != nullptr; ++opened_) {
      ASSIGN_OR_RETURN(lanes_[opened_].editor, rewrite_.editing->open(*entry_));
    }
    return {};
  }

  static Result<void> edit(Lane& lane) {
    std::string_view rows = lane.block.bytes;
    lane.rows = lane.block.rows;
    if (lane.editor) {
      lane.edited.clear();
      ASSIGN_OR_RETURN(lane.rows, lane.editor->edit(rows, lane.edited));
      rows = lane.edited;
    }
    lane.piece.clear();
    ASSIGN_OR_RETURN(lane.checksum, lane.compressor->compress(as_bytes(rows), &lane.piece));
    return {};
  }

  Result<void> write_if_any(const std::string& bytes) {
    return bytes.empty() ? Result<void>() : writer_.piece(as_bytes(bytes));
  }

  const ArchiveRewrite& rewrite_;
  const Cancellation& cancellation_;
  pgarchive::ArchiveWriter writer_;
  pgarchive::CompressionChoice compression_;
  RowSplitter splitter_;
  std::vector<Lane> lanes_;
  size_t filled_ = 0;                        // lanes that hold a block
  size_t opened_ = 0;                        // lanes with the present table's editor
  const pgarchive::Entry* entry_ = nullptr;  // of the present table; null: it is left out
  pgarchive::PartChecksum total_;            // of the present table
  RewrittenArchive report_;
};

}  // namespace

Result<RewrittenArchive> rewrite_archive(const ArchiveSource& source, const ArchiveRewrite& rewrite,
                                         const std::function<Result<void>(ByteView)>& consume, Phase* phase,
                                         const Cancellation& cancellation) {
  Rewriter rewriter(rewrite, consume, cancellation);
  RETURN_IF_ERROR(read_archive(source, rewriter, phase, cancellation));
  return rewriter.report();
}

}  // namespace summit::postgres
