#include "repository/set_growth.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <ratio>
#include <tuple>

namespace summit::repository {
namespace {

using Days = std::chrono::duration<double, std::ratio<86400>>;
constexpr Days kShortest = std::chrono::hours(1);

void fill_rates(SetGrowth& growth) {
  const auto& oldest = growth.backups.front();
  const auto& newest = growth.backups.back();
  const Days between = newest.started - oldest.started;
  if (between < kShortest) return;
  growth.native_growth_per_day =
      (static_cast<double>(newest.native_bytes) - static_cast<double>(oldest.native_bytes)) / between.count();
  growth.stored_growth_per_day =
      static_cast<double>(growth.stored_bytes - oldest.added_bytes) / between.count();
}

}  // namespace

double SetGrowth::deduplication() const {
  return stored_bytes == 0 ? 1 : static_cast<double>(native_bytes) / static_cast<double>(stored_bytes);
}

std::vector<SetGrowth> growth_of_sets(std::vector<BackupUse> backups) {
  std::ranges::sort(backups, [](const BackupUse& a, const BackupUse& b) {
    return std::tie(a.started, a.id) < std::tie(b.started, b.id);
  });
  std::map<std::string, SetGrowth> sets;
  for (BackupUse& backup : backups) {
    SetGrowth& growth = sets[backup.set];
    growth.set = backup.set;
    growth.native_bytes += backup.native_bytes;
    growth.stored_bytes += backup.added_bytes;
    growth.backups.push_back(std::move(backup));
  }
  std::vector<SetGrowth> all;
  for (auto& [name, growth] : sets) {
    fill_rates(growth);
    all.push_back(std::move(growth));
  }
  return all;
}

}  // namespace summit::repository
