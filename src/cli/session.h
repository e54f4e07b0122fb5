// What every command needs: the configuration, the chosen environment, the repository, the key, the console.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/exit_code.h"
#include "config/configuration.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "repository/packed/key_sources.h"
#include "repository/sealing.h"

namespace summit::cli {

struct GlobalOptions {
  std::string config;       // directory of the YAML files; empty: looked for
  std::string backup_base;  // empty: <project>/backups
  std::string passphrase_file;
  std::string passphrase_command;  // words, no shell
  std::string key_file;
  bool accept_other_history = false;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
};

class Session {
 public:
  Session(GlobalOptions options, Console& console, const Cancellation& cancellation)
      : options_(std::move(options)), console_(&console), cancellation_(cancellation) {}

  Console& console() { return *console_; }
  Reporter& reporter() { return console_->reporter(); }
  const Cancellation& cancellation() const { return cancellation_; }

  // Read once, at the first use.
  Result<const config::Configuration*> configuration();

  // As written in the file: no variable of its endpoints is needed and no password read, so that a guard can
  // speak before anything else is missed. `name` empty: SUMMIT_DR_ENVIRONMENT, else "dev".
  Result<const config::Environment*> declared_environment(const std::string& name);

  // Ready for use, its passwords read: those of `kinds` only, as Configuration::resolve() takes them.
  Result<config::Environment> environment(const std::string& name,
                                          const std::vector<std::string>& kinds = {});

  // The local directory of backups and records of restores: BACKUP_BASE, or `<project>/backups` when that is
  // unset or a bucket. Not created here.
  Result<fs::path> backup_base();
  // The same as text, or "s3://bucket/prefix" when that is what BACKUP_BASE says.
  Result<std::string> backup_location();
  // The user takes a repository as it is, though it was rolled back or replaced since it was last seen.
  bool accepts_other_history() const { return options_.accept_other_history; }
  // By which keys a packed repository is to be opened, where the user says so.
  Result<repository::packed::KeyChoice> key_choice() const;

  // Nothing when no key is set anywhere; an error when one is set and cannot be used.
  Result<std::optional<repository::SealingKey>> sealing_key();

  // The file of the key that signs certificates of masked restores; it need not be there.
  Result<fs::path> signing_key();

 private:
  GlobalOptions options_;
  Console* console_;
  Cancellation cancellation_;
  std::optional<config::Configuration> configuration_;
};

}  // namespace summit::cli
