// A BACKUP_BASE in a directory of its own, and small backups in it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>

#include "core/files.h"
#include "repository/backup_id.h"
#include "repository/backup_repository.h"
#include "repository/plain_layout.h"

namespace summit::repository {

inline Instant at(const char* text) { return *from_rfc3339(text); }

class World {
 public:
  World() : directory_(*TemporaryDirectory::create(fs::temp_directory_path(), "summit-repository-")) {}

  fs::path root() const { return directory_.path(); }
  fs::path base() const { return root() / "backups"; }
  PlainRepository& repository() { return repository_; }

  using Artifacts = std::map<std::string, std::string>;

  static BackupMetadata metadata_for(const std::string& id) {
    BackupMetadata metadata;
    metadata.id = id;
    metadata.set = "full";
    metadata.environment = "dev";
    metadata.environment_class = "dev";
    metadata.layout = "plain";
    metadata.status = Status::kComplete;
    metadata.started = metadata.finished = at("2026-11-21T03:10:48Z");
    return metadata;
  }

  static void write(BackupWriter& writer, const Artifacts& artifacts, BackupMetadata& metadata) {
    ComponentRecord component;
    component.name = component.kind = "postgresql";
    component.status = Status::kComplete;
    component.fingerprints.push_back({"postgresql", "table", "public.users", 3, std::string(64, 'a')});
    for (const auto& [name, content] : artifacts) {
      auto sink = writer.create(name, "postgresql");
      ASSERT_TRUE(sink.ok()) << sink.error().message();
      ASSERT_TRUE((*sink)->write(as_bytes(content)).ok());
      auto artifact = (*sink)->finish();
      ASSERT_TRUE(artifact.ok()) << artifact.error().message();
      component.artifacts.push_back(*artifact);
    }
    metadata.components.push_back(component);
  }

  void make(const std::string& id, const Artifacts& artifacts = {{"postgres-full.dump", "rows of a table"}}) {
    auto metadata = metadata_for(id);
    make(id, artifacts, metadata);
  }
  void make(const std::string& id, const Artifacts& artifacts, BackupMetadata& metadata) {
    auto writer = repository_.begin(id);
    ASSERT_TRUE(writer.ok()) << writer.error().message();
    write(**writer, artifacts, metadata);
    auto committed = (*writer)->commit(metadata);
    ASSERT_TRUE(committed.ok()) << committed.error().message();
    EXPECT_EQ((*writer)->warnings(), std::vector<std::string>{});
  }

  std::vector<std::string> listed() {
    std::vector<std::string> ids;
    auto summaries = repository_.list();
    EXPECT_TRUE(summaries.ok());
    for (const auto& summary : *summaries) ids.push_back(summary.id);
    return ids;
  }

  std::vector<std::string> names_in(const fs::path& directory) { return *entry_names(directory); }

  static void put(const fs::path& path, std::string_view content) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  }
  static std::string get(const fs::path& path) { return *read_file(path); }

  static Result<std::string> range(const BackupReader& reader, const std::string& artifact, uint64_t offset,
                                   uint64_t size) {
    std::string text;
    RETURN_IF_ERROR(reader.read_range(artifact, offset, size, [&](ByteView bytes) -> Result<void> {
      text += as_text(bytes);
      return {};
    }));
    return text;
  }

 private:
  TemporaryDirectory directory_;
  PlainRepository repository_{directory_.path() / "backups"};
};

}  // namespace summit::repository
