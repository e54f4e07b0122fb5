#include "stores/redis/capture.h"

#include <algorithm>

#include "core/text.h"
#include "formats/rdb/pattern.h"
#include "formats/rdb/types.h"
#include "formats/rdb/value.h"
#include "stores/redis/own_keys.h"

namespace summit::redis {

namespace {

std::optional<Instant> parse_seconds(std::string_view text) {
  const auto seconds = parse_number<int64_t>(text);
  if (!seconds) return {};
  return Instant(std::chrono::seconds(*seconds));
}

}  // namespace

bool KeyChoice::takes(std::string_view key) const {
  const auto matches = [&](const std::string& pattern) { return rdb::matches_pattern(pattern, key); };
  return (include.empty() || std::ranges::any_of(include, matches)) && !std::ranges::any_of(exclude, matches);
}

bool KeyChoice::takes(const rdb::Record& entry, Instant at) const {
  // An empty list is no limit.
  const auto within = [](const auto& only, const auto& not_these, const auto& one) {
    return (only.empty() || std::ranges::find(only, one) != only.end()) &&
           std::ranges::find(not_these, one) == not_these.end();
  };
  if (!takes(entry.key) || !within(limits.databases, limits.excluded_databases, entry.db)) return false;
  if (!limits.types.empty() || !limits.excluded_types.empty()) {
    const auto type = rdb::data_type_of(entry.type);
    // What is unknown is refused by whoever reads it next.
    if (type.ok() && !within(limits.types, limits.excluded_types, rdb::name_of(*type))) return false;
  }
  if (limits.idle_for.count() > 0 && entry.idle_seconds &&
      *entry.idle_seconds >= static_cast<uint64_t>(limits.idle_for.count()))
    return false;
  return limits.expires_within.count() == 0 || !entry.expires_at_ms ||
         *entry.expires_at_ms > to_milliseconds(at + limits.expires_within);
}

Capture::Capture(std::string store, KeyChoice choice, std::function<Result<void>(ByteView)> output)
    : store_(std::move(store)),
      choice_(std::move(choice)),
      reader_([this](const rdb::Record& record) { return take(record); }),
      rewriter_(std::move(output)) {}

Result<CaptureReport> Capture::finish() {
  RETURN_IF_ERROR(reader_.finish());
  report_.fingerprints = fingerprinter_.finish(store_);
  return report_;
}

Result<void> Capture::take(const rdb::Record& record) {
  using Kind = rdb::Record::Kind;
  if (record.kind == Kind::kHeader) report_.rdb_version = record.version;
  if (record.kind == Kind::kAux && record.name == "ctime") report_.created = parse_seconds(record.text);
  if (record.kind == Kind::kEntry && !count(record)) return {};
  RETURN_IF_ERROR(fingerprinter_.add(record));
  return rewriter_.write(record);
}

bool Capture::count(const rdb::Record& entry) {
  if (is_own_key(entry)) return false;
  if (!choice_.takes(entry, report_.created.value_or(begun_))) {
    ++report_.excluded;
    return false;
  }
  ++report_.keys;
  if (entry.expires_at_ms) ++report_.expiring;
  if (entry.type == static_cast<uint8_t>(rdb::ValueType::kModule2)) ++report_.module_values;
  return true;
}

}  // namespace summit::redis
