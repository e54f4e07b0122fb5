#include "stores/postgres/merge/staging.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "formats/pgarchive/parser.h"
#include "stores/postgres/merge/archive_tables.h"
#include "stores/postgres/sql.h"

namespace summit::postgres::merge {

namespace {

// SELECT pg_catalog.setval('public.users_id_seq', -42, true);
Result<ArchivedSequence> archived_sequence(const pgarchive::Entry& entry) {
  ArchivedSequence sequence;
  sequence.name = {entry.schema.value_or(""), entry.tag.value_or("")};
  std::vector<std::string> arguments;  // after the name, which is one literal
  for (const auto& word : words_of(entry.definition.value_or(""))) {
    if (word.text == ",") {
      arguments.emplace_back();
    } else if (word.text == ")") {
      break;
    } else if (!arguments.empty()) {
      arguments.back() += word.text;
    }
  }
  const auto last_value = arguments.size() == 2 ? parse_number<int64_t>(arguments[0]) : std::nullopt;
  if (!last_value) {
    return Error(Code::kCorrupt, "the archive sets sequence {} in a way that is not understood",
                 sequence.name.display());
  }
  sequence.last_value = *last_value;
  sequence.is_called = arguments[1] == "true";
  return sequence;
}

// SET client_encoding = 'UTF8';
std::string literal_in(const std::string& definition) {
  for (const auto& word : words_of(definition)) {
    if (word.kind == Word::Kind::kLiteral) return word.text;
  }
  return {};
}

class Stager final : public pgarchive::Consumer {
 public:
  Stager(Workspace& workspace, Phase* phase) : workspace_(workspace), phase_(phase) {}

  Staged take() { return std::move(staged_); }

  Result<void> on_contents(const pgarchive::Contents& contents) override {
    ASSIGN_OR_RETURN(mapping_, map_archive(contents, workspace_.target));
    for (const auto& [id, archived] : mapping_.tables) RETURN_IF_ERROR(create(archived));
    for (const auto& entry : contents.entries) {
      if (entry.is("ENCODING")) encoding_ = literal_in(entry.definition.value_or(""));
      if (!entry.is("SEQUENCE SET") || entry.schema.value_or("").starts_with("_timescaledb_")) continue;
      ASSIGN_OR_RETURN(auto sequence, archived_sequence(entry));
      staged_.sequences.push_back(std::move(sequence));
    }
    return {};
  }

  Result<void> on_table_begin(const pgarchive::Entry& entry) override {
    table_ = nullptr;
    missing_ = nullptr;
    if (const auto missing = mapping_.without_table.find(entry.id); missing != mapping_.without_table.end())
      missing_ = &missing->second;
    const auto found = mapping_.tables.find(entry.id);
    if (found == mapping_.tables.end()) return {};
    table_ = &workspace_.staged[found->second.table];
    const auto& columns = found->second.columns;
    const std::string list = columns.empty() ? "" : " (" + column_list(columns, "") + ")";
    return workspace_.connection.begin_copy(
        fmt::format("COPY {}{} FROM STDIN{}", staged_table(found->second.table), list,
                    encoding_.empty() ? "" : " (ENCODING " + encoding_ + ")"));
  }

  bool wants_rows() const override { return table_ || missing_; }

  Result<void> on_rows(ByteView bytes) override {
    if (phase_) phase_->advance(bytes.size());
    if (table_) return workspace_.connection.put_copy(bytes);
    if (bytes.empty()) return {};
    return Error(Code::kNotFound, "the backup has rows of {}, and this database has no such table",
                 missing_->display())
        .hint("create the table as it was, or restore into a new database with --into");
  }

  Result<void> on_table_end() override {
    if (!table_) return {};
    ASSIGN_OR_RETURN(const uint64_t rows, workspace_.connection.end_copy());
    table_->rows += rows;
    return {};
  }

  Result<void> on_large_object_begin(const pgarchive::Entry&, uint32_t) override {
    if (staged_.notes.empty())
      staged_.notes.emplace_back(
          "large objects belong to no tenant or project: those of the backup are left out");
    return {};
  }
  Result<void> on_large_object(ByteView) override { return {}; }
  Result<void> on_large_object_end() override { return {}; }

 private:
  // The target's types without its constraints: what it has against a row, the merge itself has to say.
  Result<void> create(const ArchivedTable& archived) {
    const auto [staged, is_new] = workspace_.staged.try_emplace(archived.table);
    if (!is_new) return {};
    staged->second.columns = archived.columns;
    RETURN_IF_ERROR(workspace_.connection.execute(
        fmt::format("CREATE TEMP TABLE {} AS SELECT {} FROM {} WITH NO DATA", staged_table(archived.table),
                    column_list(archived.columns, ""), workspace_.target.graph(archived.table).scan())));
    RETURN_IF_ERROR(add_computed(archived.table, staged->second));
    return check_owner_columns(archived.table, staged->second);
  }

  // An archive holds no value of a generated column; rows may be owned by one all the same, or refer by it.
  Result<void> add_computed(size_t table, StagedTable& staged) {
    for (const auto& column : workspace_.target.tables[table].columns) {
      if (!column.generated || !leads(table, column.name)) continue;
      RETURN_IF_ERROR(
          workspace_.connection.execute(fmt::format(
              "ALTER TABLE {} ADD COLUMN {} {} GENERATED ALWAYS AS ({}) STORED", staged_table(table),
              quote_identifier(column.name), column.type, column.expression)),
          "while computing {}.{} of the backup's rows", workspace_.target.name(table).display(), column.name);
      staged.computed.push_back(column.name);
    }
    return {};
  }

  bool leads(size_t table, const std::string& column) const {
    const auto among = [&](const std::vector<std::string>& names) {
      return std::find(names.begin(), names.end(), column) != names.end();
    };
    const auto& references = workspace_.target.references();
    return among(workspace_.ownership.columns(table)) ||
           std::any_of(references.begin(), references.end(), [&](const Reference& reference) {
             return (reference.from.table == table && among(reference.from.columns)) ||
                    (reference.to.table == table && among(reference.to.columns));
           });
  }

  Result<void> check_owner_columns(size_t table, const StagedTable& staged) const {
    for (const auto& column : workspace_.ownership.columns(table)) {
      if (staged.holds(column)) continue;
      return Error(Code::kUnsupported,
                   "the backup does not tell whose the rows of {} are: it has no column {}",
                   workspace_.target.name(table).display(), column)
          .hint("restore the backup into a new database with --into, and move these rows by hand");
    }
    return {};
  }

  Workspace& workspace_;
  Phase* phase_;
  std::string encoding_;  // of the rows, as a literal
  ArchiveMapping mapping_;
  StagedTable* table_ = nullptr;           // whose rows come now
  const RelationName* missing_ = nullptr;  // the same, of a table that is not there
  Staged staged_;
};

}  // namespace

Result<Staged> stage_archive(const ArchiveSource& source, Workspace& workspace, Phase* phase) {
  Stager stager(workspace, phase);
  pgarchive::Parser parser(stager);
  RETURN_IF_ERROR(source([&](ByteView bytes) { return parser.feed(bytes); }));
  RETURN_IF_ERROR(parser.finish());
  for (const auto& [table, staged] : workspace.staged) {
    if (staged.rows > 0) RETURN_IF_ERROR(analyze(workspace.connection, staged_table(table)));
  }
  return stager.take();
}

}  // namespace summit::postgres::merge
