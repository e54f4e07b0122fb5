#include "stores/postgres/load_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace summit::postgres {

using pgarchive::Contents;
using pgarchive::Entry;
using pgarchive::Section;

namespace {

// What pg_restore keeps for the end of a run, wherever it stands in the archive.
bool comes_last(const Entry& entry) {
  return entry.is("ACL") || entry.is("ACL LANGUAGE") || entry.is("DEFAULT ACL") ||
         entry.is("MATERIALIZED VIEW DATA");
}

bool is_ours(const Entry& entry) {
  return entry.is("INDEX") || entry.is("CONSTRAINT") || entry.is("INDEX ATTACH") || entry.is("FK CONSTRAINT");
}

class Planner {
 public:
  explicit Planner(const Contents& contents) {
    // Comments, grants and labels have no section of their own: they belong to that of what precedes them.
    Section section = Section::kPreData;
    for (const auto& entry : contents.entries) {
      if (entry.section != Section::kNone) section = entry.section;
      // Since version 17 pg_dump counts what makes large objects among the data.
      sections_[entry.id] = entry.is("BLOB METADATA") ? Section::kPreData : section;
    }
  }

  void place(const Entry& entry) {
    const Section section = sections_.at(entry.id);
    if (entry.is("EVENT TRIGGER") || needs_one_of(entry, event_triggers_)) {
      event_triggers_.insert(fmt::format("{}", entry.id));
      plan_.event_triggers.push_back(&entry);
    } else if (entry.has_data) {
      if (entry.copy) plan_.rows.push_back(&entry);
    } else if (entry.is("SEQUENCE SET")) {
      plan_.sequences.push_back(&entry);
    } else if (section == Section::kPreData && !comes_last(entry)) {
      plan_.before.push_back(&entry);
    } else if (is_ours(entry) && !needs_one_of(entry, after_)) {
      list_of(entry).push_back(&entry);
    } else {
      if (section == Section::kPostData) after_.insert(fmt::format("{}", entry.id));
      plan_.after.push_back(&entry);
    }
  }

  LoadPlan take() { return std::move(plan_); }

 private:
  using Ids = std::unordered_set<std::string>;

  // An archive lists what an entry needs before it.
  static bool needs_one_of(const Entry& entry, const Ids& ids) {
    return std::any_of(entry.dependencies.begin(), entry.dependencies.end(),
                       [&](const std::string& id) { return ids.contains(id); });
  }

  LoadPlan::Entries& list_of(const Entry& entry) {
    if (entry.is("INDEX ATTACH")) return plan_.attachments;
    return entry.is("FK CONSTRAINT") ? plan_.foreign_keys : plan_.builds;
  }

  std::unordered_map<int64_t, Section> sections_;
  Ids after_;
  Ids event_triggers_;
  LoadPlan plan_;
};

}  // namespace

LoadPlan plan_load(const Contents& contents, const std::function<bool(const Entry&)>& chosen) {
  Planner planner(contents);
  for (const auto& entry : contents.entries) {
    if (!chosen || chosen(entry)) planner.place(entry);
  }
  return planner.take();
}

EntryIndex::EntryIndex(const Contents& contents) {
  for (const auto& entry : contents.entries) entries_.emplace(fmt::format("{}", entry.id), &entry);
}

const Entry* EntryIndex::find(const std::string& id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : found->second;
}

const Entry* table_of(const EntryIndex& index, const Entry& rows) {
  for (const auto& id : rows.dependencies) {
    const Entry* entry = index.find(id);
    if (entry && entry->is("TABLE")) return entry;
  }
  return nullptr;
}

}  // namespace summit::postgres
