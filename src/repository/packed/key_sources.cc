#include "repository/packed/key_sources.h"

#include <chrono>

#include "core/process.h"

namespace summit::repository::packed {
namespace {

constexpr uint64_t kLongestPassphrase = 64 * KiB;
// A password manager may ask its user first.
constexpr std::chrono::minutes kCommandPatience{5};

Result<SlotSecret> from_file(SlotKind kind, const fs::path& path, const fs::path& backup_base) {
  ASSIGN_OR_RETURN(SealingKey key, read_key_file(path, backup_base));
  return SlotSecret{kind, std::move(key.passphrase), path.string()};
}

Result<SlotSecret> from_command(const std::vector<std::string>& argv, const Cancellation& cancellation) {
  auto output = run({.argv = argv}, cancellation, kCommandPatience, kLongestPassphrase);
  if (!output.ok()) return std::move(output).error().at("while running the passphrase command");
  Secret passphrase(*std::move(output));
  if (passphrase.reveal().find_first_not_of(" \t\r\n") == std::string::npos)
    return Error(Code::kKeyMissing, "the passphrase command {} printed nothing", argv.front());
  return SlotSecret{SlotKind::kPassphrase, std::move(passphrase),
                    fmt::format("the command {}", argv.front())};
}

}  // namespace

Result<std::vector<SlotSecret>> read_chosen_secrets(const KeyChoice& choice, const fs::path& backup_base,
                                                    const Cancellation& cancellation) {
  std::vector<SlotSecret> secrets;
  if (choice.passphrase_file) {
    ASSIGN_OR_RETURN(auto secret, from_file(SlotKind::kPassphrase, *choice.passphrase_file, backup_base));
    secrets.push_back(std::move(secret));
  }
  if (!choice.passphrase_command.empty()) {
    ASSIGN_OR_RETURN(auto secret, from_command(choice.passphrase_command, cancellation));
    secrets.push_back(std::move(secret));
  }
  if (choice.key_file) {
    ASSIGN_OR_RETURN(auto secret, from_file(SlotKind::kKeyFile, *choice.key_file, backup_base));
    secrets.push_back(std::move(secret));
  }
  return secrets;
}

Result<std::vector<SlotSecret>> find_secrets(const KeyChoice& choice, const VariableLookup& variable,
                                             const fs::path& backup_base, const Cancellation& cancellation) {
  if (!choice.empty()) return read_chosen_secrets(choice, backup_base, cancellation);
  ASSIGN_OR_RETURN(auto key, find_sealing_key(variable, backup_base));
  std::vector<SlotSecret> secrets;
  if (!key) return secrets;
  const bool from_variable = key->source == "ENCRYPTION_KEY" || key->source == "BACKUP_ENCRYPTION_KEY";
  secrets.push_back(
      {from_variable ? SlotKind::kPassphrase : SlotKind::kKeyFile, std::move(key->passphrase), key->source});
  return secrets;
}

}  // namespace summit::repository::packed
