#include "stores/redis/fingerprint.h"

#include "stores/redis/own_keys.h"

namespace summit::redis {

namespace {

std::optional<int64_t> milliseconds_of(std::optional<Instant> instant) {
  if (!instant) return {};
  return to_milliseconds(*instant);
}

Fingerprint named(const std::string& store, std::string kind, std::string name, const SetHash& hash) {
  return {store, std::move(kind), std::move(name), hash.count(), hash.hex()};
}

}  // namespace

int64_t to_milliseconds(Instant instant) {
  return std::chrono::floor<std::chrono::milliseconds>(instant.time_since_epoch()).count();
}

Fingerprinter::Fingerprinter(std::optional<Instant> not_expired_at)
    : digester_(milliseconds_of(not_expired_at)) {}

Result<void> Fingerprinter::add(const rdb::Record& record) {
  if (record.kind == rdb::Record::Kind::kFunction) {
    functions_.add(as_bytes(record.text));
    return {};
  }
  if (record.kind != rdb::Record::Kind::kEntry || is_own_key(record)) return {};
  ASSIGN_OR_RETURN(const auto digest, digester_.digest(record));
  if (digest) key_spaces_[record.db].add(*digest);
  return {};
}

std::vector<Fingerprint> Fingerprinter::finish(const std::string& store) const {
  std::vector<Fingerprint> fingerprints;
  if (functions_.count() > 0) fingerprints.push_back(named(store, "functions", "libraries", functions_));
  for (const auto& [db, hash] : key_spaces_)
    fingerprints.push_back(named(store, "key_space", fmt::format("db{}", db), hash));
  return fingerprints;
}

Result<FingerprintPair> fingerprint(const RdbSource& source, const std::string& store,
                                    Instant not_expired_at) {
  Fingerprinter all;
  Fingerprinter not_expired(not_expired_at);
  const auto add = [&](const rdb::Record& record) -> Result<void> {
    RETURN_IF_ERROR(all.add(record));
    return not_expired.add(record);
  };
  RETURN_IF_ERROR(read_records(source, add));
  return FingerprintPair{all.finish(store), not_expired.finish(store)};
}

}  // namespace summit::redis
