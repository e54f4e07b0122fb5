// The JSON form of the metadata, field by field in the order of docs/formats/backup-metadata.md.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "repository/artifact_name.h"
#include "repository/backup_id.h"
#include "repository/metadata.h"

namespace summit::repository {
namespace {

using Json = nlohmann::ordered_json;

Json optional_instant(const std::optional<Instant>& instant) {
  return instant ? Json(to_rfc3339(*instant)) : Json(nullptr);
}

Json write_artifact(const Artifact& artifact) {
  return {{"name", artifact.name},
          {"size", artifact.size},
          {"sha256", artifact.sha256.empty() ? Json(nullptr) : Json(artifact.sha256)},
          {"duration_seconds", artifact.duration_seconds}};
}

Json write_fingerprint(const Fingerprint& fingerprint) {
  return {{"store", fingerprint.store},
          {"kind", fingerprint.kind},
          {"name", fingerprint.name},
          {"count", fingerprint.count},
          {"hash", fingerprint.hash}};
}

template <typename T, typename Write>
Json write_list(const std::vector<T>& values, Write write) {
  Json list = Json::array();
  for (const auto& value : values) list.push_back(write(value));
  return list;
}

Json write_map(const std::map<std::string, std::string>& values) {
  Json object = Json::object();
  for (const auto& [key, value] : values) object[key] = value;
  return object;
}

Json write_component(const ComponentRecord& record) {
  return {{"name", record.name},
          {"kind", record.kind},
          {"status", name_of(record.status)},
          {"reason", record.reason},
          {"hint", record.hint},
          {"instant", optional_instant(record.instant)},
          {"duration_seconds", record.duration_seconds},
          {"server_version", record.server_version},
          {"artifacts", write_list(record.artifacts, write_artifact)},
          {"notes", write_list(record.notes, [](const std::string& note) { return Json(note); })},
          {"details", write_map(record.details)},
          {"fingerprints", write_list(record.fingerprints, write_fingerprint)}};
}

// One place in the document, with the path that an error names. Every getter throws Error.
class Node {
 public:
  Node(const Json& json, std::string path) : json_(json), path_(std::move(path)) {}

  Node member(const char* key) const {
    expect(json_.is_object(), "an object");
    const auto found = json_.find(key);
    const std::string path = path_.empty() ? key : path_ + "." + key;
    if (found == json_.end()) throw Error(Code::kCorrupt, "{}: missing", path);
    return {*found, path};
  }

  bool is_null() const { return json_.is_null(); }
  const std::string& path() const { return path_; }

  std::string text() const {
    expect(json_.is_string(), "a string");
    return json_.get<std::string>();
  }

  uint64_t unsigned_number() const {
    expect(json_.is_number_unsigned(), "an unsigned integer");
    return json_.get<uint64_t>();
  }

  double number() const {
    expect(json_.is_number(), "a number");
    return json_.get<double>();
  }

  Instant instant() const {
    const auto instant = from_rfc3339(text());
    if (!instant) fail("an instant such as 2026-11-21T03:10:48Z");
    return *instant;
  }

  std::optional<Instant> optional_instant() const {
    if (is_null()) return std::nullopt;
    return instant();
  }

  Status status() const {
    const std::string name = text();
    for (const Status status : {Status::kComplete, Status::kPartial, Status::kFailed, Status::kAbsent})
      if (name == name_of(status)) return status;
    fail("`complete`, `partial`, `failed` or `absent`");
  }

  std::string digest() const {
    std::string hex = text();
    std::string bytes;
    if (hex.size() != 64 || !from_hex(hex, bytes)) fail("64 hexadecimal digits");
    return hex;
  }

  template <typename Read>
  auto list(Read read) const {
    expect(json_.is_array(), "an array");
    std::vector<decltype(read(*this))> values;
    values.reserve(json_.size());
    size_t index = 0;
    for (const auto& element : json_)
      values.push_back(read(Node(element, fmt::format("{}[{}]", path_, index++))));
    return values;
  }

  std::map<std::string, std::string> texts() const {
    expect(json_.is_object(), "an object");
    std::map<std::string, std::string> values;
    for (const auto& [key, value] : json_.items()) values[key] = Node(value, path_ + "." + key).text();
    return values;
  }

  [[noreturn]] void fail(std::string_view wanted) const {
    throw Error(Code::kCorrupt, "{}: not {}", path_.empty() ? "the document" : path_, wanted);
  }

 private:
  void expect(bool holds, std::string_view wanted) const {
    if (!holds) fail(wanted);
  }

  const Json& json_;
  std::string path_;
};

Artifact read_artifact(const Node& node, const std::string& component) {
  Artifact artifact;
  artifact.name = node.member("name").text();
  if (!is_artifact_name(artifact.name)) node.member("name").fail("a plain file name");
  artifact.component = component;
  artifact.size = node.member("size").unsigned_number();
  // The published view of a packed backup does not tell it: then nothing equals it, and no content passes for
  // right.
  const auto digest = node.member("sha256");
  if (!digest.is_null()) artifact.sha256 = digest.digest();
  artifact.duration_seconds = node.member("duration_seconds").number();
  return artifact;
}

Fingerprint read_fingerprint(const Node& node) {
  return {.store = node.member("store").text(),
          .kind = node.member("kind").text(),
          .name = node.member("name").text(),
          .count = node.member("count").unsigned_number(),
          .hash = node.member("hash").text()};
}

ComponentRecord read_component(const Node& node) {
  ComponentRecord record;
  record.name = node.member("name").text();
  record.kind = node.member("kind").text();
  record.status = node.member("status").status();
  record.reason = node.member("reason").text();
  record.hint = node.member("hint").text();
  record.instant = node.member("instant").optional_instant();
  record.duration_seconds = node.member("duration_seconds").number();
  record.server_version = node.member("server_version").text();
  record.artifacts = node.member("artifacts").list([&](const Node& artifact) {
    return read_artifact(artifact, record.name);
  });
  record.notes = node.member("notes").list([](const Node& note) { return note.text(); });
  record.details = node.member("details").texts();
  record.fingerprints = node.member("fingerprints").list(read_fingerprint);
  return record;
}

void check_names(const BackupMetadata& metadata) {
  if (!parse_backup_id(metadata.id).ok())
    throw Error(Code::kCorrupt, "id: `{}` is no backup id", metadata.id);
  std::set<std::string_view> seen;
  for (const auto& component : metadata.components)
    for (const auto& artifact : component.artifacts)
      if (!seen.insert(artifact.name).second)
        throw Error(Code::kCorrupt, "artifact {} is listed twice", artifact.name);
}

BackupMetadata read_metadata(const Node& root) {
  const uint64_t version = root.member("schema_version").unsigned_number();
  if (version != BackupMetadata::kSchemaVersion)
    throw Error(Code::kUnsupported, "schema_version: {} is not known to this summit-dr", version)
        .hint("read this backup with the newer summit-dr that made it");
  BackupMetadata metadata;
  metadata.id = root.member("id").text();
  metadata.set = root.member("set").text();
  metadata.status = root.member("status").status();
  metadata.environment = root.member("environment").text();
  metadata.environment_class = root.member("environment_class").text();
  metadata.label = root.member("label").text();
  metadata.scope = root.member("scope").texts();
  metadata.layout = root.member("layout").text();
  metadata.host = root.member("host").text();
  metadata.tool_version = root.member("tool_version").text();
  metadata.tool_versions = root.member("tool_versions").texts();
  metadata.started = root.member("started").instant();
  metadata.finished = root.member("finished").instant();
  metadata.recovery_point = root.member("recovery_point").optional_instant();
  metadata.skew_seconds = root.member("skew_seconds").number();
  metadata.components = root.member("components").list(read_component);
  check_names(metadata);
  return metadata;
}

}  // namespace

std::string to_json(const BackupMetadata& metadata) {
  const Json document = {
      {"schema_version", BackupMetadata::kSchemaVersion},
      {"id", metadata.id},
      {"set", metadata.set},
      {"status", name_of(metadata.status)},
      {"environment", metadata.environment},
      {"environment_class", metadata.environment_class},
      {"label", metadata.label},
      {"scope", write_map(metadata.scope)},
      {"layout", metadata.layout},
      {"host", metadata.host},
      {"tool_version", metadata.tool_version},
      {"tool_versions", write_map(metadata.tool_versions)},
      {"started", to_rfc3339(metadata.started)},
      {"finished", to_rfc3339(metadata.finished)},
      {"recovery_point", optional_instant(metadata.recovery_point)},
      {"skew_seconds", metadata.skew_seconds},
      {"total_size", metadata.total_size()},
      {"components", write_list(metadata.components, write_component)},
  };
  // Names from servers and file systems may be no UTF-8; a replacement character beats a lost backup.
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<BackupMetadata> metadata_from_json(std::string_view text) {
  try {
    const Json document = Json::parse(text);
    return read_metadata(Node(document, ""));
  } catch (const Error& error) {
    return error;
  } catch (const nlohmann::json::parse_error& error) {
    return Error(Code::kCorrupt, "no valid JSON at byte {}", error.byte);
  } catch (const std::exception& error) {
    return Error(Code::kCorrupt, "cannot be read: {}", error.what());
  }
}

}  // namespace summit::repository
