#include "stores/postgres/kept_entries.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace summit::postgres {

namespace {

using pgarchive::Entry;

bool is_table(const Entry& entry) { return entry.is("TABLE") || entry.is("FOREIGN TABLE"); }

// "BLOB" and "BLOBS" until version 16, "BLOB METADATA" since.
bool is_large_object(const Entry& entry) {
  return entry.is("BLOB") || entry.is("BLOBS") || entry.is("BLOB METADATA");
}

RelationName name_of(const Entry& entry) { return {entry.schema.value_or(""), entry.tag.value_or("")}; }

// Entries by their id as dependencies name it.
using ById = std::map<std::string, size_t, std::less<>>;

class Chooser {
 public:
  Chooser(const pgarchive::Contents& contents, const RowSelection& selection)
      : entries_(contents.entries), selection_(selection), dependents_(entries_.size()) {
    for (size_t i = 0; i < entries_.size(); ++i) by_id_[std::to_string(entries_[i].id)] = i;
    for (size_t i = 0; i < entries_.size(); ++i) {
      for (const auto& id : entries_[i].dependencies) {
        if (const auto found = by_id_.find(id); found != by_id_.end())
          dependents_[found->second].push_back(i);
      }
    }
  }

  std::set<size_t> dropped() {
    find_needed();
    std::set<size_t> dropped;
    std::vector<size_t> open;
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (!is_unwanted(entries_[i])) continue;
      if (needed_.contains(i))
        kept_for_others_.push_back(name_of(entries_[i]));
      else if (dropped.insert(i).second)
        open.push_back(i);
    }
    while (!open.empty()) {
      const size_t gone = open.back();
      open.pop_back();
      for (const size_t dependent : dependents_[gone]) {
        if (!needed_.contains(dependent) && dropped.insert(dependent).second) open.push_back(dependent);
      }
    }
    return dropped;
  }

  std::vector<RelationName> kept_for_others() const { return kept_for_others_; }

 private:
  bool is_unwanted(const Entry& entry) const {
    if (is_table(entry)) return !selection_.keeps_definition(name_of(entry));
    return is_large_object(entry) && !selection_.takes_large_objects();
  }

  // A kept table, its defaults, and all that they depend on.
  void find_needed() {
    std::vector<size_t> open;
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (!is_table(entries_[i]) || is_unwanted(entries_[i])) continue;
      open.push_back(i);
      for (const size_t dependent : dependents_[i]) {
        if (entries_[dependent].is("DEFAULT")) open.push_back(dependent);
      }
    }
    while (!open.empty()) {
      const size_t entry = open.back();
      open.pop_back();
      if (!needed_.insert(entry).second) continue;
      for (const auto& id : entries_[entry].dependencies) {
        if (const auto found = by_id_.find(id); found != by_id_.end()) open.push_back(found->second);
      }
    }
  }

  const std::vector<Entry>& entries_;
  const RowSelection& selection_;
  ById by_id_;
  std::vector<std::vector<size_t>> dependents_;
  std::set<size_t> needed_;
  std::vector<RelationName> kept_for_others_;
};

}  // namespace

std::vector<RelationName> keep_entries(pgarchive::Contents& contents, const RowSelection& selection) {
  Chooser chooser(contents, selection);
  const auto dropped = chooser.dropped();
  std::vector<Entry> kept;
  kept.reserve(contents.entries.size() - dropped.size());
  for (size_t i = 0; i < contents.entries.size(); ++i) {
    if (!dropped.contains(i)) kept.push_back(std::move(contents.entries[i]));
  }
  contents.entries = std::move(kept);
  return chooser.kept_for_others();
}

}  // namespace summit::postgres
