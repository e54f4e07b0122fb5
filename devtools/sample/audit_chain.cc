#include "devtools/sample/audit_chain.h"

#include <fmt/format.h>

#include "core/digest.h"
#include "devtools/sample/vocabulary.h"

namespace summit::sample {

namespace {

const std::vector<std::string> kActions{
    "login", "logout", "read", "update", "export", "grant", "revoke", "policy.decision", "backup.start"};

std::string member(std::string_view name, char type, std::string_view value) {
  return fmt::format("{}:{}={}{}:{}\n", name.size(), name, type, value.size(), value);
}

std::string member(std::string_view name, const std::optional<std::string>& value) {
  return value ? member(name, 's', *value) : member(name, 'z', "");
}

// Members in ascending order of their names.
std::string canonical_form(const AuditEntry& entry) {
  return member("action", 's', entry.action) + member("actor", 's', entry.actor) + member("ip", entry.ip) +
         member("prev_hash", 's', entry.prev_hash) + member("seq", 'i', std::to_string(entry.seq)) +
         member("target", entry.target) + member("tenant_id", 's', entry.tenant) +
         member("ts", 's', timestamp(entry.at));
}

std::string json_or_null(const std::optional<std::string>& text) {
  return text ? json_string(*text) : "null";
}

}  // namespace

std::string AuditEntry::to_json() const {
  return fmt::format(
      R"({{"seq":{},"ts":"{}","tenant_id":{},"actor":{},"action":{},"target":{},"ip":{},"prev_hash":"{}","hash":"{}"}})",
      seq, timestamp(at), json_string(tenant), json_string(actor), json_string(action), json_or_null(target),
      json_or_null(ip), prev_hash, hash);
}

AuditEntry AuditChain::next() {
  constexpr int64_t kYear = int64_t{365} * 86'400'000'000;
  AuditEntry entry;
  entry.seq = ++seq_;
  Random random = world_.random("audit", entry.seq);
  // Evenly over the last year, in order.
  const int64_t step = kYear / static_cast<int64_t>(length());
  entry.at = world_.until() - kYear + static_cast<int64_t>(entry.seq - 1) * step +
             static_cast<int64_t>(random.below(static_cast<uint64_t>(step)));
  const Person person = world_.user(1 + random.below(world_.users()));
  entry.tenant = person.tenant;
  entry.actor = person.email;
  entry.action = random.pick(kActions);
  if (random.chance(0.8))
    entry.target = random.chance(0.05) ? random.pick(awkward_texts())
                                       : fmt::format("entity/{}", 1 + random.below(world_.entities()));
  if (random.chance(0.9)) entry.ip = ip_address(random);
  entry.prev_hash = last_hash_;
  entry.hash = to_hex(sha256(as_bytes(canonical_form(entry))));
  last_hash_ = entry.hash;
  return entry;
}

}  // namespace summit::sample
