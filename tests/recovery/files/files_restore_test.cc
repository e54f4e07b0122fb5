// Files and secrets through a real backup of the plain layout and back.
#include "recovery/files_restore.h"

#include "core/process.h"
#include "devtools/sample/files_sample.h"
#include "recovery/masked_store.h"
#include "tests/recovery/files/files_world.h"

namespace summit::recovery {
namespace {

using repository::Status;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(FilesAndSecrets, ComeBackAfterTheirLoss) {
  back_up_everything();
  for (const auto& record : metadata_.components)
    EXPECT_EQ(record.status, Status::kComplete) << record.reason;
  fs::remove_all(platform());
  for (const auto& restore : restores()) {
    auto where = context();
    const auto plan = restore->plan(where);
    ASSERT_TRUE(plan.ok()) << plan.error().message();
    EXPECT_FALSE(plan->overwrites_something);
    const auto restored = restore->restore(where, {});
    ASSERT_TRUE(restored.ok()) << restored.error().message();
  }
  for (const auto& restore : restores()) {
    auto where = context();
    const auto differences = restore->compare(where);
    ASSERT_TRUE(differences.ok()) << differences.error().message();
    EXPECT_THAT(*differences, IsEmpty()) << restore->name() << ": " << differences->at(0).what;
    const auto probe = restore->probe(where);
    EXPECT_TRUE(probe.ok()) << probe.error().message();
  }
  EXPECT_EQ(get("docker-compose.yml"), "services: {}\n");
  EXPECT_EQ(get("config/tls/server.pem"), "PRIVATE KEY\n");
  EXPECT_EQ(get("k8s/database.yaml"), "kind: Secret\nstringData: {password: hunter22}\n");
  EXPECT_EQ(get(".env"), "POSTGRES_PASSWORD=devpassword\nENCRYPTION_KEY=\n");
  const auto contributions = read_secret_contributions(context());
  ASSERT_TRUE(contributions.ok());
  EXPECT_EQ(contributions->at("postgresql/main/globals-with-passwords.sql").reveal(), *contribution_);
}

TEST_F(FilesAndSecrets, NoSecretLeavesTheSealAndTheKeyGoesNowhere) {
  back_up_everything();
  const auto names = repository::entry_names(base() / kId);
  for (const auto& name : *names) {
    // Unpacked, so that compression hides nothing from the search.
    const fs::path path = base() / kId / name;
    std::string text = *read_file(path);
    if (name.ends_with(".tar.zst")) text = *run({.argv = {"zstd", "-dc", path.string()}});
    for (const char* secret : {"devpassword", "hunter22", "PRIVATE KEY", "rolepassword", kKey})
      EXPECT_THAT(text, Not(HasSubstr(secret))) << name;
  }
}

TEST_F(FilesAndSecrets, WithoutAKeyNothingIsWritten) {
  key_.reset();
  const auto part = secrets();
  repository::PlainRepository repository(base());
  auto writer = repository.begin(kId);
  backup::CaptureContext context{configuration_, environment_, **writer, reporter_, {}, key_, 2};
  const auto prepared = part->prepare(context);
  EXPECT_EQ(prepared.error().code(), Code::kKeyMissing);
  EXPECT_THAT(prepared.error().hint(), HasSubstr("summit-dr key init"));
  EXPECT_EQ(part->transfer(context).error().code(), Code::kKeyMissing);
  EXPECT_FALSE(fs::exists(base() / (".incomplete-" + std::string(kId)) / "secrets.enc"));
}

TEST_F(FilesAndSecrets, AWrongKeyShowsInThePlan) {
  back_up_everything();
  const auto restore = make_secrets_restore(trees(), "secrets");
  key_ = repository::SealingKey{Secret("another key"), "the test"};
  auto where = context();
  EXPECT_EQ(restore->plan(where).error().code(), Code::kWrongKey);
  key_.reset();
  auto without = context();
  EXPECT_EQ(restore->plan(without).error().code(), Code::kKeyMissing);
}

TEST_F(FilesAndSecrets, EveryChangeOfTheTargetIsADifference) {
  back_up_everything();
  const auto differences_of = [&](std::unique_ptr<RestoreComponent> restore) {
    auto where = context();
    return restore->compare(where).value().size();
  };
  EXPECT_EQ(differences_of(make_files_restore(trees(), "config")), 0u);
  put("config/app.yaml", "a: 2\n");
  EXPECT_EQ(differences_of(make_files_restore(trees(), "config")), 1u);
  EXPECT_EQ(differences_of(make_secrets_restore(trees(), "secrets")), 0u);
  put("config/tls/server.pem", "OTHER KEY\n", 0600);
  EXPECT_EQ(differences_of(make_secrets_restore(trees(), "secrets")), 1u);
  // The key line of .env is the target's own.
  put("config/tls/server.pem", "PRIVATE KEY\n", 0600);
  put(".env", "POSTGRES_PASSWORD=devpassword\nENCRYPTION_KEY=other\n", 0600);
  EXPECT_EQ(differences_of(make_secrets_restore(trees(), "secrets")), 0u);
  put(".env", "POSTGRES_PASSWORD=changed\nENCRYPTION_KEY=other\n", 0600);
  EXPECT_EQ(differences_of(make_secrets_restore(trees(), "secrets")), 1u);
}

TEST_F(FilesAndSecrets, TheFingerprintOfSecretsCannotBeGuessedAt) {
  std::vector<std::unique_ptr<backup::Component>> once;
  once.push_back(secrets());
  back_up(std::move(once));
  const auto first = metadata_.components.at(0).fingerprints;
  fs::remove_all(base());
  metadata_ = {};
  std::vector<std::unique_ptr<backup::Component>> again;
  again.push_back(secrets());
  back_up(std::move(again));
  const auto second = metadata_.components.at(0).fingerprints;
  ASSERT_EQ(first.size(), second.size());
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].count, second[i].count);
    EXPECT_NE(first[i].hash, second[i].hash);
  }
}

TEST_F(FilesAndSecrets, ABrokenAuditChainIsKeptAsEvidenceAndNeverCalledComplete) {
  put("audit/audit-chain.jsonl", entry_.substr(0, 30) + "X" + entry_.substr(31) + "\n");
  std::vector<std::unique_ptr<backup::Component>> components;
  components.push_back(component(audit_));
  back_up(std::move(components));
  const auto& record = metadata_.components.at(0);
  EXPECT_EQ(record.status, Status::kPartial);
  EXPECT_THAT(record.reason, HasSubstr("audit-chain.jsonl:1:"));
  EXPECT_EQ(record.artifacts.size(), 1u);
  const auto restore = make_files_restore(trees(), "audit_chain");
  auto where = context();
  ASSERT_TRUE(restore->restore(where, {}).ok());
  EXPECT_THAT(restore->compare(where).value(), IsEmpty());
  EXPECT_THAT(restore->probe(where).error().message(), HasSubstr("audit-chain.jsonl:1:"));
}

TEST_F(FilesAndSecrets, ACutChainShowsAgainstItsRecordedHead) {
  back_up_everything();
  const auto& record = *metadata_.find("audit_chain");
  EXPECT_EQ(record.details.at("chain_entries"), "1");
  put("audit/audit-chain.jsonl", "");
  auto where = context();
  EXPECT_THAT(make_files_restore(trees(), "audit_chain")->probe(where).error().message(),
              HasSubstr("0 entries, recorded 1"));
}

TEST_F(FilesAndSecrets, AMissingOrEmptyTreeIsAbsentWithTheReason) {
  fs::remove_all(platform() / "k8s");
  fs::create_directories(platform() / "empty");
  auto empty = kubernetes_;
  empty.name = "catalog";
  empty.root = platform() / "empty";
  std::vector<std::unique_ptr<backup::Component>> components;
  components.push_back(component(kubernetes_));
  components.push_back(component(empty));
  components.push_back(backup::make_files_component({}, {config_, kubernetes_}, "both"));
  back_up(std::move(components));
  EXPECT_EQ(metadata_.components.at(0).status, Status::kAbsent);
  EXPECT_THAT(metadata_.components.at(0).reason, HasSubstr("k8s is not there"));
  EXPECT_EQ(metadata_.components.at(1).status, Status::kAbsent);
  EXPECT_THAT(metadata_.components.at(1).reason, HasSubstr("no file of tree catalog"));
  EXPECT_EQ(metadata_.components.at(2).status, Status::kPartial);
  EXPECT_EQ(metadata_.components.at(2).artifacts.at(0).name, "both-config.tar.zst");
}

TEST_F(FilesAndSecrets, AServerThatDoesNotAnswerCostsItsOwnSecretsOnly) {
  contribution_ = Error(Code::kUnreachable, "connection refused").hint("start PostgreSQL");
  std::vector<std::unique_ptr<backup::Component>> components;
  components.push_back(secrets());
  back_up(std::move(components));
  const auto& record = metadata_.components.at(0);
  EXPECT_EQ(record.status, Status::kPartial);
  EXPECT_THAT(record.reason, HasSubstr("connection refused"));
  EXPECT_EQ(record.artifacts.size(), 1u);
  EXPECT_THAT(read_secret_contributions(context()).value(), IsEmpty());
}

TEST_F(FilesAndSecrets, ATreeThatTheTargetDoesNotDeclareIsRefused) {
  back_up_everything();
  auto where = context();
  const auto plan = make_files_restore({config_}, "kubernetes")->plan(where);
  EXPECT_EQ(plan.error().code(), Code::kConfig);
  EXPECT_THAT(plan.error().hint(), HasSubstr("environments.yaml"));
}

TEST_F(FilesAndSecrets, ADamagedArchiveLeavesTheTargetAsItWas) {
  back_up_everything();
  for (const char* name : {"config.tar.zst", "secrets.enc"}) {
    std::string bytes = *read_file(base() / kId / name);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    std::ofstream(base() / kId / name, std::ios::binary) << bytes;
  }
  put("docker-compose.yml", "newer\n");
  put(".env", "newer=1\n");
  auto where = context();
  EXPECT_EQ(make_files_restore(trees(), "config")->restore(where, {}).error().code(), Code::kCorrupt);
  EXPECT_EQ(make_secrets_restore(trees(), "secrets")->restore(where, {}).error().code(), Code::kCorrupt);
  EXPECT_EQ(get("docker-compose.yml"), "newer\n");
  EXPECT_EQ(get(".env"), "newer=1\n");
  const auto names = repository::entry_names(platform()).value();
  for (const auto& name : names) EXPECT_FALSE(name.starts_with(files::kStagingPrefix));
}

TEST_F(FilesAndSecrets, ARestoreThatWasCutOffShowsUntilItIsRunAgain) {
  back_up_everything();
  fs::create_directories(platform() / ".summit-restoring-dead01");
  const auto restore = make_files_restore(trees(), "config");
  auto where = context();
  EXPECT_THAT(restore->probe(where).error().message(), HasSubstr("cut off"));
  ASSERT_TRUE(restore->restore(where, {}).ok());
  EXPECT_TRUE(restore->probe(where).ok());
}

TEST_F(MaskedFiles, ComeAsTheRulesSayAndCompareAsSuch) {
  rules(R"(
    - {path: "config/*.ini", entries: {"*_KEY": {template: "dev_test_key_{name}"}}}
    - {path: "*", tree: audit_chain, drop: true}
)");
  back_up_everything();
  empty_target();
  put("audit/audit-chain.jsonl", "the target's own\n");
  const auto config = make_files_restore(trees(), "config");
  const auto restored = restore(*config);
  ASSERT_TRUE(restored.ok()) << restored.error().to_string();
  EXPECT_EQ(get("config/settings.ini"), "MAIL_KEY=dev_test_key_MAIL_KEY\nPORT=80\n");
  EXPECT_EQ(get("config/app.yaml"), "a: 1\n");
  EXPECT_THAT(differences(*config), IsEmpty());
  put("config/settings.ini", "MAIL_KEY=original\nPORT=80\n");
  ASSERT_EQ(differences(*config).size(), 1U);

  const auto audit = make_files_restore(trees(), "audit_chain");
  ASSERT_TRUE(restore(*audit).ok());
  EXPECT_EQ(get("audit/audit-chain.jsonl"), "the target's own\n") << "what is never brought is not removed";
}

TEST_F(MaskedFiles, WhatLooksPrivateStopsTheRunBeforeAFileIsWritten) {
  put("config/contacts.yaml", "support: ada@lovelace.org\n");
  put("config/ada@lovelace.org.yaml", "a: 1\n");
  put("config/settings.ini", "API_TOKEN=x\n# ask ada@lovelace.org\n");
  rules("    - {path: \"config/*.ini\", entries: {\"*_KEY\": remove}}");
  back_up_everything();
  empty_target();
  const auto config = make_files_restore(trees(), "config");
  const auto refused = restore(*config);
  ASSERT_FALSE(refused.ok());
  const auto text = refused.error().to_string();
  EXPECT_THAT(text, HasSubstr("{path: \"config/contacts.yaml\", tree: config, drop: true}"));
  EXPECT_THAT(text, HasSubstr("config/*, the file's name: e-mail address"));
  EXPECT_THAT(text, HasSubstr("{path: \"config/settings.ini\", entries: {\"API_TOKEN\": remove}}"));
  EXPECT_THAT(text, HasSubstr("config/settings.ini, a line that is no entry: e-mail address"));
  EXPECT_THAT(text, Not(HasSubstr("ada")));
  EXPECT_FALSE(fs::exists(platform()));
}

// Each as the only odd place of a tree whose names say nothing.
TEST_F(MaskedFiles, PlantedSecretsStopTheRunWhereverTheyLie) {
  const std::vector<std::pair<std::string, std::string>> files = {
      {"config/a.txt", "write to ada@lovelace.org, please\n"},
      {"config/a.yaml", "people:\n  - {mail: ada@lovelace.org}\n"},
      {"config/a.yaml", "service:\n  password: hunter2-original\n"},
      {"config/a.json", R"({"b": ["ada@lovelace.org"]})"},
      {"config/a.bin", std::string("\0\1 ada@lovelace.org \xff", 21)},
      {"config/a.txt", std::string(300000, '-') + "\nada@lovelace.org\n"},
      {"config/a.pub", "-----BEGIN PRIVATE KEY-----\nMIIE\n"},
      {"config/a.ini", "A_TOKEN=x1y2z3-original\n"},
      {"config/a.ini", "# ask ada@lovelace.org\nPORT=80\n"},
      {"config/a.ini", "A=ada@lovelace.org\n"},
      {"config/ada@lovelace.org", "a: 1\n"},
      {"config/ada@lovelace.org/a.yaml", "a: 1\n"},
  };
  for (const auto& [path, text] : files) {
    empty_target();
    put("config/app.yaml", "a: 1\n");
    put(path, text);
    expect_refusal(path + ": " + text.substr(0, 60));
  }
  empty_target();
  put("config/app.yaml", "a: 1\n");
  fs::create_symlink("ada@lovelace.org", platform() / "config/link");
  expect_refusal("where a link leads to");
}

TEST_F(MaskedFiles, OfSecretsOnlyThoseWithRulesForTheirEntriesCome) {
  rules("    - {path: \"**/.env*\", entries: {\"*_KEY\": {template: \"dev_test_key_{name}\"}}}");
  back_up_everything();
  empty_target();
  put(".env", "ENCRYPTION_KEY=the target's\n");
  const auto secrets = make_secrets_restore(trees(), "secrets");
  const auto restored = restore(*secrets);
  ASSERT_TRUE(restored.ok()) << restored.error().to_string();
  EXPECT_EQ(get(".env"), "API_KEY=dev_test_key_API_KEY\nPORT=80\nENCRYPTION_KEY=the target's\n");
  EXPECT_EQ(get("config/tls/server.pem"), "<nothing>");
  EXPECT_EQ(get("k8s/database.yaml"), "<nothing>");
  EXPECT_THAT(differences(*secrets), IsEmpty());
}

TEST_F(MaskedFiles, ValuesInsideYamlAndJsonAreReplacedAndNamesThatArePrivate) {
  put("config/contacts.yaml", "# who to ask\nsupport:\n  email: ada@secret.org  # first\n  hours: 9-17\n");
  put("config/client.json", "{\"token\": \"sk-needle-0123456789abcdef\", \"retries\":  3}\n");
  put("config/inbox/ada@secret.org/first.txt", "hello\n");
  rules(R"(
    - {path: "config/*.ini", entries: {"*_KEY": {template: "dev_test_key_{name}"}}}
    - {path: "config/contacts.yaml", paths: {"$.support.email": {pseudonym: email}}}
    - {path: "config/client.json", paths: {"$.token": {constant: none}}}
    - {path: "config/inbox/*", rename: {hash: 16}}
    - {path: "*", tree: audit_chain, drop: true}
)");
  back_up_everything();
  empty_target();
  const auto config = make_files_restore(trees(), "config");
  const auto restored = restore(*config);
  ASSERT_TRUE(restored.ok()) << restored.error().to_string();
  EXPECT_THAT(get("config/contacts.yaml"),
              AllOf(HasSubstr("# who to ask\nsupport:\n  email: \""),
                    HasSubstr("@example.com\"  # first\n  hours: 9-17\n"), Not(HasSubstr("secret.org"))));
  EXPECT_EQ(get("config/client.json"), "{\"token\": \"none\", \"retries\":  3}\n");
  const auto person = fs::directory_iterator(platform() / "config/inbox")->path();
  EXPECT_EQ(person.filename().string().size(), 16U);
  const auto letter = fs::directory_iterator(person)->path();
  EXPECT_EQ(letter.filename().string().size(), 16U);
  EXPECT_EQ(read_file(letter).value_or(""), "hello\n");
  EXPECT_THAT(differences(*config), IsEmpty());
}

TEST_F(MaskedFiles, WhatNoPathOfARuleReachesStopsTheRun) {
  put("config/contacts.yaml", "support: ada@secret.org\n# or bob@secret.org\n");
  rules("    - {path: \"config/*.yaml\", paths: {\"$.support\": remove}}");
  back_up_everything();
  empty_target();
  const auto refused = restore(*make_files_restore(trees(), "config"));
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(),
              HasSubstr("config/contacts.yaml, what no path of its rule reaches"));
  EXPECT_THAT(refused.error().to_string(), Not(HasSubstr("secret.org")));
}

// What `export --masked` gives: tar reads it.
TEST_F(MaskedFiles, WithoutATargetAreArchivesThatTarReads) {
  fs::create_hard_link(platform() / "config/settings.ini", platform() / "config/zz-linked.ini");
  put("config/dropped.conf", "name = original\n");
  fs::create_hard_link(platform() / "config/dropped.conf", platform() / "config/zz-dropped.conf");
  rules(R"(
    - {path: "config/*.ini", entries: {"*_KEY": {template: "dev_test_key_{name}"}}}
    - {path: "config/dropped.conf", drop: true}
)");
  back_up_everything();
  auto where = masked_context();
  const auto store = make_masked_files(where, *backup_->metadata().find("config"));
  const auto audit = store->audit();
  ASSERT_TRUE(audit.ok()) << audit.error().to_string();
  EXPECT_THAT(audit->findings, IsEmpty());
  const auto values = store->preview(5);
  ASSERT_TRUE(values.ok()) << values.error().to_string();
  ASSERT_EQ(values->size(), 1U);
  EXPECT_EQ(values->front().before, "original");
  EXPECT_EQ(values->front().after, "dev_test_key_MAIL_KEY");

  ASSERT_EQ(store->files().size(), 1U);
  const auto archive = directory_.path() / "masked.tar.zst";
  {
    const auto file = open_for_writing(archive);
    ASSERT_TRUE(file.ok());
    const auto written = store->write(store->files().front().name,
                                      [&](ByteView bytes) { return write_all(file->get(), bytes, archive); });
    ASSERT_TRUE(written.ok()) << written.error().to_string();
  }
  const auto target = directory_.path() / "unpacked";
  fs::create_directories(target);
  const auto unpacked = run({.argv = {"tar", "--zstd", "-xf", archive.string(), "-C", target.string()}});
  ASSERT_TRUE(unpacked.ok()) << unpacked.error().to_string();
  EXPECT_EQ(read_file(target / "config/settings.ini").value_or(""),
            "MAIL_KEY=dev_test_key_MAIL_KEY\nPORT=80\n");
  EXPECT_EQ(read_file(target / "config/app.yaml").value_or(""), "a: 1\n");
  EXPECT_FALSE(fs::exists(target / "config/dropped.conf"));
  const auto found = run({.argv = {"grep", "-rl", "original", target.string()}});
  EXPECT_FALSE(found.ok() && !found->empty()) << *found;
}

// Nothing of the platform's files stops a restore into development.
TEST_F(MaskedFiles, TheShippedRulesCoverTheSample) {
  empty_target();
  const sample::World world(7, 0.05, 1'790'000'000);
  ASSERT_TRUE(sample::fill_files(platform(), world).ok());
  session_.rules = masking::shipped_rules();
  session_.key = masking::test_key();
  config_.include.push_back("Justfile");
  std::vector<config::FilesEndpoint> trees{config_};
  for (const char* name : {"uploads", "audit_chain", "provenance", "policies", "policy_store", "catalog",
                           "kubernetes", "terraform"}) {
    auto tree = kubernetes_;
    tree.name = name;
    const std::string directory = tree.name == "audit_chain"    ? "audit"
                                  : tree.name == "policies"     ? "opa"
                                  : tree.name == "policy_store" ? "policy-store"
                                  : tree.name == "kubernetes"   ? "k8s"
                                                                : tree.name;
    tree.root = platform() / directory;
    trees.push_back(tree);
  }
  std::vector<std::unique_ptr<backup::Component>> components;
  for (const auto& tree : trees)
    if (fs::exists(tree.root)) components.push_back(component(tree));
  components.push_back(backup::make_secrets_component({}, trees, {}, "secrets"));
  back_up(std::move(components));
  empty_target();
  for (const auto& record : metadata_.components) {
    const auto restoring = record.name == "secrets" ? make_secrets_restore(trees, "secrets")
                                                    : make_files_restore(trees, record.name);
    const auto restored = restore(*restoring);
    ASSERT_TRUE(restored.ok()) << record.name << ": " << restored.error().to_string();
    EXPECT_THAT(differences(*restoring), IsEmpty()) << record.name;
  }
  EXPECT_THAT(get(".env"), AllOf(HasSubstr("API_KEY=dev_test_key_API_KEY\n"), Not(HasSubstr("sk_live_"))));
  EXPECT_TRUE(fs::is_empty(platform() / "uploads")) << "not even names of directories";
}

}  // namespace
}  // namespace summit::recovery
