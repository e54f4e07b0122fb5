// Where the passphrases and key files that open a repository come from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/files.h"
#include "core/result.h"
#include "repository/packed/slot_store.h"
#include "repository/sealing.h"

namespace summit::repository::packed {

// What the user named for this run. Secrets themselves never come by the command line.
struct KeyChoice {
  std::optional<fs::path> passphrase_file{};
  std::vector<std::string> passphrase_command{};  // argument vector; its standard output is the passphrase
  std::optional<fs::path> key_file{};

  bool empty() const { return !passphrase_file && passphrase_command.empty() && !key_file; }
};

// All of `choice`. Files inside `backup_base` (links resolved) and those that others may read are kRefused; a
// command that fails or prints nothing is an error, without its output.
Result<std::vector<SlotSecret>> read_chosen_secrets(const KeyChoice& choice, const fs::path& backup_base,
                                                    const Cancellation& cancellation = {});

// As above; when nothing is chosen, the key that seals secrets (find_sealing_key). Empty when there is none
// either: then a key service may open the repository, or a person be asked.
Result<std::vector<SlotSecret>> find_secrets(const KeyChoice& choice, const VariableLookup& variable,
                                             const fs::path& backup_base,
                                             const Cancellation& cancellation = {});

}  // namespace summit::repository::packed
