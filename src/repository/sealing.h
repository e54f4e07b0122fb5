// secrets.enc: a stream sealed with AES-256-GCM in frames. Format: docs/formats/secrets.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/bytes.h"
#include "core/files.h"
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

// Gives a variable's value; nothing when it is unset or empty.
using VariableLookup = std::function<std::optional<std::string>(const std::string& name)>;

// Nothing when no key is set anywhere. kRefused for a key file inside `backup_base` (who finds the backups
// would find the key) and for one that others may read; the source's own error when a file that is named
// cannot be read.
Result<std::optional<SealingKey>> find_sealing_key(const VariableLookup& variable,
                                                   const fs::path& backup_base);

// The key in one file, less line ends at its end; at most 64 KiB. kRefused as above, kKeyMissing when it is
// empty.
Result<SealingKey> read_key_file(const fs::path& path, const fs::path& backup_base);

// ${XDG_CONFIG_HOME:-$HOME/.config}/summit-dr/key
Result<fs::path> default_key_file(const VariableLookup& variable);

// Writes 32 random bytes in hexadecimal to the default key file, mode 0600. kAlreadyExists when there is one:
// a key is never replaced, since older backups need it. kRefused when it would lie inside `backup_base`.
Result<fs::path> create_key_file(const VariableLookup& variable, const fs::path& backup_base);

// What stretching a passphrase costs whoever guesses. The default takes about a tenth of a second.
struct StretchingCost {
  uint32_t passes = 3;
  uint32_t memory_kib = 64 * 1024;
};

// Seals what is written, frame by frame, into `output`. finish() writes the authenticated end: a truncated
// file never opens.
class SealWriter {
 public:
  static Result<std::unique_ptr<SealWriter>> create(const SealingKey& key,
                                                    std::function<Result<void>(ByteView)> output,
                                                    StretchingCost cost = {});
  ~SealWriter();
  Result<void> write(ByteView bytes);
  Result<void> finish();

 private:
  struct State;
  explicit SealWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The mirror: takes sealed bytes, gives only authenticated plain ones. kWrongKey for another key, kCorrupt
// for changed bytes. What it gave before an error is authentic, but only finish() says that it was all.
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
