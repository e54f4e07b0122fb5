#include "repository/place/plain_ledger.h"

#include "core/bytes.h"

namespace summit::repository {
namespace {

constexpr std::string_view kPins = ".ledger/pins/";
constexpr std::string_view kVerified = ".ledger/verified/";
constexpr uint64_t kLargestEntry = 64 * KiB;

std::string entry_key(std::string_view folder, std::string_view id) {
  return fmt::format("{}{}", folder, id);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// Nothing when there is none.
Result<std::optional<std::string>> line_of(storage::ObjectStore& store, const std::string& key,
                                           const Cancellation& cancellation) {
  const auto text = storage::get_whole(store, key, kLargestEntry, cancellation);
  if (text.ok()) return std::optional(first_line(*text));
  if (text.error().code() == Code::kNotFound) return std::optional<std::string>();
  return text.error();
}

Result<void> put_line(storage::ObjectStore& store, const std::string& key, const std::string& line) {
  return store.put(key, as_bytes(first_line(line) + "\n"));
}

}  // namespace

Result<PlainLedger::Entries> PlainLedger::read(const Cancellation& cancellation) const {
  Entries entries;
  for (const auto folder : {kPins, kVerified}) {
    RETURN_IF_ERROR(store_.list(
        folder, "",
        [&](const storage::ObjectInfo& object) -> Result<bool> {
          entries.try_emplace(object.key.substr(folder.size()));
          return true;
        },
        cancellation));
  }
  for (auto& [id, entry] : entries) {
    ASSIGN_OR_RETURN(entry, read(id, cancellation));
  }
  return entries;
}

Result<PlainLedger::Entry> PlainLedger::read(const std::string& id, const Cancellation& cancellation) const {
  Entry entry;
  ASSIGN_OR_RETURN(entry.pin, line_of(store_, entry_key(kPins, id), cancellation));
  ASSIGN_OR_RETURN(const auto verified, line_of(store_, entry_key(kVerified, id), cancellation));
  if (verified) entry.verified = from_rfc3339(*verified);
  return entry;
}

Result<void> PlainLedger::pin(const std::string& id, const std::string& reason) {
  return put_line(store_, entry_key(kPins, id), reason);
}

Result<void> PlainLedger::unpin(const std::string& id) { return store_.remove(entry_key(kPins, id)); }

Result<void> PlainLedger::note_verified(const std::string& id, Instant at) {
  return put_line(store_, entry_key(kVerified, id), to_rfc3339(at));
}

Result<void> PlainLedger::note_doubted(const std::string& id) {
  return store_.remove(entry_key(kVerified, id));
}

Result<void> PlainLedger::forget(const std::string& id) {
  RETURN_IF_ERROR(note_doubted(id));
  return unpin(id);
}

}  // namespace summit::repository
