#include "stores/postgres/merge/archive_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "stores/postgres/archive_schema.h"

namespace summit::postgres::merge {

namespace {

// What may follow the type of a column in what pg_dump writes.
bool ends_type(const Word& word) {
  constexpr std::array kEnds = {"NOT",     "NULL",        "DEFAULT", "COLLATE", "GENERATED", "CONSTRAINT",
                                "STORAGE", "COMPRESSION", "PRIMARY", "CHECK",   "OPTIONS"};
  return std::any_of(kEnds.begin(), kEnds.end(), [&](const char* end) { return word.is(end); });
}

class Mapper {
 public:
  Mapper(const pgarchive::Contents& contents, const Target& target) : target_(target) {
    for (const auto& entry : contents.entries) {
      const RelationName name{entry.schema.value_or(""), entry.tag.value_or("")};
      if (entry.is("TABLE")) definitions_[name] = entry.definition.value_or("");
      if (is_chunk(entry)) note_inheritance(name, *entry.definition);
      if (entry.is("TABLE ATTACH")) note_parent(entry.definition.value_or(""));
    }
  }

  Result<ArchiveMapping> map(const pgarchive::Contents& contents) {
    ArchiveMapping mapping;
    for (const auto& entry : contents.entries) {
      if (!entry.is("TABLE DATA") || !entry.has_data) continue;
      const RelationName name{entry.schema.value_or(""), entry.tag.value_or("")};
      const auto table = table_for(name);
      if (!table && name.schema.starts_with("_timescaledb_") && !parents_.contains(name)) continue;
      if (!table) {
        mapping.without_table[entry.id] = name;
        continue;
      }
      ArchivedTable archived{*table, copied_columns(entry.copy.value_or(""))};
      check_columns(name, archived);
      mapping.tables[entry.id] = std::move(archived);
    }
    if (problems_.empty()) return mapping;
    return Error(Code::kUnsupported, "the rows of the backup do not fit the tables as they are now: {}",
                 fmt::join(problems_, "; "))
        .hint(
            "bring the tables back to the backup's definitions, or restore into a new database with --into");
  }

 private:
  // ALTER TABLE ONLY public.billing ATTACH PARTITION public.billing_2025 FOR VALUES …
  void note_parent(const std::string& definition) {
    const auto words = words_of(definition);
    for (size_t i = 0; i + 1 < words.size(); ++i) {
      if (!words[i].is("ATTACH") || !words[i + 1].is("PARTITION") || i < 3) continue;
      const auto parent = name_at(words, i - 3);
      const auto part = name_at(words, i + 2);
      if (parent && part) parents_[*part] = *parent;
    }
  }

  // A chunk inherits from its hypertable; other tables that inherit hold rows of their own.
  void note_inheritance(const RelationName& name, const std::string& definition) {
    const auto words = words_of(definition);
    for (size_t i = 0; i + 1 < words.size(); ++i) {
      if (!words[i].is("INHERITS")) continue;
      if (const auto parent = name_at(words, i + 2)) parents_[name] = *parent;
    }
  }

  std::optional<size_t> table_for(RelationName name) const {
    // Partitions nest, though never as deep as there are tables.
    for (size_t depth = 0; depth <= definitions_.size(); ++depth) {
      if (const auto found = target_.rules.graph.holder_index(name)) return found;
      const auto parent = parents_.find(name);
      if (parent == parents_.end()) return std::nullopt;
      name = parent->second;
    }
    return std::nullopt;
  }

  void check_columns(const RelationName& name, const ArchivedTable& archived) {
    const auto& table = target_.tables[archived.table];
    const auto definition = definitions_.find(name);
    const auto defined =
        definition == definitions_.end() ? std::vector<Column>() : defined_columns(definition->second);
    const auto is_archived = [&](const std::string& column) {
      return std::find(archived.columns.begin(), archived.columns.end(), column) != archived.columns.end();
    };
    for (const auto& column : archived.columns) {
      const auto* here = table.column(column);
      const auto there =
          std::find_if(defined.begin(), defined.end(), [&](const Column& c) { return c.name == column; });
      if (!here) {
        problem(archived.table, column, "is not there");
      } else if (here->generated) {
        problem(archived.table, column, "is computed here and was not in the backup");
      } else if (there != defined.end() && there->type != here->type) {
        problem(archived.table, column,
                fmt::format("is {} here and was {} in the backup", here->type, there->type));
      }
    }
    for (const auto& column : table.columns) {
      if (column.required && !is_archived(column.name))
        problem(archived.table, column.name, "must not be NULL, has no default and is not in the backup");
    }
  }

  void problem(size_t table, const std::string& column, const std::string& what) {
    const auto text = fmt::format("{}.{} {}", target_.name(table).display(), column, what);
    if (std::find(problems_.begin(), problems_.end(), text) == problems_.end()) problems_.push_back(text);
  }

  const Target& target_;
  std::map<RelationName, std::string> definitions_;
  std::map<RelationName, RelationName> parents_;  // of partitions and chunks, as the archive has them
  std::vector<std::string> problems_;
};

}  // namespace

Result<ArchiveMapping> map_archive(const pgarchive::Contents& contents, const Target& target) {
  return Mapper(contents, target).map(contents);
}

std::vector<Column> defined_columns(std::string_view definition) {
  const auto words = words_of(definition);
  std::vector<Column> columns;
  size_t i = 0;
  while (i < words.size() && words[i].text != "(") ++i;
  bool at_start = true;  // of a column or table constraint
  size_t depth = 0;
  for (++i; i < words.size(); ++i) {
    const auto& word = words[i];
    if (word.kind == Word::Kind::kSymbol && word.text == "(") ++depth;
    if (word.kind == Word::Kind::kSymbol && word.text == ")" && depth-- == 0) break;
    if (depth == 0 && word.kind == Word::Kind::kSymbol && word.text == ",") at_start = true;
    if (!at_start || !word.is_name()) continue;
    at_start = false;
    if (ends_type(word)) continue;
    const size_t first = i + 1;
    size_t end = first;
    size_t inner = 0;
    for (; end < words.size(); ++end) {
      const auto& next = words[end];
      if (next.kind == Word::Kind::kSymbol) {
        if (next.text == "(") ++inner;
        if ((next.text == ")" || next.text == ",") && inner == 0) break;
        if (next.text == ")") --inner;
      } else if (inner == 0 && ends_type(next)) {
        break;
      }
    }
    if (end > first) {
      const size_t from = words[first].offset;
      const size_t to = words[end - 1].offset + words[end - 1].length;
      columns.push_back({word.text, std::string(definition.substr(from, to - from))});
    }
    i = end - 1;
  }
  return columns;
}

}  // namespace summit::postgres::merge
