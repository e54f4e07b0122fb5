#include "recovery/lost_tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <vector>

namespace summit::recovery {
namespace {

// A plan is read in one go: whoever wants all has the database at hand.
constexpr size_t kNamesShown = 10;

std::set<std::string> tables_in(const repository::ComponentRecord& backup, const std::string& prefix) {
  std::set<std::string> names;
  for (const auto& fingerprint : backup.fingerprints) {
    const bool held = fingerprint.kind == "table" || fingerprint.kind == "materialized_view" ||
                      (fingerprint.kind == "hypertable" && fingerprint.count > 0);
    if (held && fingerprint.name.starts_with(prefix)) names.insert(fingerprint.name.substr(prefix.size()));
  }
  return names;
}

}  // namespace

std::string describe_lost(const postgres::Inventory& here, const repository::ComponentRecord& backup,
                          const std::string& prefix) {
  const auto held = tables_in(backup, prefix);
  std::vector<std::string> lost;
  for (const auto& table : here.tables) {
    if (!held.contains(table.name.display())) lost.push_back(table.name.display());
  }
  std::ranges::sort(lost);
  std::string text;
  if (!lost.empty()) {
    const auto shown = std::min(lost.size(), kNamesShown);
    const std::vector<std::string> names(lost.begin(), lost.begin() + static_cast<ptrdiff_t>(shown));
    text = fmt::format("the backup holds {} of the {} tables that are here: the rest goes: {}",
                       here.tables.size() - lost.size(), here.tables.size(), fmt::join(names, ", "));
    if (lost.size() > shown) text += fmt::format(", … (and {} more)", lost.size() - shown);
  }
  if (here.large_objects > 0)
    text += fmt::format("{}{} large objects go: the backup holds none", text.empty() ? "" : "; ",
                        here.large_objects);
  return text;
}

}  // namespace summit::recovery
