#include "stores/postgres/build_schedule.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/wait.h"

namespace summit::postgres {

using pgarchive::Contents;
using pgarchive::Entry;

namespace {

// Tables that belong together, by partitioning or inheritance: each maps to the least of them.
class Families {
 public:
  Families(const Contents& contents, const EntryIndex& index) {
    for (const auto& entry : contents.entries) {
      if (entry.is("TABLE")) join_with_tables(index, entry, entry.id);
      if (entry.is("TABLE ATTACH")) join_with_tables(index, entry, std::nullopt);
    }
  }

  std::unordered_map<int64_t, int64_t> take() {
    std::unordered_map<int64_t, int64_t> families;
    for (const auto& [table, parent] : parent_) families[table] = root(table);
    return families;
  }

 private:
  void join_with_tables(const EntryIndex& index, const Entry& entry, std::optional<int64_t> first) {
    if (first) parent_.try_emplace(*first, *first);
    for (const auto& text : entry.dependencies) {
      const Entry* other = index.find(text);
      if (!other || !other->is("TABLE")) continue;
      parent_.try_emplace(other->id, other->id);
      if (first) unite(*first, other->id);
      first = other->id;
    }
  }
  int64_t root(int64_t table) {
    while (parent_.at(table) != table) table = parent_.at(table) = parent_.at(parent_.at(table));
    return table;
  }
  void unite(int64_t a, int64_t b) {
    a = root(a);
    b = root(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

  std::unordered_map<int64_t, int64_t> parent_;
};

// The tables that an entry names, itself or through the indexes and constraints that it depends on.
std::set<int64_t> tables_of(const EntryIndex& index, const Entry& entry) {
  std::set<int64_t> tables;
  std::set<const Entry*> seen;
  std::vector<const Entry*> open{&entry};
  while (!open.empty()) {
    const Entry* next = open.back();
    open.pop_back();
    for (const auto& id : next->dependencies) {
      const Entry* other = index.find(id);
      if (!other || !seen.insert(other).second) continue;
      if (other->is("TABLE") || other->is("MATERIALIZED VIEW")) {
        tables.insert(other->id);
      } else if (other->is("CONSTRAINT") || other->is("INDEX")) {
        open.push_back(other);
      }
    }
  }
  return tables;
}

bool overlap(const std::set<int64_t>& a, const std::set<int64_t>& b) {
  return std::any_of(a.begin(), a.end(), [&](int64_t table) { return b.contains(table); });
}

}  // namespace

double build_cost(const Entry& entry, const TableSize& table) {
  struct Kind {
    std::string_view method;
    double factor;
  };
  // Relative to a B-tree, from builds of tables of the same size.
  static constexpr Kind kKinds[] = {{" USING hnsw ", 100}, {" USING ivfflat ", 10}, {" USING gin ", 8},
                                    {" USING gist ", 8},   {" USING spgist ", 4},   {" USING brin ", 0.3}};
  // To sort the entry of a row takes as long as to read so many bytes of the table: of six million rows of 35
  // bytes and half a million of 2 KB, the first took four times as long.
  constexpr double kBytesPerRow = 600;
  const double cost =
      std::max(1.0, static_cast<double>(table.bytes) + kBytesPerRow * static_cast<double>(table.rows));
  const std::string_view definition = entry.definition ? std::string_view(*entry.definition) : "";
  for (const auto& kind : kKinds) {
    if (definition.find(kind.method) != std::string::npos) return cost * kind.factor;
  }
  return cost;
}

std::map<int64_t, double> builds_of_tables(const Contents& contents, const LoadPlan::Entries& entries) {
  const EntryIndex index(contents);
  std::map<int64_t, double> builds;
  for (const auto* entry : entries)
    for (const int64_t table : tables_of(index, *entry)) builds[table] += build_cost(*entry, {.bytes = 1});
  return builds;
}

BuildSchedule::BuildSchedule(const Contents& contents, const LoadPlan::Entries& entries,
                             const std::set<int64_t>& loading) {
  const EntryIndex index(contents);
  family_ = Families(contents, index).take();
  for (const auto* entry : entries) {
    Item item;
    item.entry = entry;
    item.tables = tables_of(index, *entry);
    await_tables(loading, item);
    item.cost = build_cost(*entry, item.table);
    add_locks(item);
    cost_left_ += item.cost;
    items_.push_back(std::move(item));
  }
  rank_items();
  std::unordered_map<const Entry*, size_t> position;
  for (size_t i = 0; i < items_.size(); ++i) position[items_[i].entry] = i;
  for (auto& item : items_) {
    for (const auto& id : item.entry->dependencies) {
      const auto found = position.find(index.find(id));
      if (found != position.end()) item.needs.push_back(found->second);
    }
  }
  waiting_ = items_.size();
}

void BuildSchedule::loaded(const std::map<int64_t, TableSize>& tables) {
  const std::lock_guard lock(mutex_);
  for (auto& item : items_) {
    std::erase_if(item.loading, [&](int64_t table) { return tables.contains(table); });
    const double cost_before = item.cost;
    for (const int64_t table : item.tables) {
      const auto found = tables.find(table);
      if (found == tables.end()) continue;
      item.table.bytes += found->second.bytes;
      item.table.rows += found->second.rows;
    }
    item.cost = build_cost(*item.entry, item.table);
    cost_left_ += item.cost - cost_before;
  }
  rank_items();
  changed_.notify_all();
}

void BuildSchedule::rank_items() {
  std::unordered_map<int64_t, double> most_of_table;
  for (const auto& item : items_) {
    for (const int64_t table : item.shares) {
      double& most = most_of_table[table];
      most = std::max(most, item.cost);
    }
  }
  for (auto& item : items_) {
    item.rank = item.cost;
    for (const int64_t table : item.owns) {
      const auto most = most_of_table.find(table);
      if (most != most_of_table.end()) item.rank += most->second;
    }
  }
}

// A COPY into a partition locks its parent, too: what is built on that waits for its partitions, or it would
// keep a connection waiting for the lock.
void BuildSchedule::await_tables(const std::set<int64_t>& loading, Item& item) const {
  const auto family = [&](int64_t table) {
    const auto found = family_.find(table);
    return found == family_.end() ? table : found->second;
  };
  std::set<int64_t> parents;
  for (const int64_t table : item.tables) {
    if (loading.contains(table)) {
      item.loading.insert(table);
    } else {
      parents.insert(family(table));
    }
  }
  if (parents.empty()) return;
  for (const int64_t table : loading)
    if (parents.contains(family(table))) item.loading.insert(table);
}

void BuildSchedule::add_locks(Item& item) const {
  if (item.entry->is("INDEX")) {
    item.shares = item.tables;
  } else if (item.entry->is("CONSTRAINT")) {
    item.owns = item.tables;
  } else {
    for (const int64_t table : item.tables) {
      const auto family = family_.find(table);
      item.owns.insert(family == family_.end() ? table : family->second);
    }
  }
}

bool BuildSchedule::may_begin(const Item& item) const {
  if (item.state != Item::State::kWaiting || !item.loading.empty()) return false;
  for (const size_t needed : item.needs) {
    if (items_[needed].state != Item::State::kDone) return false;
  }
  return std::none_of(running_.begin(), running_.end(), [&](size_t index) {
    const Item& other = items_[index];
    return overlap(item.owns, other.owns) || overlap(item.owns, other.shares) ||
           overlap(item.shares, other.owns);
  });
}

bool BuildSchedule::is_loading() const {
  return std::any_of(items_.begin(), items_.end(), [](const Item& item) { return !item.loading.empty(); });
}

Result<std::optional<BuildSchedule::Build>> BuildSchedule::next(const Cancellation& cancellation) {
  std::unique_lock lock(mutex_);
  for (;;) {
    RETURN_IF_ERROR(cancellation.check());
    if (waiting_ == 0) return std::optional<Build>();
    auto item = items_.end();
    for (auto each = items_.begin(); each != items_.end(); ++each)
      if ((item == items_.end() || each->rank > item->rank) && may_begin(*each)) item = each;
    if (item != items_.end()) {
      item->state = Item::State::kRunning;
      --waiting_;
      running_.push_back(static_cast<size_t>(item - items_.begin()));
      return std::optional(Build{static_cast<size_t>(item - items_.begin()), item->entry, item->table.bytes,
                                 item->cost / cost_left_});
    }
    if (running_.empty() && !is_loading())
      return Error(Code::kCorrupt, "indexes and constraints of the archive depend on each other in a circle");
    changed_.wait_for(lock, kCancellationInterval);
  }
}

void BuildSchedule::done(const Build& build) {
  const std::lock_guard lock(mutex_);
  items_[build.index].state = Item::State::kDone;
  cost_left_ -= items_[build.index].cost;
  std::erase(running_, build.index);
  changed_.notify_all();
}

}  // namespace summit::postgres
