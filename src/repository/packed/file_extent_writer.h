// The ExtentWriter of a ChunkWriter. Internal: ChunkWriter::begin_extents() makes it.
#pragma once

#include <memory>
#include <optional>

#include "repository/packed/extent_writer.h"
#include "repository/packed/manifest_cursor.h"
#include "repository/packed/stream_writer.h"

namespace summit::repository::packed {

class FileExtentWriter final : public ExtentWriter {
 public:
  // `previous` may be null.
  FileExtentWriter(WritePipeline& pipeline, std::shared_ptr<ContentAssembly> content,
                   std::unique_ptr<ManifestCursor> previous, RegisterContent number);

  Result<void> begin_file(std::optional<uint64_t> previous_offset) override;
  Result<void> write(ByteView bytes) override;
  Result<void> write_file(uint64_t length, const ReadFile& read) override;
  Result<void> take_over(uint64_t length, const ReadFile& read) override;
  Result<size_t> finish() override;

 private:
  // The next extent, from extent_began_ on.
  Result<void> read_extent(uint64_t length, const ReadFile& read);
  // Makes an item of the extent at the end of the batch's bytes, when it has any.
  Result<void> end_extent();
  Result<void> send();
  Result<void> send_when_full();
  // What the previous content has at this place of the file, in packs that may be referenced.
  Result<std::optional<ManifestCursor::Located>> previous_at(uint64_t offset);
  // The reference as it may be written today: the same, or where a relocation has put the chunk.
  std::optional<Reference> usable(const Reference& reference) const;

  WritePipeline& pipeline_;
  std::shared_ptr<ContentAssembly> content_;
  std::unique_ptr<ManifestCursor> previous_;
  RegisterContent number_;
  Batch batch_;
  std::optional<uint64_t> file_began_ = 0;  // in the previous content
  uint64_t extent_began_ = 0;               // in the file
  size_t extent_size_ = 0;                  // of its bytes so far
  uint64_t sequence_ = 0;
};

}  // namespace summit::repository::packed
