// The steps of a backup and of a restore of one Neo4j server, as the runners call them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "backup/component.h"
#include "config/configuration.h"
#include "recovery/component.h"
#include "repository/backup_repository.h"
#include "repository/sealing.h"
#include "tests/scratch/neo4j_world.h"

namespace summit::neo4j {

// A sealing key whose passphrase is `text`.
repository::SealingKey sealing_key(const std::string& text);

// Prepare, cut, transfer, commit. Gives the backup's id.
Result<std::string> back_up(const config::Neo4jEndpoint& endpoint, const fs::path& base,
                            const std::optional<repository::SealingKey>& key = {},
                            const std::function<void()>& after_prepare = {});

// A part only: what `spec` takes of the owner in `scope`.
Result<std::string> back_up_part(const config::Neo4jEndpoint& endpoint, const fs::path& base,
                                 const config::ComponentSpec& spec, const backup::Scope& scope = {});

// The same into any repository, whatever its layout.
Result<std::string> back_up(const config::Neo4jEndpoint& endpoint, repository::BackupRepository& repository,
                            const std::optional<repository::SealingKey>& key = {},
                            const std::function<void()>& after_prepare = {});

// Fills an empty server with the accounts, and puts a backup of them into `base`: one of the accounts as they
// are filled in, made at the first call in a test program. Its id.
std::string fill_with_backed_up_accounts(const config::Neo4jEndpoint& endpoint, const fs::path& base);

// What a restore of one component needs, kept alive together.
class RestoreWorld {
 public:
  RestoreWorld(const config::Neo4jEndpoint& endpoint, const fs::path& base, const std::string& id,
               const std::optional<repository::SealingKey>& key = {});

  recovery::RestoreContext& context() { return *context_; }
  config::Configuration& configuration() { return configuration_; }
  recovery::RestoreComponent& component() { return *component_; }
  const repository::ComponentRecord& record() const { return reader_->metadata().components.front(); }

 private:
  config::Configuration configuration_;
  config::Environment environment_;
  SilentReporter reporter_;
  TemporaryDirectory workspace_;
  std::unique_ptr<repository::BackupReader> reader_;
  std::optional<recovery::RestoreContext> context_;
  std::unique_ptr<recovery::RestoreComponent> component_;
};

}  // namespace summit::neo4j
