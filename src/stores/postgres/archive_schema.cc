#include "stores/postgres/archive_schema.h"

#include <algorithm>
#include <set>

#include "stores/postgres/load_plan.h"

namespace summit::postgres {

using pgarchive::Contents;
using pgarchive::Entry;

using Words = std::vector<Word>;

namespace {

// "(a, b)", its bracket at or behind `position`, which comes to stand behind it.
std::vector<std::string> names_in_brackets(const Words& words, size_t& position) {
  std::vector<std::string> names;
  while (position < words.size() && words[position].text != "(") ++position;
  for (++position; position < words.size() && words[position].text != ")"; ++position) {
    if (words[position].is_name()) names.push_back(words[position].text);
  }
  return names;
}

class Reader {
 public:
  explicit Reader(const Contents& contents) : contents_(contents), index_(contents) {
    for (const auto& entry : contents.entries) note(entry);
  }

  ArchiveSchema read() && {
    for (const auto& entry : contents_.entries) {
      if (entry.is("TABLE DATA") && entry.has_data) schema_.tables[entry.id] = table_of_rows(entry);
    }
    return std::move(schema_);
  }

 private:
  void note(const Entry& entry) {
    const auto& definition = entry.definition.value_or("");
    if (entry.is("TABLE")) note_inheritance({entry.schema.value_or(""), entry.tag.value_or("")}, definition);
    if (is_chunk(entry)) partitions_.insert({entry.schema.value_or(""), entry.tag.value_or("")});
    if (entry.is("TABLE ATTACH")) note_partition(definition);
    if (entry.is("CONSTRAINT")) note_key(definition);
    if (entry.is("FK CONSTRAINT")) note_reference(definition);
  }

  // CREATE TABLE public.ships (…) INHERITS (public.vehicles)
  void note_inheritance(const RelationName& name, const std::string& definition) {
    if (definition.find("INHERITS") == std::string::npos) return;
    const auto words = words_of(definition);
    for (size_t i = 0; i + 1 < words.size(); ++i) {
      if (!words[i].is("INHERITS") || words[i + 1].text != "(") continue;
      for (size_t at = i + 2; at < words.size() && words[at].text != ")"; ++at) {
        if (const auto parent = name_at(words, at)) parents_[name].push_back(*parent);
      }
    }
  }

  // ALTER TABLE ONLY public.billing ATTACH PARTITION public.billing_2025 FOR VALUES …
  void note_partition(const std::string& definition) {
    const auto words = words_of(definition);
    for (size_t i = 3; i + 1 < words.size(); ++i) {
      if (!words[i].is("ATTACH") || !words[i + 1].is("PARTITION")) continue;
      const auto parent = name_at(words, i - 3);
      const auto part = name_at(words, i + 2);
      if (!parent || !part) continue;
      parents_[*part].push_back(*parent);
      partitions_.insert(*part);
    }
  }

  // The table of "ALTER TABLE ONLY public.users ADD CONSTRAINT …", and where the constraint's words begin.
  static std::optional<RelationName> altered(const Words& words, size_t& at) {
    for (at = 0; at + 1 < words.size() && !words[at].is("ADD");) ++at;
    return at < 3 || !words[at].is("ADD") ? std::nullopt : name_at(words, at - 3);
  }

  void note_key(const std::string& definition) {
    const auto words = words_of(definition);
    size_t at = 0;
    const auto table = altered(words, at);
    while (at + 1 < words.size() && !(words[at].is("PRIMARY") && words[at + 1].is("KEY"))) ++at;
    if (table && at + 1 < words.size()) keys_[*table] = names_in_brackets(words, at);
  }

  void note_reference(const std::string& definition) {
    const auto words = words_of(definition);
    size_t at = 0;
    const auto table = altered(words, at);
    while (at < words.size() && !words[at].is("FOREIGN")) ++at;
    if (!table || at == words.size()) return;
    ArchivedReference reference{*table, names_in_brackets(words, at), {}, {}};
    while (at < words.size() && !words[at].is("REFERENCES")) ++at;
    const auto to = name_at(words, at + 1);
    if (!to) return;
    reference.to = *to;
    reference.to_columns = names_in_brackets(words, at);
    schema_.references.push_back(std::move(reference));
  }

  ArchivedTable table_of_rows(const Entry& entry) const {
    ArchivedTable table;
    table.name = {entry.schema.value_or(""), entry.tag.value_or("")};
    table.columns = copied_columns(entry.copy.value_or(""));
    table.of_extension = postgres::table_of(index_, entry) == nullptr;
    add_ancestors(table.name, table.ancestors);
    table.is_part = partitions_.contains(table.name);
    for (const auto* name = &table.name; name != nullptr; name = next(table, *name)) {
      const auto key = keys_.find(*name);
      if (key == keys_.end()) continue;
      table.key = key->second;
      break;
    }
    return table;
  }

  static const RelationName* next(const ArchivedTable& table, const RelationName& name) {
    const auto found = std::find(table.ancestors.begin(), table.ancestors.end(), name);
    const auto following = found == table.ancestors.end() ? table.ancestors.begin() : found + 1;
    return following == table.ancestors.end() ? nullptr : &*following;
  }

  void add_ancestors(const RelationName& name, std::vector<RelationName>& ancestors) const {
    const auto found = parents_.find(name);
    if (found == parents_.end()) return;
    for (const auto& parent : found->second) {
      if (std::find(ancestors.begin(), ancestors.end(), parent) != ancestors.end()) continue;
      ancestors.push_back(parent);
      add_ancestors(parent, ancestors);
    }
  }

  const Contents& contents_;
  EntryIndex index_;
  std::map<RelationName, std::vector<RelationName>> parents_;
  std::set<RelationName> partitions_;  // and chunks
  std::map<RelationName, std::vector<std::string>> keys_;
  ArchiveSchema schema_;
};

// "cust_104_chunk"
bool is_named_as_chunk(std::string_view name) {
  constexpr std::string_view kEnd = "_chunk";
  if (!name.ends_with(kEnd)) return false;
  name.remove_suffix(kEnd.size());
  const size_t digits = name.find_last_not_of("0123456789");
  return digits != std::string_view::npos && digits + 1 < name.size() && name[digits] == '_';
}

}  // namespace

// CREATE TABLE telemetry.cust_104_chunk (CONSTRAINT constraint_33 CHECK (…)) INHERITS (public.custom)
bool is_chunk(const Entry& entry) {
  if (!entry.is("TABLE") || !entry.definition) return false;
  if (entry.definition->find("INHERITS") == std::string::npos) return false;
  if (entry.schema == "_timescaledb_internal") return true;
  return is_named_as_chunk(entry.tag.value_or("")) &&
         entry.definition->find("CONSTRAINT constraint_") != std::string::npos;
}

std::optional<RelationName> name_at(const Words& words, size_t position) {
  if (position + 2 >= words.size() || !words[position].is_name() || words[position + 1].text != ".")
    return std::nullopt;
  return RelationName{words[position].text, words[position + 2].text};
}

ArchiveSchema read_archive_schema(const Contents& contents) { return Reader(contents).read(); }

RelationName copied_relation(const std::string& copy) {
  const auto words = words_of(copy);
  if (words.size() < 4 || !words[0].is("COPY")) return {};
  if (const auto qualified = name_at(words, 1)) return *qualified;
  return {"", words[1].text};
}

std::vector<std::string> copied_columns(const std::string& copy) {
  const auto words = words_of(copy);
  size_t at = 0;
  return names_in_brackets(words, at);
}

}  // namespace summit::postgres
