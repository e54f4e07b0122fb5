// A project whose backups lie in a packed repository, opened by a passphrase that costs nothing to try.
#pragma once

#include "program.h"
#include "repository/packed/format_file.h"
#include "repository/packed/slot_store.h"
#include "storage/local_store.h"

namespace summit::cli {

class PackedProject : public Project {
 public:
  PackedProject() {
    using namespace repository::packed;
    auto store = storage::LocalStore::open(path() / "backups", storage::LocalStore::IfMissing::kCreate);
    EXPECT_TRUE(store.ok()) << store.error().to_string();
    const auto format = create_format(**store, {.id = RepositoryId::random(), .created = now()});
    EXPECT_TRUE(format.ok()) << format.error().to_string();
    SlotStore slots(**store, format->format.id);
    const SlotSecret secret{SlotKind::kPassphrase, Secret(kPassphrase), "test"};
    const auto keyring = Keyring::create(format->format.id);
    EXPECT_TRUE(slots.create_first(*keyring, {secret, "first", {.passes = 1, .memory_kib = 8}}).ok());
  }

  Finished run(std::vector<std::string> words, std::map<std::string, std::string> env = {}) const {
    env.try_emplace("ENCRYPTION_KEY", kPassphrase);
    return Project::run(std::move(words), std::move(env));
  }

  // Makes a backup in this layout and gives its id.
  std::string back_up(const std::string& layout = "packed") const {
    const auto made = run({"--json", "backup", "--layout=" + layout});
    EXPECT_EQ(made.code, 0) << made.output << made.diagnostics;
    return made.message("backup").value("id", "");
  }

  static inline const std::string kPassphrase = "correct horse battery staple";
};

}  // namespace summit::cli
