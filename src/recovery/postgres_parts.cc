#include "recovery/postgres_parts.h"

#include <algorithm>
#include <string_view>

#include "core/text.h"

namespace summit::recovery {

using repository::ComponentRecord;

namespace {

std::string detail(const ComponentRecord& record, const std::string& name) {
  const auto found = record.details.find(name);
  return found == record.details.end() ? std::string() : found->second;
}

// "16.15" gives 16.
uint64_t number_in(std::string_view text) {
  return parse_number<uint64_t>(text.substr(0, text.find_first_not_of("0123456789"))).value_or(0);
}

// "timescaledb 2.19.3, vector 0.8.0" gives the version that follows `name`.
std::string version_in(const std::string& list, std::string_view name) {
  size_t start = 0;
  while (start < list.size()) {
    const size_t end = std::min(list.find(", ", start), list.size());
    const std::string_view item = std::string_view(list).substr(start, end - start);
    if (item.substr(0, name.size()) == name && item.substr(name.size(), 1) == " ")
      return std::string(item.substr(name.size() + 1));
    start = end + 2;
  }
  return {};
}

// Rows of all tables, as they were when the backup was made.
uint64_t rows_in(const ComponentRecord& record) {
  uint64_t rows = 0;
  for (const auto& fingerprint : record.fingerprints) {
    const auto& kind = fingerprint.kind;
    if (kind == "table" || kind == "hypertable") rows += fingerprint.count;
  }
  return rows;
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  size_t start = 0;
  while (start < text.size()) {
    const size_t end = std::min(text.find(',', start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

}  // namespace

std::vector<DatabasePart> parts_of(const ComponentRecord& record, const config::PostgresEndpoint& endpoint) {
  std::vector<DatabasePart> parts;
  for (const auto& database : split_at_commas(detail(record, "databases"))) {
    DatabasePart part;
    part.source = database;
    part.target = parts.empty() && !endpoint.databases.empty() ? endpoint.databases.front() : database;
    part.artifact = detail(record, "archive:" + database);
    part.prefix = parts.empty() ? "" : database + "/";
    part.bytes = number_in(detail(record, "bytes:" + database));
    for (const auto& artifact : record.artifacts) {
      if (artifact.name == part.artifact) part.archive_bytes = artifact.size;
    }
    const auto compression = detail(record, "compression:" + database);
    part.has_checksums = compression == "zstd" || compression == "gzip";
    part.tables = postgres::extents_from(detail(record, "extents:" + database));
    part.timescale_version = version_in(detail(record, "extensions:" + database), "timescaledb");
    parts.push_back(std::move(part));
  }
  if (parts.size() == 1) parts.front().rows = rows_in(record);
  return parts;
}

// That the bytes are those recorded shows at the end of each whole reading. Of parts it shows too, where the
// layout or the archive has checksums of them: a copy in the plain layout of what was packed has none.
postgres::ArchiveSource archive_of(const repository::BackupReader& backup, const DatabasePart& part,
                                   const Cancellation& cancellation) {
  const bool proven = part.has_checksums || backup.metadata().layout == repository::kPackedLayout;
  return {[&backup, name = part.artifact, cancellation](const postgres::ArchiveSource::Consume& consume) {
            return backup.read(name, consume, cancellation);
          },
          part.archive_bytes, proven ? part.tables : postgres::TableExtents(),
          [&backup, name = part.artifact, cancellation](const postgres::Extent& extent,
                                                        const postgres::ArchiveSource::Consume& consume) {
            return backup.read_range(name, extent.offset, extent.bytes, consume, cancellation);
          }};
}

std::string globals_artifact(const ComponentRecord& record) {
  for (const auto& artifact : record.artifacts) {
    if (artifact.name.ends_with("globals.sql")) return artifact.name;
  }
  return {};
}

int major_version_of(const ComponentRecord& record) {
  return static_cast<int>(number_in(record.server_version));
}

}  // namespace summit::recovery
