#include "repository/backup_id.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "core/digest.h"

namespace summit::repository {
namespace {

constexpr std::string_view kPrefix = "summit-backup-";
constexpr size_t kLongestPart = 96;  // two parts, prefix and time stay below the 255 bytes of a file name

bool is_safe(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.';
}

bool is_safe_name(std::string_view text) {
  return !text.empty() && text.front() != '.' && std::ranges::all_of(text, is_safe);
}

// "20261121_031048" of the `scripts/db` form.
std::optional<Instant> from_database_form(std::string_view text) {
  if (text.size() != 15 || text[8] != '_') return std::nullopt;
  std::string compact(text);
  compact[8] = 'T';
  return from_compact(compact + "Z");
}

bool has_scope(std::string_view set) { return set == "tenant" || set == "project"; }

Error not_an_id(std::string_view text) {
  return Error(Code::kUsage, "`{}` is no backup id", text)
      .hint("ids look like summit-backup-full-20261121T031048Z; run `summit-dr list` to see yours");
}

}  // namespace

std::string safe_id_part(std::string_view text) {
  if (text.size() <= kLongestPart && is_safe_name(text)) return std::string(text);
  std::string safe(text.substr(0, kLongestPart));
  std::ranges::replace_if(safe, [](char c) { return !is_safe(c) || c == '.'; }, '_');
  return safe + "-" + to_hex(sha256(as_bytes(text))).substr(0, 8);
}

std::string make_backup_id(std::string_view set, std::string_view scope, Instant instant) {
  std::string id = std::string(kPrefix) + safe_id_part(set);
  if (!scope.empty()) id += "-" + safe_id_part(scope);
  return id + "-" + to_compact(instant);
}

std::string make_database_backup_id(Instant instant) {
  std::string stamp = to_compact(instant);  // YYYYMMDDTHHMMSSZ
  stamp[8] = '_';
  stamp.pop_back();
  return std::string(kPrefix) + stamp;
}

Result<ParsedBackupId> parse_backup_id(std::string_view id) {
  if (!id.starts_with(kPrefix) || id.size() > 255 || !is_safe_name(id)) return not_an_id(id);
  const std::string_view rest = id.substr(kPrefix.size());
  if (const auto instant = from_database_form(rest)) return ParsedBackupId{"", "", *instant};

  const size_t dash = rest.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return not_an_id(id);
  const auto instant = from_compact(rest.substr(dash + 1));
  if (!instant) return not_an_id(id);

  // A set's own name may hold dashes, so only the two sets that have a scope are taken apart.
  const std::string_view name = rest.substr(0, dash);
  const size_t first = name.find('-');
  if (first != std::string_view::npos && has_scope(name.substr(0, first)))
    return ParsedBackupId{std::string(name.substr(0, first)), std::string(name.substr(first + 1)), *instant};
  return ParsedBackupId{std::string(name), "", *instant};
}

bool is_safety_backup(std::string_view id) {
  const auto parsed = parse_backup_id(id);
  return parsed.ok() && parsed->set == kSafetySet;
}

Result<BackupReference> parse_reference(std::string_view text) {
  const std::string original(text);
  while (!text.empty() && (text.back() == ':' || text.back() == '/')) text.remove_suffix(1);
  if (text.empty()) return not_an_id(original);

  // The id is the last part of the path that is one: "ID/postgres-full.dump", and "ID/ID" for the commit
  // marker.
  std::filesystem::path path{std::string(text)};
  std::optional<BackupReference> found;
  for (; !path.empty() && path != path.root_path(); path = path.parent_path()) {
    std::string name = path.filename().string();
    if (!parse_backup_id(name).ok()) {
      if (found) break;
      continue;
    }
    if (found && found->id != name) break;
    found = BackupReference{std::move(name), path.parent_path().string()};
  }
  if (!found) return not_an_id(original);
  return *std::move(found);
}

}  // namespace summit::repository
