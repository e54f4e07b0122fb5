#include "stores/postgres/capture_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "core/text.h"
#include "stores/postgres/chunks.h"
#include "stores/postgres/emptied_aggregates.h"
#include "stores/postgres/large_objects.h"
#include "stores/postgres/row_hasher.h"
#include "stores/postgres/sql.h"

namespace summit::postgres {

namespace {

// Large enough that a statement for each costs nothing, small enough that the readers end together.
constexpr uint64_t kUnitBytes = 12 * MiB;
constexpr uint64_t kObjectsPerUnit = 256;
constexpr int kFirstWithTidRangeScans = 140000;
// Of a chunk's status: it holds rows in its heap beside compressed ones.
constexpr int kPartlyCompressed = 8;

// A relation as the catalogs of the snapshot describe it.
struct Relation {
  RelationName name;
  bool materialized_view = false;
  bool heap = false;
  bool changed = false;  // rewritten, replaced or dropped since the snapshot
  uint64_t heap_bytes = 0;
  uint64_t toast_bytes = 0;
  std::string condition;  // of an extension's configuration table
  std::vector<Column> columns;
};
using Relations = std::map<std::string, Relation, std::less<>>;  // by oid

std::string oid_array(const pgarchive::Contents& contents) {
  std::string oids;
  for (const auto& entry : contents.entries) {
    if (entry.is("TABLE DATA")) oids += (oids.empty() ? "" : ",") + entry.oid.value_or("0");
  }
  return "{" + oids + "}";
}

Result<Relations> read_relations(Connection& connection, const std::string& oids) {
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT c.oid, n.nspname, c.relname, c.relkind = 'm', coalesce(m.amname = 'heap', false),
             c.relkind <> 'm' AND
             (c.relfilenode IS DISTINCT FROM pg_catalog.pg_relation_filenode(c.oid)
              OR pg_catalog.to_regclass(pg_catalog.format('%I.%I', n.nspname, c.relname)) IS DISTINCT FROM c.oid),
             coalesce(pg_catalog.pg_relation_size(c.oid), 0),
             coalesce(pg_catalog.pg_relation_size(nullif(c.reltoastrelid, 0)), 0),
             (SELECT x.condition FROM pg_catalog.pg_extension e
              CROSS JOIN LATERAL ROWS FROM (unnest(e.extconfig), unnest(e.extcondition)) AS x (relation, condition)
              WHERE x.relation = c.oid LIMIT 1)
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_am m ON m.oid = c.relam
      WHERE c.oid = ANY ($1::pg_catalog.oid[]) OR (c.relkind = 'm' AND c.relispopulated))sql",
                                               {oids}));
  Relations relations;
  for (size_t i = 0; i < rows.size(); ++i) {
    Relation relation{.name = {rows.string(i, 1), rows.string(i, 2)},
                      .materialized_view = rows.truth(i, 3),
                      .heap = rows.truth(i, 4),
                      .changed = rows.truth(i, 5),
                      .heap_bytes = static_cast<uint64_t>(rows.number(i, 6)),
                      .toast_bytes = static_cast<uint64_t>(rows.number(i, 7)),
                      .condition = rows.string(i, 8),
                      .columns = {}};
    relations.emplace(rows.string(i, 0), std::move(relation));
  }
  ASSIGN_OR_RETURN(auto columns, connection.query(R"sql(
      SELECT a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)
      FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
      WHERE (c.oid = ANY ($1::pg_catalog.oid[]) OR (c.relkind = 'm' AND c.relispopulated))
        AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      ORDER BY a.attrelid, a.attnum)sql",
                                                  {oids}));
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto relation = relations.find(columns.text(i, 0));
    if (relation != relations.end())
      relation->second.columns.push_back({columns.string(i, 1), columns.string(i, 2)});
  }
  return relations;
}

// Since version 17 pg_dump writes large objects in groups: an entry "BLOB METADATA" lists the oids of a
// group, one a line, and the entry of their data depends on it.
std::optional<std::vector<uint32_t>> group_of(const pgarchive::Contents& contents,
                                              const pgarchive::Entry& entry) {
  for (const auto& dependency : entry.dependencies) {
    const auto* metadata = contents.find(parse_number<int64_t>(dependency).value_or(0));
    if (!metadata || !metadata->is("BLOB METADATA")) continue;
    return pgarchive::large_objects_made_by(*metadata);
  }
  return std::nullopt;
}

// The names in "COPY public.users (id, "Name") FROM stdin;".
std::vector<std::string> columns_in(std::string_view copy) {
  std::vector<std::string> names;
  bool within = false;
  for (const auto& word : words_of(copy)) {
    if (word.kind == Word::Kind::kSymbol && word.text == "(") {
      within = true;
    } else if (word.kind == Word::Kind::kSymbol && word.text == ")") {
      break;
    } else if (within && word.kind != Word::Kind::kSymbol) {
      names.push_back(word.text);
    }
  }
  return names;
}

std::string quoted_list(const std::vector<Column>& columns) {
  std::string list;
  for (const auto& column : columns) list += (list.empty() ? "" : ", ") + quote_identifier(column.name);
  return list;
}

std::string selected_list(const std::vector<Column>& columns,
                          const std::map<std::string, std::string>& replaced) {
  std::string list;
  for (const auto& column : columns) {
    const std::string quoted = quote_identifier(column.name);
    const auto replacement = replaced.find(quoted);
    list += (list.empty() ? "" : ", ") + (replacement == replaced.end() ? quoted : replacement->second);
  }
  return list;
}

class Planner {
 public:
  Planner(Connection& connection, const pgarchive::Contents& contents, const Inventory& inventory,
          const RowSelection* selection)
      : connection_(connection), contents_(contents), inventory_(inventory), selection_(selection) {}

  Result<CapturePlan> plan() {
    ASSIGN_OR_RETURN(relations_, read_relations(connection_, oid_array(contents_)));
    ASSIGN_OR_RETURN(chunks_, read_chunks(connection_, inventory_));
    if (selection_) {
      ASSIGN_OR_RETURN(emptied_aggregates_, EmptiedAggregates::find(connection_, inventory_, *selection_));
    }
    ASSIGN_OR_RETURN(auto settings, connection_.query("SHOW block_size"));
    page_bytes_ = std::max<uint64_t>(static_cast<uint64_t>(settings.number(0, 0)), 1);
    list_tables();
    for (size_t i = 0; i < contents_.entries.size(); ++i) {
      const auto& entry = contents_.entries[i];
      if (entry.is("TABLE DATA")) RETURN_IF_ERROR(add_table(i));
      if (entry.is("BLOBS")) RETURN_IF_ERROR(add_large_objects(i));
    }
    if (!selection_) add_views();
    add_compressed_rows();
    add_notes();
    return std::move(plan_);
  }

 private:
  void list_tables();
  Result<const Relation*> relation_of(const pgarchive::Entry& entry) const;
  Result<void> add_table(size_t entry);
  Result<void> add_large_objects(size_t entry);
  void add_views();
  void add_compressed_rows();
  void add_notes();
  void describe_reading(Source& source, const Relation& relation) const;
  Result<void> read_uncompressed(Source& source, const Relation& relation);
  const Chunk* chunk_of(const RelationName& name) const;
  Result<void> assign_fingerprint(Source& source, const Relation& relation) const;
  bool splittable(const Relation& relation) const;
  void add(Source source, uint64_t heap_bytes);

  Connection& connection_;
  const pgarchive::Contents& contents_;
  const Inventory& inventory_;
  const RowSelection* selection_;
  Relations relations_;
  Chunks chunks_;
  EmptiedAggregates emptied_aggregates_;
  uint64_t page_bytes_ = 1;
  std::map<RelationName, const Table*> table_of_;  // by who holds the rows
  std::map<RelationName, size_t> source_of_;
  std::set<RelationName> emptied_;     // tables of compressed rows that come uncompressed
  std::vector<int64_t> uncompressed_;  // chunks of which they are
  CapturePlan plan_;
};

void Planner::list_tables() {
  for (const auto& table : inventory_.tables) {
    table_of_[table.name] = &table;
    for (const auto& part : table.parts) table_of_[part] = &table;
  }
  for (const auto& [name, chunk] : chunks_) {
    if (const auto table = table_of_.find(chunk.hypertable); table != table_of_.end())
      table_of_[name] = table->second;
    if (!chunk.lacks_defaults) continue;
    emptied_.insert(chunk.compressed);
    uncompressed_.push_back(chunk.id);
  }
}

const Chunk* Planner::chunk_of(const RelationName& name) const {
  const auto found = chunks_.find(name);
  return found == chunks_.end() ? nullptr : &found->second;
}

Result<const Relation*> Planner::relation_of(const pgarchive::Entry& entry) const {
  const auto found = relations_.find(entry.oid.value_or(""));
  if (found == relations_.end() || found->second.changed) {
    return Error(Code::kBusy, "table {} was changed by somebody after the snapshot had been taken",
                 display_name(entry.schema.value_or(""), entry.tag.value_or("")))
        .hint("run the backup when no schema change is under way");
  }
  const auto& relation = found->second;
  // The rows must fit the statement that loads them.
  const auto listed = columns_in(entry.copy.value_or(""));
  const bool same =
      listed.size() == relation.columns.size() &&
      (connection_.server_encoding() != "UTF8" ||
       std::equal(listed.begin(), listed.end(), relation.columns.begin(),
                  [](const std::string& name, const Column& column) { return name == column.name; }));
  if (!same) {
    return Error(Code::kUnsupported, "pg_dump lists other columns of {} than its catalog",
                 relation.name.display())
        .hint("report the table's definition (`\\d` in psql)");
  }
  return &relation;
}

bool Planner::splittable(const Relation& relation) const {
  const auto* chunk = chunk_of(relation.name);
  return relation.heap && !(chunk && chunk->is_compressed()) && relation.condition.empty() &&
         connection_.server_version() >= kFirstWithTidRangeScans;
}

void Planner::describe_reading(Source& source, const Relation& relation) const {
  const std::string list = quoted_list(relation.columns);
  if (!uncompressed_.empty() && relation.name == RelationName{"_timescaledb_catalog", "chunk"}) {
    const std::string status = quote_identifier("status");
    const auto changed = fmt::format("CASE WHEN id IN ({}) THEN {} | {} ELSE {} END",
                                     fmt::join(uncompressed_, ", "), status, kPartlyCompressed, status);
    source.copy = fmt::format("(SELECT {} FROM {} {})", selected_list(relation.columns, {{status, changed}}),
                              relation.name.quoted(), relation.condition);
    return;
  }
  if (const auto rows = emptied_aggregates_.rows_of(relation.name, list)) {
    source.copy = *rows;
    return;
  }
  if (!relation.condition.empty()) {
    // As pg_dump does it: with children, should there be any.
    source.copy = fmt::format("(SELECT {} FROM {} {})", list, relation.name.quoted(), relation.condition);
    return;
  }
  // TimescaleDB's mark for a batch that is NULL throughout cannot be read in again; NULL says the same.
  std::map<std::string, std::string> readable;
  for (const auto& column : relation.columns) {
    const auto name = quote_identifier(column.name);
    if (column.type == "_timescaledb_internal.compressed_data")
      readable[name] = fmt::format(
          "CASE WHEN pg_catalog.pg_column_size({0}) > 16 OR {0}::text <> 'Bg==' THEN {0} END", name);
  }
  if (!readable.empty()) {
    source.copy =
        fmt::format("(SELECT {} FROM {})", selected_list(relation.columns, readable), relation.name.quoted());
    return;
  }
  if (relation.materialized_view) {
    source.copy = fmt::format("(SELECT {} FROM {})", list, relation.name.quoted());
  } else {
    // The heap itself: a query on a chunk would give its compressed rows too, which are in another entry.
    source.copy = relation.name.quoted() + (list.empty() ? "" : fmt::format(" ({})", list));
  }
  if (splittable(relation))
    source.select = fmt::format("SELECT {} FROM ONLY {}", list, relation.name.quoted());
}

Result<void> Planner::assign_fingerprint(Source& source, const Relation& relation) const {
  const auto found = table_of_.find(relation.name);
  if (found == table_of_.end()) return {};
  const Table& table = *found->second;
  const auto wanted = stored_columns(table.columns);
  source.places = places_of(wanted, relation.columns);
  if (!source.places.empty() && source.places.size() != wanted.size()) {
    return Error(Code::kUnsupported, "{} lacks columns of {}, of which it is a part", relation.name.display(),
                 table.name.display())
        .hint("report the definitions of both (`\\d` in psql)");
  }
  source.table = &table;
  return {};
}

// Rows that would lose values if they were restored as they are compressed.
Result<void> Planner::read_uncompressed(Source& source, const Relation& relation) {
  if (emptied_.contains(relation.name)) source.copy.clear();
  const auto* chunk = chunk_of(relation.name);
  if (!chunk || !chunk->lacks_defaults) return {};
  source.copy = fmt::format("(SELECT {} FROM {})", quoted_list(relation.columns), relation.name.quoted());
  ASSIGN_OR_RETURN(source.expected, count_rows(connection_, relation.name, *chunk));
  return {};
}

Result<void> Planner::add_table(size_t entry) {
  ASSIGN_OR_RETURN(const Relation* relation, relation_of(contents_.entries[entry]));
  Source source;
  source.entry = entry;
  source.relation = relation->name;
  source.name = relation->name.display();
  source.bytes = relation->heap_bytes + relation->toast_bytes;
  describe_reading(source, *relation);
  RETURN_IF_ERROR(read_uncompressed(source, *relation));
  RETURN_IF_ERROR(assign_fingerprint(source, *relation));
  if (selection_) {
    const auto chosen = selection_->rows_of(relation->name);
    if (chosen.take != TableRows::Take::kEverything) source.select.clear();
    if (chosen.take == TableRows::Take::kNothing) {
      source.copy.clear();
      source.expected.reset();
    }
    if (chosen.take == TableRows::Take::kSome) {
      source.through_selection = true;
      source.copy =
          fmt::format("(SELECT {} {})", selected_list(relation->columns, chosen.replaced), chosen.from);
    }
  }
  add(std::move(source), relation->heap_bytes);
  return {};
}

Result<void> Planner::add_large_objects(size_t entry) {
  Source source;
  source.entry = entry;
  source.name = "large objects";
  if (auto group = group_of(contents_, contents_.entries[entry])) {
    source.objects = *std::move(group);
  } else {
    ASSIGN_OR_RETURN(source.objects, list_large_objects(connection_));
  }
  const auto all = std::max<uint64_t>(static_cast<uint64_t>(inventory_.large_objects), 1);
  source.bytes = inventory_.large_object_bytes * source.objects.size() / all;
  add(std::move(source), 0);
  return {};
}

void Planner::add_views() {
  for (const auto& [oid, relation] : relations_) {
    if (!relation.materialized_view || !table_of_.contains(relation.name)) continue;
    Source source;
    source.relation = relation.name;
    source.name = relation.name.display();
    source.table = table_of_.at(relation.name);
    source.bytes = relation.heap_bytes + relation.toast_bytes;
    describe_reading(source, relation);
    add(std::move(source), relation.heap_bytes);
  }
}

// The archive has the compressed rows as they are; their fingerprint is that of the rows.
void Planner::add_compressed_rows() {
  for (const auto& [name, chunk] : chunks_) {
    const auto table = table_of_.find(name);
    const auto heap = source_of_.find(name);
    if (!chunk.is_compressed() || chunk.lacks_defaults || table == table_of_.end() ||
        heap == source_of_.end() || plan_.sources[heap->second].copy.empty())
      continue;
    Source source;
    source.relation = name;
    source.name = name.display();
    source.table = table->second;
    source.bytes = plan_.sources[heap->second].bytes;
    source.copy = fmt::format("(SELECT {} FROM {})", quoted_list(stored_columns(table->second->columns)),
                              name.quoted());
    source.heap = heap->second;
    source.count_compressed = count_of_compressed_rows(chunk);
    add(std::move(source), 0);
  }
}

void Planner::add_notes() {
  plan_.notes = emptied_aggregates_.notes();
  std::map<RelationName, size_t> counts;
  for (const auto& [name, chunk] : chunks_) {
    const auto source = source_of_.find(name);
    if (chunk.lacks_defaults && source != source_of_.end() && plan_.sources[source->second].expected)
      ++counts[chunk.hypertable];
  }
  for (const auto& [hypertable, count] : counts) {
    plan_.notes.push_back(fmt::format(
        "{}: {} of its compressed chunks are older than a column with a default, of which a restore would "
        "make NULL: their rows are in this backup uncompressed; decompress_chunk() and compress_chunk() at "
        "the source mend that",
        hypertable.display(), count));
  }
}

// A range of pages carries its share of the rows' long values, which lie elsewhere.
void Planner::add(Source source, uint64_t heap_bytes) {
  uint64_t total = heap_bytes / page_bytes_;  // pages, or large objects
  uint64_t step = total;
  if (!source.objects.empty()) {
    total = source.objects.size();
    step = kObjectsPerUnit;
  } else if (!source.select.empty() && source.bytes > kUnitBytes + kUnitBytes / 2) {
    step = std::max<uint64_t>(total * kUnitBytes / source.bytes, 1);
  }
  source.first_unit = plan_.units.size();
  source.units = step > 0 ? std::max<uint64_t>((total + step - 1) / step, 1) : 1;
  for (uint64_t i = 0; i < source.units; ++i) {
    Unit unit{
        .source = plan_.sources.size(), .first = i * step, .end = {}, .bytes = source.bytes / source.units};
    if (i + 1 < source.units) unit.end = unit.first + step;
    plan_.units.push_back(unit);
  }
  if (source.entry && source.is_rows()) source_of_[source.relation] = plan_.sources.size();
  plan_.sources.push_back(std::move(source));
}

}  // namespace

uint64_t CapturePlan::bytes() const {
  return std::accumulate(units.begin(), units.end(), uint64_t{0},
                         [](uint64_t sum, const Unit& unit) { return sum + unit.bytes; });
}

Result<CapturePlan> plan_capture(Connection& connection, const pgarchive::Contents& contents,
                                 const Inventory& inventory, const RowSelection* selection) {
  return Planner(connection, contents, inventory, selection).plan();
}

std::string copy_statement(const Source& source, const Unit& unit, const std::string& encoding) {
  std::string what = source.copy;
  if (unit.first > 0 || unit.end) {
    what = fmt::format("({} WHERE ctid >= '({},0)'", source.select, unit.first);
    what += unit.end ? fmt::format(" AND ctid < '({},0)')", *unit.end) : ")";
  }
  return fmt::format("COPY {} TO STDOUT WITH (ENCODING {})", what, quote_literal(encoding));
}

void put_timescale_catalogs_first(pgarchive::Contents& contents) {
  const auto is_catalog = [](const pgarchive::Entry& entry) {
    const std::string_view schema = entry.schema ? std::string_view(*entry.schema) : std::string_view();
    return entry.is("TABLE DATA") && schema.starts_with("_timescaledb_") && schema != "_timescaledb_internal";
  };
  auto& entries = contents.entries;
  const auto first = std::find_if(entries.begin(), entries.end(),
                                  [](const pgarchive::Entry& entry) { return entry.is("TABLE DATA"); });
  std::stable_partition(first, entries.end(), is_catalog);
}

}  // namespace summit::postgres
