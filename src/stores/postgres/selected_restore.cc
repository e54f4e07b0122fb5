#include "stores/postgres/selected_restore.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

#include "formats/pgarchive/parser.h"
#include "stores/postgres/analyze.h"
#include "stores/postgres/archive_loader.h"
#include "stores/postgres/archive_reading.h"
#include "stores/postgres/archive_schema.h"
#include "stores/postgres/default_privileges.h"
#include "stores/postgres/detached.h"
#include "stores/postgres/load_plan.h"
#include "stores/postgres/load_session.h"
#include "stores/postgres/missing_objects.h"
#include "stores/postgres/sessions.h"
#include "stores/postgres/sql.h"
#include "stores/postgres/stock_restore.h"

namespace summit::postgres {

using pgarchive::Contents;
using pgarchive::Entry;

namespace {

std::vector<RelationName> in_order(const std::set<RelationName>& names) {
  return {names.begin(), names.end()};
}

std::string joined(const std::vector<RelationName>& tables) {
  std::string text;
  for (const auto& table : tables) text += (text.empty() ? "" : ", ") + table.display();
  return text;
}

// What is chosen, and what of it the database has.
struct Choice {
  std::set<int64_t> tables;
  MissingObjects missing;
  std::vector<RelationName> present;  // tables that are emptied and filled
  std::vector<RelationName> created;
  std::vector<ForeignKey> keys;  // of the present ones, and to them
  // Partitions of the present ones that the archive does not know, each with such a table.
  std::map<RelationName, RelationName> newer;
  // Partitioned tables of which a part was chosen, and such parts.
  std::set<RelationName> not_compared;

  bool is_present(const RelationName& name) const {
    return std::find(present.begin(), present.end(), name) != present.end();
  }
};

// The partitioned table whose rows these of a partition are in the archive.
std::optional<RelationName> root_of(const Entry& rows) {
  if (!rows.is("TABLE DATA") || !rows.copy) return std::nullopt;
  RelationName root = copied_relation(*rows.copy);
  if (root.schema.empty()) root.schema = rows.schema.value_or("");
  if (root.name.empty() || (root.name == rows.tag && root.schema == rows.schema)) return std::nullopt;
  return root;
}

// The rows of some partitions are in the archive as rows of the partitioned table (pg_dump
// --load-via-partition-root, and hashed enums always). The server may put them into any partition, so that
// they go with all of those or not at all.
Result<void> check_roots(const Contents& contents, const std::set<int64_t>& tables) {
  const EntryIndex index(contents);
  std::map<RelationName, std::string> chosen;  // roots, with a partition that was chosen
  std::set<RelationName> incomplete;
  for (const auto& entry : contents.entries) {
    const auto root = root_of(entry);
    const Entry* table = table_of(index, entry);
    if (!root || !table) continue;
    if (tables.contains(table->id)) {
      chosen.emplace(*root, display_name(entry.schema.value_or(""), entry.tag.value_or("")));
    } else {
      incomplete.insert(*root);
    }
  }
  for (const auto& [root, partition] : chosen) {
    if (!incomplete.contains(root)) continue;
    return Error(
               Code::kUnsupported,
               "the backup holds the rows of {} as rows of {}: its partitions cannot be restored one by one",
               partition, root.display())
        .hint(fmt::format("choose the whole partitioned table: --only={}", root.display()));
  }
  return {};
}

// Their rows stay. Only where the server spreads the backup's rows over the partitions could both meet.
Result<void> find_newer_partitions(Connection& connection, const Contents& contents, Choice& choice) {
  std::set<RelationName> known;
  std::set<RelationName> roots;
  for (const auto& entry : contents.entries) {
    if (entry.is("TABLE")) known.insert({entry.schema.value_or(""), entry.tag.value_or("")});
    if (const auto root = root_of(entry)) roots.insert(*root);
  }
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT n.nspname, c.relname, an.nspname, a.relname
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      CROSS JOIN LATERAL pg_catalog.pg_partition_ancestors(c.oid) p
      JOIN pg_catalog.pg_class a ON a.oid = p.relid JOIN pg_catalog.pg_namespace an ON an.oid = a.relnamespace
      WHERE c.relispartition AND c.relkind = 'r' AND a.oid <> c.oid
      ORDER BY 1, 2, 3, 4)sql"));
  for (size_t i = 0; i < rows.size(); ++i) {
    const RelationName partition{rows.string(i, 0), rows.string(i, 1)};
    const RelationName table{rows.string(i, 2), rows.string(i, 3)};
    if (known.contains(partition) || !choice.is_present(table)) continue;
    choice.newer.emplace(partition, table);
    if (!roots.contains(table)) continue;
    return Error(
               Code::kUnsupported,
               "the backup holds the rows of {} without saying of which partition, and {} is newer than the "
               "backup: rows of both would be mixed",
               table.display(), partition.display())
        .hint(fmt::format("detach {} first, or restore beside the present database: --into=NAME",
                          partition.display()));
  }
  return {};
}

Result<Choice> choose(Connection& connection, const Contents& contents, const TableSelection& selection) {
  Choice choice;
  ASSIGN_OR_RETURN(choice.tables, select_tables(contents, selection));
  RETURN_IF_ERROR(check_roots(contents, choice.tables));
  choice.not_compared = names_of(contents, select_incomplete(contents, choice.tables));
  ASSIGN_OR_RETURN(choice.missing, find_missing(connection, contents, choice.tables));
  std::set<int64_t> present = choice.tables;
  std::erase_if(present, [&](int64_t id) { return choice.missing.tables.contains(id); });
  choice.present = in_order(names_of(contents, present));
  choice.created = in_order(names_of(contents, choice.missing.tables));
  RETURN_IF_ERROR(find_newer_partitions(connection, contents, choice));
  ASSIGN_OR_RETURN(choice.keys, foreign_keys_of(connection, choice.present));
  for (const auto& key : choice.keys) {
    if (!key.fixed) continue;
    return Error(Code::kUnsupported,
                 "foreign key {} of hypertable {}, which has compressed chunks, refers to {}: TimescaleDB "
                 "would "
                 "not let it be put back",
                 key.name, key.table.display(), key.referenced.display())
        .hint("restore beside the present database, and take the rows from there: --into=NAME");
  }
  return choice;
}

std::vector<std::string> sentences_of(const Choice& choice) {
  std::vector<std::string> sentences;
  if (!choice.present.empty()) {
    sentences.push_back(
        fmt::format("emptied and filled again, in one transaction: {}", joined(choice.present)));
  }
  if (!choice.created.empty()) sentences.push_back("created: " + joined(choice.created));
  for (const auto& [partition, table] : choice.newer) {
    sentences.push_back(
        fmt::format("partition {} of {} is newer than the backup: its rows stay as they are, and are not "
                    "compared",
                    partition.display(), table.display()));
  }
  for (const auto& table : choice.not_compared) {
    sentences.push_back(
        fmt::format("{} is not compared: the backup has a hash of the partitioned table with all partitions, "
                    "and some of them stay as they are",
                    table.display()));
  }
  for (const auto& key : choice.keys) {
    if (choice.is_present(key.table)) continue;
    sentences.push_back(
        fmt::format("foreign key {} of {} refers to {}: should the backup not hold what it "
                    "refers to, nothing is changed",
                    key.name, key.table.display(), key.referenced.display()));
  }
  sentences.insert(sentences.end(), choice.missing.left_out.begin(), choice.missing.left_out.end());
  return sentences;
}

// The present ones of these kinds (pg_class.relkind, as an array).
Result<std::vector<RelationName>> present_of(Connection& connection, const Choice& choice,
                                             const std::string& kinds) {
  ASSIGN_OR_RETURN(auto rows, connection.query("SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN "
                                               "pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                                               "WHERE c.relkind = ANY ($1::\"char\"[]) ORDER BY 1, 2",
                                               {kinds}));
  std::vector<RelationName> found;
  for (size_t i = 0; i < rows.size(); ++i) {
    RelationName name{rows.string(i, 0), rows.string(i, 1)};
    if (choice.is_present(name)) found.push_back(std::move(name));
  }
  return found;
}

Result<std::vector<RelationName>> replaced_by(Connection& connection, const Choice& choice) {
  return present_of(connection, choice, "{r,p}");
}

// A table that the application has made since would be emptied where the plan says that it is created.
Result<void> check_foreseen(Connection& connection, const Choice& choice, const SelectedRestore& restore) {
  if (!restore.foreseen) return {};
  ASSIGN_OR_RETURN(const auto replaced, replaced_by(connection, choice));
  std::set<RelationName> changed;
  const auto compare = [&](std::vector<RelationName> then, std::vector<RelationName> now) {
    std::sort(then.begin(), then.end());
    std::sort(now.begin(), now.end());
    std::set_symmetric_difference(then.begin(), then.end(), now.begin(), now.end(),
                                  std::inserter(changed, changed.end()));
  };
  compare(restore.foreseen->replaced, replaced);
  compare(restore.foreseen->created, choice.created);
  if (changed.empty()) return {};
  return Error(Code::kRefused, "tables of {} were made or dropped since the plan was shown: {}",
               restore.database, joined(in_order(changed)))
      .hint("run the command again, for a plan of what is there now");
}

// Values of sequences that belong to chosen tables: by SEQUENCE OWNED BY, or as an identity column's. And of
// those that are created, for a default of a chosen table perhaps: they would begin anew.
std::set<RelationName> sequences_of(const Contents& contents, const std::set<int64_t>& tables,
                                    const MissingObjects& missing) {
  const EntryIndex index(contents);
  std::set<RelationName> sequences;
  for (const auto& entry : contents.entries) {
    if (!entry.is("SEQUENCE") && !entry.is("SEQUENCE OWNED BY")) continue;
    const bool of_chosen =
        std::any_of(entry.dependencies.begin(), entry.dependencies.end(), [&](const std::string& id) {
          const Entry* table = index.find(id);
          return table && tables.contains(table->id);
        });
    if (of_chosen || missing.entries.contains(entry.id))
      sequences.insert({entry.schema.value_or(""), entry.tag.value_or("")});
  }
  return sequences;
}

class Transaction {
 public:
  Transaction(const SelectedRestore& restore, const Contents& contents, Connection connection,
              Connection helper, StockRestore definitions, Choice choice, const Cancellation& cancellation)
      : restore_(restore),
        contents_(contents),
        connection_(std::move(connection)),
        helper_(std::move(helper)),
        definitions_(std::move(definitions)),
        choice_(std::move(choice)),
        cancellation_(cancellation),
        table_names_(names_of(contents, choice_.tables)),
        sequences_(sequences_of(contents, choice_.tables, choice_.missing)),
        plan_(plan_load(contents, [this](const Entry& entry) { return is_chosen(entry); })),
        late_partitions_(take_late_partitions()) {}

  // Says in `notes` what could not be done and is not missed.
  Result<Loaded> run(Phase& phase, std::vector<std::string>& notes) {
    RETURN_IF_ERROR(begin());
    // What is created has the privileges that the archive says, and no others.
    DefaultPrivileges defaults;
    if (!choice_.missing.entries.empty()) {
      ASSIGN_OR_RETURN(defaults, DefaultPrivileges::put_aside(connection_, DefaultPrivileges::Of::kMe));
    }
    RETURN_IF_ERROR(execute(plan_.before));
    ASSIGN_OR_RETURN(auto detached, Detached::detach(connection_, choice_.present));
    RETURN_IF_ERROR(truncate());
    ASSIGN_OR_RETURN(auto loaded, load(phase));
    for (const auto* entries :
         {&plan_.builds, &late_partitions_, &plan_.attachments, &plan_.foreign_keys, &plan_.after}) {
      RETURN_IF_ERROR(execute(*entries));
    }
    RETURN_IF_ERROR(defaults.put_back(connection_));
    RETURN_IF_ERROR(detached.attach(connection_));
    RETURN_IF_ERROR(set_sequences());
    RETURN_IF_ERROR(analyze(notes));
    RETURN_IF_ERROR(cancellation_.check());
    RETURN_IF_ERROR(connection_.execute("COMMIT"));
    return loaded;
  }

 private:
  bool is_chosen(const Entry& entry) const;
  LoadPlan::Entries take_late_partitions();
  Result<void> begin();
  Result<void> lock();
  Result<void> execute(const LoadPlan::Entries& entries);
  Result<void> truncate();
  Result<Loaded> load(Phase& phase);
  Result<void> set_sequences();
  Result<void> analyze(std::vector<std::string>& notes);

  const SelectedRestore& restore_;
  const Contents& contents_;
  Connection connection_;
  Connection helper_;
  StockRestore definitions_;
  Choice choice_;
  const Cancellation& cancellation_;
  std::set<RelationName> table_names_;
  std::set<RelationName> sequences_;
  LoadPlan plan_;
  LoadPlan::Entries late_partitions_;
};

bool Transaction::is_chosen(const Entry& entry) const {
  const RelationName name{entry.schema.value_or(""), entry.tag.value_or("")};
  if (entry.is("SEQUENCE SET")) return sequences_.contains(name);
  if (!entry.is("TABLE DATA")) return choice_.missing.entries.contains(entry.id);
  return table_names_.contains(name);
}

// A parent that is there has its indexes, and would give them to a partition at once: the partition must have
// its own before.
LoadPlan::Entries Transaction::take_late_partitions() {
  const EntryIndex index(contents_);
  LoadPlan::Entries late;
  std::erase_if(plan_.before, [&](const Entry* entry) {
    const bool is_late =
        entry->is("TABLE ATTACH") &&
        std::any_of(entry->dependencies.begin(), entry->dependencies.end(), [&](const std::string& id) {
          const Entry* table = index.find(id);
          return table && table->is("TABLE") && !choice_.missing.entries.contains(table->id);
        });
    if (is_late) late.push_back(entry);
    return is_late;
  });
  return late;
}

Result<void> Transaction::begin() {
  // The end of this transaction is the end of the restore: it waits for the disk.
  RETURN_IF_ERROR(connection_.execute("SET synchronous_commit = on; BEGIN"));
  return choice_.present.empty() ? Result<void>() : lock();
}

// Everything that will be altered is locked at once, so that no one meets us half way.
Result<void> Transaction::lock() {
  std::set<RelationName> tables(choice_.present.begin(), choice_.present.end());
  for (const auto& key : choice_.keys) {
    tables.insert(key.table);
    tables.insert(key.referenced);
  }
  std::string names;
  for (const auto& table : tables) names += (names.empty() ? "" : ", ") + table.quoted();
  // Sessions that we end need a while for it.
  const auto patience =
      restore_.terminate_connections ? std::chrono::milliseconds(60'000) : restore_.lock_timeout;
  RETURN_IF_ERROR(connection_.execute(fmt::format("SET LOCAL lock_timeout = {}", patience.count())));
  RETURN_IF_ERROR(connection_.send("LOCK TABLE " + names + " IN ACCESS EXCLUSIVE MODE"));
  std::vector<Session> blocking;
  for (;;) {
    ASSIGN_OR_RETURN(const bool done, connection_.finished(std::chrono::milliseconds(100)));
    if (done) break;
    ASSIGN_OR_RETURN(auto found, sessions_blocking(helper_, connection_.backend_pid()));
    if (!found.empty()) blocking = std::move(found);
    if (restore_.terminate_connections) RETURN_IF_ERROR(end_sessions(helper_, blocking));
    RETURN_IF_ERROR(cancellation_.check());
  }
  auto locked = connection_.finish();
  if (locked.ok()) return {};
  if (locked.error().code() != Code::kBusy || blocking.empty()) return std::move(locked).error();
  return Error(Code::kBusy, "tables to be restored into {} are in use: {}", restore_.database,
               describe(blocking))
      .hint("wait for the end of their transactions, or add `--terminate-connections` to end their sessions");
}

// pg_restore writes the statements, and they are executed here, so that they are part of the transaction.
Result<void> Transaction::execute(const LoadPlan::Entries& entries) {
  ASSIGN_OR_RETURN(const auto script, definitions_.script(entries, cancellation_));
  if (script.empty()) return {};
  return connection_.execute(script);
}

Result<void> Transaction::truncate() {
  if (choice_.present.empty()) return {};
  // Of a partitioned table its partitions: others than ours stay.
  ASSIGN_OR_RETURN(const auto emptied, present_of(connection_, choice_, "{r}"));
  std::string tables;
  for (const auto& table : emptied) tables += (tables.empty() ? "ONLY " : ", ONLY ") + table.quoted();
  return tables.empty() ? Result<void>() : connection_.execute("TRUNCATE " + tables);
}

Result<Loaded> Transaction::load(Phase& phase) {
  phase.set_total(restore_.archive_bytes);
  ASSIGN_OR_RETURN(auto targets, load_targets(contents_, plan_));
  for (auto& [id, target] : targets) {
    target->in_order = true;
    // Created or emptied in this transaction, hence frozen whatever its size.
    target->freezes = !target->truncate.empty();
    target->truncate.clear();
  }
  RowLoader loader(connection_, nullptr);
  LoadQueue unused(1);
  ArchiveLoader rows({contents_, targets, unused, false, loader, cancellation_});
  RETURN_IF_ERROR(read_wanted(restore_.archive, rows, &phase, cancellation_));
  return count_loaded(targets);
}

// Sequences are outside of transactions: moved on too early, they have a gap, and no more.
Result<void> Transaction::set_sequences() {
  for (const auto* entry : plan_.sequences) {
    const std::string name = quote_qualified(entry->schema.value_or(""), entry->tag.value_or(""));
    const std::string state = "SELECT last_value, is_called FROM " + name;
    ASSIGN_OR_RETURN(const auto before, connection_.query(state));
    RETURN_IF_ERROR(connection_.execute(entry->definition.value_or("")));
    ASSIGN_OR_RETURN(const auto after, connection_.query(state));
    ASSIGN_OR_RETURN(const auto increment,
                     connection_.scalar("SELECT seqincrement FROM pg_catalog.pg_sequence WHERE seqrelid = "
                                        "$1::pg_catalog.regclass",
                                        {name}));
    const bool falling = increment.starts_with('-');
    const int64_t had = before.number(0, 0);
    const int64_t has = after.number(0, 0);
    const bool went_back = falling ? had < has : had > has;
    const bool uncalled = had == has && before.truth(0, 1) && !after.truth(0, 1);
    if (!went_back && !uncalled) continue;
    ASSIGN_OR_RETURN([[maybe_unused]] auto put_back,
                     connection_.query("SELECT pg_catalog.setval($1::pg_catalog.regclass, $2::bigint, $3)",
                                       {name, before.string(0, 0), before.string(0, 1)}));
  }
  return {};
}

Result<void> Transaction::analyze(std::vector<std::string>& notes) {
  for (const auto* tables : {&choice_.present, &choice_.created}) {
    for (const auto& table : *tables) {
      ASSIGN_OR_RETURN(auto failure, analyze_table(connection_, table));
      if (!failure.empty()) notes.push_back(std::move(failure));
    }
  }
  return {};
}

}  // namespace

Result<SelectedRestored> restore_selected(const config::PostgresEndpoint& endpoint,
                                          const SelectedRestore& restore, Reporter& reporter,
                                          const std::string& store, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto contents, read_contents(restore.archive));
  ASSIGN_OR_RETURN(auto connection,
                   open_load_session(endpoint, restore.database, contents, false, cancellation));
  ASSIGN_OR_RETURN(auto helper, Connection::open(endpoint, restore.database));
  ASSIGN_OR_RETURN(auto choice, choose(helper, contents, restore.selection));
  RETURN_IF_ERROR(check_foreseen(helper, choice, restore));
  ASSIGN_OR_RETURN(auto tool, find_tool(endpoint, "pg_restore", connection.server_version() / 10000));
  ASSIGN_OR_RETURN(auto definitions,
                   StockRestore::create(endpoint, std::move(tool), contents, restore.workspace));
  SelectedRestored restored;
  restored.tables = names_of(contents, choice.tables);
  restored.not_compared = choice.not_compared;
  restored.notes = sentences_of(choice);
  auto phase = reporter.phase(store, "restoring tables of " + restore.database);
  Transaction transaction(restore, contents, std::move(connection), std::move(helper), std::move(definitions),
                          std::move(choice), cancellation);
  ASSIGN_OR_RETURN(restored.loaded, transaction.run(*phase, restored.notes), "while restoring tables of {}",
                   restore.database);
  return restored;
}

Result<ForeseenTables> foresee_selected(const config::PostgresEndpoint& endpoint, const std::string& database,
                                        const Contents& contents, const TableSelection& selection) {
  ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint, database));
  ASSIGN_OR_RETURN(const auto choice, choose(connection, contents, selection));
  ForeseenTables foreseen;
  ASSIGN_OR_RETURN(foreseen.replaced, replaced_by(connection, choice));
  foreseen.created = choice.created;
  foreseen.sentences = sentences_of(choice);
  return foreseen;
}

}  // namespace summit::postgres
