// secrets.enc: a stream sealed with AES-256-GCM in frames. Format: docs/formats/secrets.md.
#pragma once

#include <functional>
#include <memory>

#include "core/bytes.h"
#include "core/result.h"
#include "core/secret.h"

namespace summit::repository {

// Where the sealing key may come from, in this order: ENCRYPTION_KEY, ENCRYPTION_KEY_FILE,
// BACKUP_ENCRYPTION_KEY, BACKUP_ENCRYPTION_KEY_FILE, the key file of `key init` in the user's configuration
// directory.
struct SealingKey {
  Secret passphrase;   // any text; stretched per file with Argon2id and a random salt
  std::string source;  // "ENCRYPTION_KEY", "/home/x/.config/summit-dr/key": for messages
};

// Seals what is written, frame by frame, into `output`. finish() writes the authenticated end: a truncated
// file never opens.
class SealWriter {
 public:
  static Result<std::unique_ptr<SealWriter>> create(const SealingKey& key,
                                                    std::function<Result<void>(ByteView)> output);
  ~SealWriter();
  Result<void> write(ByteView bytes);
  Result<void> finish();

 private:
  struct State;
  explicit SealWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The mirror: takes sealed bytes, gives only authenticated plain ones. kWrongKey for another key, kCorrupt
// for changed bytes.
class SealReader {
 public:
  SealReader(const SealingKey& key, std::function<Result<void>(ByteView)> output);
  ~SealReader();
  Result<void> write(ByteView sealed);
  // kCorrupt when the end was never seen.
  Result<void> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace summit::repository
