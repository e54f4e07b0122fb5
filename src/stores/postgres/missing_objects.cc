#include "stores/postgres/missing_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "stores/postgres/load_plan.h"
#include "stores/postgres/sql.h"

namespace summit::postgres {

using pgarchive::Contents;
using pgarchive::Entry;

namespace {

// Names of what a database holds, as entries of an archive would call it.
class Present {
 public:
  static Result<Present> read(Connection& connection) {
    Present present;
    ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
        SELECT 'schema', '', nspname FROM pg_catalog.pg_namespace
        UNION ALL SELECT 'extension', '', extname FROM pg_catalog.pg_extension
        UNION ALL SELECT 'relation', n.nspname, c.relname
          FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        UNION ALL SELECT 'type', n.nspname, t.typname
          FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        UNION ALL SELECT 'routine', n.nspname, p.proname || '(' ||
            pg_catalog.array_to_string(ARRAY(SELECT pg_catalog.format_type(a.type, NULL)
              FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY a (type, place) ORDER BY a.place), ', ') || ')'
          FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
          WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema')sql"));
    for (size_t i = 0; i < rows.size(); ++i)
      present.names_.insert(key(rows.text(i, 0), rows.text(i, 1), rows.text(i, 2)));
    return present;
  }

  // What cannot be told counts as present: should it be absent, the statement that needs it says so.
  bool has(const Entry& entry) const {
    const std::string schema = entry.schema.value_or("");
    const std::string tag = entry.tag.value_or("");
    if (entry.is("SCHEMA")) return names_.contains(key("schema", "", tag));
    if (entry.is("EXTENSION")) return names_.contains(key("extension", "", tag));
    if (is_relation(entry)) return names_.contains(key("relation", schema, tag));
    if (entry.is("TYPE") || entry.is("DOMAIN")) return names_.contains(key("type", schema, tag));
    if (entry.is("FUNCTION") || entry.is("PROCEDURE")) return names_.contains(key("routine", schema, tag));
    return true;
  }

  static bool is_relation(const Entry& entry) {
    return entry.is("TABLE") || entry.is("FOREIGN TABLE") || entry.is("SEQUENCE") || entry.is("VIEW") ||
           entry.is("MATERIALIZED VIEW");
  }

 private:
  static std::string key(std::string_view kind, std::string_view schema, std::string_view name) {
    return fmt::format("{}\n{}\n{}", kind, schema, name);
  }

  std::unordered_set<std::string> names_;
};

// Entries that are nothing without their table.
bool belongs_to_a_table(const Entry& entry) {
  static constexpr std::array kKinds = {"SEQUENCE",
                                        "SEQUENCE OWNED BY",
                                        "DEFAULT",
                                        "TABLE ATTACH",
                                        "INDEX",
                                        "INDEX ATTACH",
                                        "CONSTRAINT",
                                        "FK CONSTRAINT",
                                        "CHECK CONSTRAINT",
                                        "TRIGGER",
                                        "POLICY",
                                        "RULE",
                                        "ROW SECURITY",
                                        "STATISTICS",
                                        "COMMENT",
                                        "ACL",
                                        "SECURITY LABEL"};
  return std::any_of(kKinds.begin(), kKinds.end(), [&](const char* kind) { return entry.is(kind); });
}

class Closure {
 public:
  Closure(const Contents& contents, Present present, const std::set<int64_t>& selected)
      : contents_(contents), index_(contents), present_(std::move(present)), selected_(selected) {}

  MissingObjects compute() {
    for (const auto& entry : contents_.entries) {
      if (!selected_.contains(entry.id) || present_.has(entry)) continue;
      missing_.tables.insert(entry.id);
      create(entry);
    }
    // What belongs to something new may bring something new itself: a default its sequence.
    for (size_t before = 0; before != missing_.entries.size();) {
      before = missing_.entries.size();
      for (const auto& entry : contents_.entries) {
        if (belongs_to_a_table(entry) && needs_something_new(entry)) add_if_possible(entry);
      }
    }
    return std::move(missing_);
  }

 private:
  // With everything that it needs and that is not there.
  void create(const Entry& entry) {
    if (!missing_.entries.insert(entry.id).second) return;
    if (entry.schema) create_schema(*entry.schema);
    for (const auto& id : entry.dependencies) {
      const Entry* needed = index_.find(id);
      if (needed && !present_.has(*needed)) create(*needed);
    }
  }

  void create_schema(const std::string& schema) {
    for (const auto& entry : contents_.entries) {
      if (entry.is("SCHEMA") && entry.tag == schema && !present_.has(entry)) create(entry);
    }
  }

  bool needs_something_new(const Entry& entry) const {
    return std::any_of(entry.dependencies.begin(), entry.dependencies.end(), [&](const std::string& id) {
      const Entry* needed = index_.find(id);
      // A new schema brings its own grants and comment, and not everything else that is in it.
      return needed && missing_.entries.contains(needed->id) &&
             (!needed->is("SCHEMA") || entry.is("ACL") || entry.is("COMMENT"));
    });
  }

  void add_if_possible(const Entry& entry) {
    for (const auto& id : entry.dependencies) {
      const Entry* needed = index_.find(id);
      if (!needed || missing_.entries.contains(needed->id) || present_.has(*needed)) continue;
      if (!needed->is("TABLE") && !needed->is("VIEW") && !needed->is("MATERIALIZED VIEW")) continue;
      missing_.left_out.insert(
          fmt::format("{} {} is left out: it refers to {}, which is neither there nor chosen",
                      entry.description.value_or(""), entry.tag.value_or(""),
                      display_name(needed->schema.value_or(""), needed->tag.value_or(""))));
      return;
    }
    create(entry);
  }

  const Contents& contents_;
  EntryIndex index_;
  Present present_;
  const std::set<int64_t>& selected_;
  MissingObjects missing_;
};

}  // namespace

Result<MissingObjects> find_missing(Connection& connection, const Contents& contents,
                                    const std::set<int64_t>& tables) {
  ASSIGN_OR_RETURN(auto present, Present::read(connection));
  return Closure(contents, std::move(present), tables).compute();
}

}  // namespace summit::postgres
