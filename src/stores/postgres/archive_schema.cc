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

using Columns = std::map<std::string, ArchivedColumn, std::less<>>;

// Behind the bracket that `open` is, the position of the one that closes it.
size_t closing_bracket(const Words& words, size_t open) {
  int depth = 0;
  for (size_t at = open; at < words.size(); ++at) {
    depth += words[at].text == "(" ? 1 : words[at].text == ")" ? -1 : 0;
    if (depth == 0) return at;
  }
  return words.size();
}

// The elements between two brackets, each from its first word to behind its last.
std::vector<std::pair<size_t, size_t>> elements_between(const Words& words, size_t open, size_t close) {
  std::vector<std::pair<size_t, size_t>> elements;
  size_t begin = open + 1;
  for (size_t at = begin; at < close; ++at) {
    if (words[at].text == "(") at = closing_bracket(words, at);
    if (at < close && words[at].text != ",") continue;
    elements.emplace_back(begin, std::min(at, close));
    begin = at + 1;
  }
  if (begin < close) elements.emplace_back(begin, close);
  return elements;
}

// The text from `begin` on that names a type.
std::string type_at(const std::string& definition, const Words& words, size_t begin, size_t end) {
  static const std::set<std::string_view> kBehindType = {
      "COLLATE", "DEFAULT", "NOT", "CONSTRAINT", "CHECK", "STORAGE", "COMPRESSION", "GENERATED", ";"};
  size_t behind = begin;
  while (behind < end &&
         (words[behind].kind == Word::Kind::kQuoted || !kBehindType.contains(words[behind].text)))
    ++behind;
  if (behind == begin) return {};
  const auto& last = words[behind - 1];
  return definition.substr(words[begin].offset, last.offset + last.length - words[begin].offset);
}

// "name character varying(20) DEFAULT 'x'::character varying NOT NULL"
void add_column(const std::string& definition, const Words& words, size_t begin, size_t end,
                Columns& columns) {
  if (!words[begin].is_name()) return;
  auto& column = columns[words[begin].text];
  column.type = type_at(definition, words, begin + 1, end);
  for (size_t at = begin + 1; at + 1 < end; ++at)
    column.required = column.required || (words[at].is("NOT") && words[at + 1].is("NULL"));
}

// "CONSTRAINT users_email_not_null NOT NULL email", as PostgreSQL 18 writes it of inherited columns.
void add_constraint(const Words& words, size_t begin, size_t end, Columns& columns) {
  if (begin + 4 < end && words[begin + 2].is("NOT") && words[begin + 3].is("NULL"))
    columns[words[begin + 4].text].required = true;
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
    const RelationName name{entry.schema.value_or(""), entry.tag.value_or("")};
    if (entry.is("TABLE")) note_table(name, definition, is_chunk(entry));
    if (is_chunk(entry)) partitions_.insert(name);
    if (entry.is("DOMAIN")) note_domain(definition);
    if (entry.is("TABLE ATTACH")) note_partition(definition);
    if (entry.is("CONSTRAINT")) note_key(definition);
    if (entry.is("FK CONSTRAINT")) note_reference(definition);
  }

  // CREATE TABLE public.billing (id bigint NOT NULL, …) PARTITION BY RANGE (due)
  // A chunk's range is in its checks: CONSTRAINT constraint_33 CHECK ((("time" >= …) AND ("time" < …)))
  void note_table(const RelationName& name, const std::string& definition, bool chunk) {
    note_inheritance(name, definition);
    const auto words = words_of(definition);
    size_t open = 0;
    while (open < words.size() && words[open].text != "(") ++open;
    const size_t close = closing_bracket(words, open);
    for (const auto& [begin, end] : elements_between(words, open, close)) {
      const bool constraint = words[begin].is("CONSTRAINT");
      if (!constraint) add_column(definition, words, begin, end, columns_[name]);
      if (constraint) add_constraint(words, begin, end, columns_[name]);
      if (constraint && chunk) note_placing(name, words, begin, end);
    }
    for (size_t at = close; at + 1 < words.size(); ++at) {
      if (words[at].is("PARTITION") && words[at + 1].is("BY")) note_placing(name, words, at, words.size());
    }
  }

  // CREATE DOMAIN public.email_address AS text CONSTRAINT …
  void note_domain(const std::string& definition) {
    const auto words = words_of(definition);
    constexpr size_t kAs = 5;
    if (words.size() <= kAs + 1 || !words[kAs].is("AS")) return;
    const auto name = definition.substr(words[2].offset, words[4].offset + words[4].length - words[2].offset);
    domains_[name] = type_at(definition, words, kAs + 1, words.size());
  }

  // Of a domain the type that it narrows; a domain may narrow another.
  std::string base_type(std::string type) const {
    for (auto found = domains_.find(type); found != domains_.end(); found = domains_.find(type))
      type = found->second;
    return type;
  }

  // All names but those of types: which are columns is known when there is a row.
  void note_placing(const RelationName& name, const Words& words, size_t begin, size_t end) {
    bool type = false;
    for (size_t at = begin; at < end; ++at) {
      const bool cast = at + 1 < end && words[at].text == ":" && words[at + 1].text == ":";
      type = cast || (type && (words[at].is_name() || words[at].text == ":"));
      if (!type && words[at].is_name()) placing_[name].insert(words[at].text);
    }
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
    for (size_t i = at; i + 1 < words.size(); ++i) {
      if (words[i].is("NOT") && (words[i + 1].is("VALID") || words[i + 1].is("ENFORCED")))
        reference.checked = false;
    }
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
    add_definitions(table.name, table);
    for (const auto& ancestor : table.ancestors) add_definitions(ancestor, table);
    for (const auto* name = &table.name; name != nullptr; name = next(table, *name)) {
      const auto key = keys_.find(*name);
      if (key == keys_.end()) continue;
      table.key = key->second;
      break;
    }
    return table;
  }

  // What its own definition does not say, an ancestor's does.
  void add_definitions(const RelationName& name, ArchivedTable& table) const {
    if (const auto found = columns_.find(name); found != columns_.end()) {
      for (const auto& [column, definition] : found->second) {
        auto& known = table.definitions[column];
        if (known.type.empty()) known.type = base_type(definition.type);
        known.required = known.required || definition.required;
      }
    }
    const auto found = placing_.find(name);
    if (found == placing_.end()) return;
    for (const auto& column : table.columns) {
      if (found->second.contains(column)) table.placing.insert(column);
    }
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
  std::map<RelationName, Columns> columns_;
  std::map<std::string, std::string> domains_;  // the types that they narrow, as written
  std::map<RelationName, std::set<std::string>> placing_;
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
