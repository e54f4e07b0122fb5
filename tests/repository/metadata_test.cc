#include "repository/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "world.h"

namespace summit::repository {
namespace {

using testing::HasSubstr;

BackupMetadata everything() {
  auto metadata = World::metadata_for("summit-backup-full-20261121T031048Z");
  metadata.label = "before the \"upgrade\"\n\xf0\x9f\x98\x80";
  metadata.tool_version = "0.1.0";
  metadata.tool_versions = {{"pg_dump", "16.15"}};
  metadata.host = "node-1";
  metadata.recovery_point = at("2026-11-21T03:10:48.123456Z");
  metadata.skew_seconds = 0.125;
  metadata.scope = {{"tenant_id", "acme"}};
  ComponentRecord component;
  component.name = "postgresql/analytics";
  component.kind = "postgresql";
  component.status = Status::kPartial;
  component.reason = "reason";
  component.hint = "hint";
  component.instant = at("2026-11-21T03:10:49Z");
  component.duration_seconds = 1.5;
  component.server_version = "16.15";
  component.artifacts.push_back(
      {"postgres-full.dump", "postgresql/analytics", 18446744073709551615u, std::string(64, 'a'), 1.25});
  component.fingerprints.push_back({"postgresql", "table", "public.\"Odd\"", 7, std::string(64, '0')});
  component.notes = {"a note"};
  component.details = {{"lsn", "0/16B3748"}};
  metadata.components.push_back(component);
  ComponentRecord absent;
  absent.name = absent.kind = "redis";
  absent.status = Status::kAbsent;
  metadata.components.push_back(absent);
  return metadata;
}

TEST(Metadata, SurviveTheirJson) {
  const auto original = everything();
  const std::string json = to_json(original);
  const auto read = metadata_from_json(json);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(to_json(*read), json);
  ASSERT_NE(read->find("postgresql/analytics"), nullptr);
  const auto& component = *read->find("postgresql/analytics");
  EXPECT_EQ(component.artifacts.at(0).component, "postgresql/analytics");
  EXPECT_EQ(component.artifacts.at(0).size, 18446744073709551615u);
  EXPECT_EQ(component.fingerprints, original.components[0].fingerprints);
  EXPECT_EQ(read->recovery_point, original.recovery_point);
  EXPECT_EQ(read->label, original.label);
}

TEST(Metadata, ReplaceBytesThatAreNoText) {
  auto metadata = everything();
  metadata.components[0].notes = {"file \xff\xfe was skipped"};
  const auto read = metadata_from_json(to_json(metadata));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_THAT(read->components[0].notes[0], HasSubstr("was skipped"));
}

struct Damage {
  const char* pointer;
  nlohmann::json value;
  const char* message;
};
class DamagedMetadata : public testing::TestWithParam<Damage> {};
TEST_P(DamagedMetadata, NameThePlace) {
  auto json = nlohmann::json::parse(to_json(everything()));
  json[nlohmann::json::json_pointer(GetParam().pointer)] = GetParam().value;
  const auto read = metadata_from_json(json.dump());
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.error().message(), HasSubstr(GetParam().message));
}
INSTANTIATE_TEST_SUITE_P(Places, DamagedMetadata,
                         testing::Values(Damage{"/schema_version", 99, "schema_version: 99 is not known"},
                                         Damage{"/id", "../../etc", "id: `../../etc` is no backup id"},
                                         Damage{"/status", "fine", "status: not"},
                                         Damage{"/started", "yesterday", "started: not an instant"},
                                         Damage{"/components/0/artifacts/0/name", "../passwd",
                                                "components[0].artifacts[0].name: not a plain file name"},
                                         Damage{"/components/0/artifacts/0/name", "CHECKSUMS",
                                                "components[0].artifacts[0].name: not a plain file name"},
                                         Damage{"/components/0/artifacts/0/size", -1,
                                                "components[0].artifacts[0].size: not an unsigned integer"},
                                         Damage{"/components/0/artifacts/0/sha256", "abc",
                                                "components[0].artifacts[0].sha256: not 64 hexadecimal"},
                                         Damage{"/components/0/details", 5,
                                                "components[0].details: not an object"},
                                         Damage{"/components/1", "redis", "components[1]: not an object"}));

TEST(Metadata, MissingMembersAndBrokenTextAreErrors) {
  auto json = nlohmann::json::parse(to_json(everything()));
  json["components"][0].erase("fingerprints");
  EXPECT_THAT(metadata_from_json(json.dump()).error().message(),
              HasSubstr("components[0].fingerprints: missing"));
  const std::string text = to_json(everything());
  EXPECT_THAT(metadata_from_json(text.substr(0, text.size() / 2)).error().message(),
              HasSubstr("no valid JSON"));
  EXPECT_EQ(metadata_from_json("").error().code(), Code::kCorrupt);
  EXPECT_EQ(metadata_from_json(std::string(100000, '[')).error().code(), Code::kCorrupt);
}

TEST(Metadata, ThePublishedSchemaNamesExactlyTheMembersThatAreWritten) {
  std::ifstream file(SUMMIT_SOURCE_DIR "/docs/schemas/backup-metadata.schema.json");
  const auto schema = nlohmann::json::parse(file);
  const auto json = nlohmann::json::parse(to_json(everything()));
  const auto expect_same = [&](const nlohmann::json& object, const nlohmann::json& described) {
    EXPECT_EQ(object.size(), described.at("properties").size()) << described.dump();
    for (const auto& [name, value] : object.items()) {
      EXPECT_TRUE(described.at("properties").contains(name)) << name;
      EXPECT_THAT(described.at("required"), testing::Contains(name));
    }
  };
  expect_same(json, schema);
  const auto& definitions = schema.at("$defs");
  expect_same(json["components"][0], definitions.at("component"));
  expect_same(json["components"][0]["artifacts"][0], definitions.at("artifact"));
  expect_same(json["components"][0]["fingerprints"][0], definitions.at("fingerprint"));
}

}  // namespace
}  // namespace summit::repository
