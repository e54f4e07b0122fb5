// A platform's files and secrets, their backup, and restores of it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "backup/files_component.h"
#include "backup/secrets_component.h"
#include "recovery/files_restore.h"
#include "recovery/secrets_restore.h"
#include "repository/plain_layout.h"
#include "stores/files/audit_chain.h"
#include "stores/files/selection.h"
#include "tests/masking/make_rules.h"

namespace summit::recovery {

inline constexpr const char* kId = "summit-backup-full-20261121T031048Z";
inline constexpr const char* kKey = "0123456789abcdef0123456789abcdef";

class FilesAndSecrets : public testing::Test {
 protected:
  FilesAndSecrets() {
    put("docker-compose.yml", "services: {}\n");
    put(".env", "POSTGRES_PASSWORD=devpassword\nENCRYPTION_KEY=" + std::string(kKey) + "\n", 0600);
    put("config/app.yaml", "a: 1\n");
    put("config/tls/server.pem", "PRIVATE KEY\n", 0600);
    put("k8s/config.yaml", "kind: ConfigMap\n");
    put("k8s/database.yaml", "kind: Secret\nstringData: {password: hunter22}\n");
    put("audit/audit-chain.jsonl", entry_ + "\n");
    config_ = {.name = "config",
               .root = platform(),
               .include = {"docker-compose*.yml", ".env*", "config/**"},
               .exclude = {},
               .secret = {"*.pem"}};
    kubernetes_ = {
        .name = "kubernetes", .root = platform() / "k8s", .include = {}, .exclude = {}, .secret = {}};
    audit_ = {
        .name = "audit_chain", .root = platform() / "audit", .include = {}, .exclude = {}, .secret = {}};
  }

  fs::path platform() const { return directory_.path() / "platform"; }
  fs::path base() const { return directory_.path() / "backups"; }
  void put(const std::string& path, std::string_view content, mode_t mode = 0644) {
    fs::create_directories((platform() / path).parent_path());
    std::ofstream(platform() / path, std::ios::binary) << content;
    ::chmod((platform() / path).c_str(), mode);
  }
  std::string get(const std::string& path) { return read_file(platform() / path).value_or("<nothing>"); }
  std::vector<config::FilesEndpoint> trees() { return {config_, kubernetes_, audit_}; }

  static std::unique_ptr<backup::Component> component(config::FilesEndpoint tree) {
    const std::string name = tree.name;
    return backup::make_files_component({}, {std::move(tree)}, name);
  }
  std::unique_ptr<backup::Component> secrets() {
    return backup::make_secrets_component(
        {}, trees(), {{"postgresql/main/globals-with-passwords.sql", [this] { return contribution_; }}},
        "secrets");
  }

  // Runs components one after the other, as the runner would, and commits.
  void back_up(std::vector<std::unique_ptr<backup::Component>> components) {
    repository::PlainRepository repository(base());
    auto writer = repository.begin(kId);
    ASSERT_TRUE(writer.ok());
    backup::CaptureContext context{configuration_, environment_, **writer, reporter_, {}, key_, 2};
    for (const auto& part : components) {
      auto prepared = part->prepare(context);
      ASSERT_TRUE(prepared.ok()) << prepared.error().message();
      auto record = part->transfer(context);
      ASSERT_TRUE(record.ok()) << record.error().message();
      record->name = part->name();
      record->kind = part->kind();
      metadata_.components.push_back(*record);
    }
    metadata_.id = kId;
    metadata_.status = repository::Status::kComplete;
    ASSERT_TRUE((*writer)->commit(metadata_).ok());
    auto reader = repository.open(kId);
    ASSERT_TRUE(reader.ok()) << reader.error().message();
    backup_ = *std::move(reader);
  }
  void back_up_everything() {
    std::vector<std::unique_ptr<backup::Component>> components;
    for (auto& tree : trees()) components.push_back(component(tree));
    components.push_back(secrets());
    back_up(std::move(components));
  }

  RestoreContext context() {
    return {configuration_, environment_, *backup_, reporter_, {}, key_, directory_.path() / "workspace", 2,
            false};
  }
  std::vector<std::unique_ptr<RestoreComponent>> restores() {
    std::vector<std::unique_ptr<RestoreComponent>> all;
    for (const auto& tree : trees()) all.push_back(make_files_restore(trees(), tree.name));
    all.push_back(make_secrets_restore(trees(), "secrets"));
    return all;
  }

  static std::string entry(const std::string& action) {
    std::string line = R"({"seq":1,"ts":"2026-01-01T00:00:00Z","actor":"ana","action":")" + action +
                       R"(","prev_hash":")" + std::string(64, '0') + "\"}";
    const std::string hash = files::hash_of_entry(line).value();
    line.insert(line.size() - 1, ",\"hash\":\"" + hash + "\"");
    return line;
  }

  const std::string entry_ = entry("login");
  TemporaryDirectory directory_ =
      *TemporaryDirectory::create(fs::temp_directory_path(), "summit-restore-files-");
  config::FilesEndpoint config_;
  config::FilesEndpoint kubernetes_;
  config::FilesEndpoint audit_;
  config::Configuration configuration_;
  config::Environment environment_;
  SilentReporter reporter_;
  std::optional<repository::SealingKey> key_ = repository::SealingKey{Secret(kKey), "the test"};
  Result<std::string> contribution_ = std::string("CREATE ROLE summit PASSWORD 'rolepassword';\n");
  repository::BackupMetadata metadata_;
  std::unique_ptr<repository::BackupReader> backup_;
};

// Backups of one platform restored masked into another directory.
class MaskedFiles : public FilesAndSecrets {
 protected:
  MaskedFiles() {
    put("config/app.yaml", "a: 1\n");
    put("config/settings.ini", "MAIL_KEY=original\nPORT=80\n");
    put(".env", "API_KEY=original\nPORT=80\nENCRYPTION_KEY=" + std::string(kKey) + "\n", 0600);
  }

  void rules(const std::string& list) {
    auto read = masking::read_rules("key: {env: K}\nrules:\n  files:\n" + list);
    ASSERT_TRUE(read.ok()) << read.error().message();
    session_.rules = *std::move(read);
    session_.key = masking::test_key();
  }
  RestoreContext masked_context() {
    auto where = context();
    where.masking = &session_;
    return where;
  }
  // The platform's files are now the target's.
  void empty_target() { fs::remove_all(platform()); }
  Result<void> restore(RestoreComponent& component) {
    auto where = masked_context();
    RETURN_IF_ERROR(component.plan(where));
    RETURN_IF_ERROR(component.restore(where, {}));
    return reveal(component);
  }
  Result<void> reveal(RestoreComponent& component) {
    auto where = masked_context();
    TargetDoors doors(base(), {.environment = "dev", .restore = "r", .reason = "a test", .stores = {}}, {});
    return component.reveal(where, doors);
  }
  std::vector<Difference> differences(RestoreComponent& component) {
    auto where = masked_context();
    auto found = component.compare(where);
    EXPECT_TRUE(found.ok()) << found.error().message();
    return std::move(found).value_or({});
  }

  // Backs up what is there, and expects that nothing of it comes.
  void expect_refusal(const std::string& what) {
    rules("    - {path: \"config/*.ini\", entries: {\"*_KEY\": remove}}");
    fs::remove_all(base());
    metadata_ = {};
    std::vector<std::unique_ptr<backup::Component>> components;
    components.push_back(component(config_));
    back_up(std::move(components));
    empty_target();
    const auto config = make_files_restore(trees(), "config");
    const auto refused = restore(*config);
    EXPECT_FALSE(refused.ok()) << what;
    if (refused.ok()) return;
    EXPECT_EQ(refused.error().code(), Code::kRefused) << refused.error().to_string();
    EXPECT_THAT(refused.error().to_string(), testing::Not(testing::HasSubstr("lovelace"))) << what;
    EXPECT_FALSE(fs::exists(platform())) << what;
  }

  masking::Session session_;
};

}  // namespace summit::recovery
