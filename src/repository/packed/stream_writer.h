// Cuts a stream by content and hands it to the pipeline. Internal: ChunkWriter::begin_stream() makes it.
#pragma once

#include <functional>
#include <memory>

#include "repository/packed/chunker.h"
#include "repository/packed/content_assembly.h"
#include "repository/packed/content_writer.h"

namespace summit::repository::packed {

// Gives the finished content its number.
using RegisterContent = std::function<size_t(std::shared_ptr<ContentAssembly>)>;

class StreamWriter final : public ContentWriter {
 public:
  StreamWriter(WritePipeline& pipeline, std::shared_ptr<ContentAssembly> content, const Chunker& chunker,
               RegisterContent number);

  Result<void> write(ByteView bytes) override;
  Result<void> begin_part() override;
  Result<size_t> finish() override;

 private:
  // Sends the chunks that are complete and keeps the rest.
  Result<void> send(EndOfStream end);

  WritePipeline& pipeline_;
  std::shared_ptr<ContentAssembly> content_;
  const Chunker& chunker_;
  RegisterContent number_;
  Buffer buffer_;
  uint64_t sequence_ = 0;
};

}  // namespace summit::repository::packed
