// From the words of a user to a repository.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/secret.h"
#include "repository/place/combined_repository.h"
#include "repository/sealing.h"
#include "storage/s3_settings.h"

namespace summit::repository {

struct OpenOptions {
  VariableLookup variable;                    // settings and credentials of S3
  std::optional<storage::S3Settings> s3{};    // empty: from the variables
  std::vector<packed::SlotSecret> secrets{};  // what may open the packed repository
  packed::KeyService* key_service = nullptr;
  Layout layout = Layout::kPlain;  // of new backups
  // For who is about to write: a directory that is not there is made, and a packed repository when `layout`
  // asks for one, sealed by the first of `secrets`.
  bool create = false;
  fs::path cache;    // local; see PackedOptions
  fs::path scratch;  // local, on a file system with room for the largest native file
  packed::ChunkWriterOptions chunks{};
  bool accept_other_history = false;
  // Of what new backups need, in a bucket with object lock.
  LockTime lock_time{};
};

// True for "s3://bucket/prefix".
bool is_s3(std::string_view location);

// `location`: a directory's path or "s3://bucket/prefix". kRepositoryMissing when there is no such directory
// or bucket. A packed repository that cannot be opened is an error only when `layout` needs it: plain backups
// beside it stay usable.
Result<std::unique_ptr<CombinedRepository>> open_repository(const std::string& location,
                                                            const OpenOptions& options,
                                                            const Cancellation& cancellation = {});

// The sealing key as what opens a slot.
packed::SlotSecret slot_secret(const SealingKey& key);

}  // namespace summit::repository
