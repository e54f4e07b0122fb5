// Turns the pushed bytes of an artifact into blocks that somebody pulls, without a copy on disk.
#pragma once

#include <memory>
#include <string>

#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "repository/backup_repository.h"

namespace summit::recovery {

// A thread of its own reads ahead, a few MiB at most; it ends before this does. One thread at a time.
class ArtifactStream {
 public:
  // `backup` outlives the stream.
  ArtifactStream(const repository::BackupReader& backup, std::string artifact,
                 const Cancellation& cancellation = {});
  ~ArtifactStream();

  // The next bytes, valid until this is called again; none at the end. The artifact is proven whole once they
  // have come to their end; an error of the reader comes after the bytes that preceded it.
  Result<ByteView> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace summit::recovery
