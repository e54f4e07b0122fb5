#include "stores/postgres/table_selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "stores/postgres/archive_schema.h"
#include "stores/postgres/load_plan.h"
#include "stores/postgres/sql.h"

namespace summit::postgres {

using pgarchive::Contents;
using pgarchive::Entry;

namespace {

RelationName name_of(const Entry& entry) { return {entry.schema.value_or(""), entry.tag.value_or("")}; }

bool is_internal(const Entry& entry) {
  return (entry.schema && entry.schema->starts_with("_timescaledb_")) || is_chunk(entry);
}

bool names(const std::string& word, const std::string& plain) {
  return word == plain || word == quote_identifier(plain);
}

bool names_table(const std::string& word, const RelationName& name) {
  return word == name.display() || word == name.quoted() || word == name.schema + "." + name.name;
}

// Tables that one word stands for: those of a schema, one by its full name, or one by its bare name.
class Finder {
 public:
  explicit Finder(const Contents& contents) {
    for (const auto& entry : contents.entries) {
      if (entry.is("TABLE") && !is_internal(entry)) tables_.push_back(&entry);
    }
  }

  std::set<int64_t> all() const {
    return matching([](const RelationName&) { return true; });
  }

  Result<std::set<int64_t>> find(const std::string& word) const {
    if (word.ends_with(".*")) {
      const std::string schema = word.substr(0, word.size() - 2);
      return known(word, matching([&](const RelationName& name) { return names(schema, name.schema); }));
    }
    auto exact = matching([&](const RelationName& name) { return names_table(word, name); });
    if (!exact.empty()) return exact;
    auto schema = matching([&](const RelationName& name) { return names(word, name.schema); });
    auto bare = matching([&](const RelationName& name) { return names(word, name.name); });
    if (!schema.empty() && !bare.empty()) {
      return Error(Code::kUsage, "`{}` is a table and a schema of the backup", word)
          .hint(fmt::format("write `{}.*` for the schema, or the table with its schema", word));
    }
    if (bare.size() > 1) {
      return Error(Code::kUsage, "`{}` is the name of {} tables of the backup", word, bare.size())
          .hint("write the table with its schema: " + schemas_of(bare));
    }
    return known(word, schema.empty() ? std::move(bare) : std::move(schema));
  }

 private:
  std::set<int64_t> matching(const std::function<bool(const RelationName&)>& matches) const {
    std::set<int64_t> found;
    for (const auto* table : tables_) {
      if (matches(name_of(*table))) found.insert(table->id);
    }
    return found;
  }

  Result<std::set<int64_t>> known(const std::string& word, std::set<int64_t> found) const {
    if (!found.empty()) return found;
    return Error(Code::kNotFound, "the backup holds no table or schema `{}`", word)
        .hint("it holds " + some_names());
  }

  std::string some_names() const {
    constexpr size_t kShown = 10;
    std::string text;
    for (size_t i = 0; i < std::min(tables_.size(), kShown); ++i)
      text += (i ? ", " : "") + name_of(*tables_[i]).display();
    if (tables_.size() > kShown) text += fmt::format(" and {} more", tables_.size() - kShown);
    return tables_.empty() ? "no tables" : text;
  }

  std::string schemas_of(const std::set<int64_t>& ids) const {
    std::string text;
    for (const auto* table : tables_) {
      if (ids.contains(table->id)) text += (text.empty() ? "" : ", ") + name_of(*table).display();
    }
    return text;
  }

  std::vector<const Entry*> tables_;
};

struct Attachment {
  int64_t parent;
  int64_t partition;
};

std::vector<Attachment> attachments_of(const Contents& contents, const EntryIndex& index) {
  std::vector<Attachment> attachments;
  for (const auto& entry : contents.entries) {
    if (!entry.is("TABLE ATTACH")) continue;
    const Entry* parent = nullptr;
    const Entry* partition = nullptr;
    for (const auto& id : entry.dependencies) {
      const Entry* table = index.find(id);
      if (!table || !table->is("TABLE")) continue;
      // The entry is named after the partition; the other one is the parent.
      const bool is_partition = table->tag == entry.tag && table->schema == entry.schema;
      (is_partition ? partition : parent) = table;
    }
    if (parent && partition) attachments.push_back({parent->id, partition->id});
  }
  return attachments;
}

// A partition belongs to its parent, at any depth.
void add_partitions(const std::vector<Attachment>& attachments, std::set<int64_t>& tables) {
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [parent, partition] : attachments) {
      if (tables.contains(parent)) grown = tables.insert(partition).second || grown;
    }
  }
}

Result<void> refuse_hypertables(const Contents& contents, const EntryIndex& index,
                                const std::set<int64_t>& tables) {
  for (const auto& entry : contents.entries) {
    if (!entry.is("TABLE") || !is_internal(entry)) continue;
    for (const auto& id : entry.dependencies) {
      const Entry* parent = index.find(id);
      if (!parent || !tables.contains(parent->id)) continue;
      return Error(Code::kUnsupported, "{} is a hypertable, which comes back with its whole database only",
                   name_of(*parent).display())
          .hint(fmt::format("leave it out: --exclude={}", name_of(*parent).display()));
    }
  }
  return {};
}

}  // namespace

Result<std::set<int64_t>> select_tables(const Contents& contents, const TableSelection& selection) {
  const Finder finder(contents);
  const EntryIndex index(contents);
  std::set<int64_t> chosen;
  if (selection.only.empty()) chosen = finder.all();
  for (const auto& word : selection.only) {
    ASSIGN_OR_RETURN(const auto found, finder.find(word));
    chosen.insert(found.begin(), found.end());
  }
  const auto attachments = attachments_of(contents, index);
  if (!selection.exact) add_partitions(attachments, chosen);
  std::set<int64_t> left_out;
  for (const auto& word : selection.exclude) {
    ASSIGN_OR_RETURN(const auto found, finder.find(word));
    left_out.insert(found.begin(), found.end());
  }
  add_partitions(attachments, left_out);
  std::erase_if(chosen, [&](int64_t id) { return left_out.contains(id); });
  if (chosen.empty()) {
    return Error(Code::kUsage, "no table of the backup is left to restore")
        .hint("check the words of --only and --exclude");
  }
  RETURN_IF_ERROR(refuse_hypertables(contents, index, chosen));
  return chosen;
}

std::set<int64_t> select_incomplete(const Contents& contents, const std::set<int64_t>& tables) {
  const auto attachments = attachments_of(contents, EntryIndex(contents));
  std::set<int64_t> incomplete;
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [parent, partition] : attachments) {
      const bool has_partition = tables.contains(partition);
      if (!tables.contains(parent)) {
        if (has_partition) grown = incomplete.insert(partition).second || grown;
      } else if (!has_partition || incomplete.contains(partition)) {
        grown = incomplete.insert(parent).second || grown;
      }
    }
  }
  return incomplete;
}

std::set<RelationName> names_of(const Contents& contents, const std::set<int64_t>& tables) {
  std::set<RelationName> found;
  for (const auto& entry : contents.entries) {
    if (tables.contains(entry.id)) found.insert(name_of(entry));
  }
  return found;
}

}  // namespace summit::postgres
