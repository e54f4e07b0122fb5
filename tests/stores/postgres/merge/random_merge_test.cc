// Merges into random databases, against brute force: schemas with cycles, composite keys, partitions and
// declared references; damage to rows of the owner and to shared ones.
#include <fmt/format.h>

#include <random>
#include <set>

#include "tests/stores/postgres/helper/row_model.h"
#include "tests/stores/postgres/merge/merge_world.h"

namespace summit::postgres::merge {
namespace {

using Table = std::vector<ModelRow>;
using Database = std::vector<Table>;
using Marks = std::vector<std::set<size_t>>;  // row numbers by table

// What a merge should do, worked out row by row.
class BruteForce {
 public:
  explicit BruteForce(const RowModel& model) : model_(model) {
    for (size_t t = 0; t < model.tables().size(); ++t) {
      const auto& table = model.tables()[t];
      const bool aside = is_named(model.spec().whole, table) || is_named(model.spec().excluded, table);
      std::vector<std::string> columns;
      const auto& owner_column = model.spec().column.name;
      if (!owner_column.empty() && table.has_owner && !aside) columns.push_back(owner_column);
      if (model.spec().start && model.spec().start->table.name == table.display())
        columns.push_back(model.spec().start->column);
      by_column_.push_back(columns);
    }
    through_.resize(by_column_.size());
    for (bool added = model.spec().owned_auto; added;) {
      added = false;
      for (const auto& r : model.references()) {
        const auto& from = model.tables()[r.from];
        const bool aside = is_named(model.spec().whole, from) || is_named(model.spec().excluded, from);
        if (aside || has_owners(r.from) || !has_owners(r.to)) continue;
        through_[r.from] = added = true;
      }
    }
  }

  struct Owned {
    Marks wholly;
    Marks partly;  // rows of others as well
  };

  // `backup` tells whom rows belong to whose parents are gone; null for the backup itself.
  Marks owned(const Database& database, const Database* backup) const {
    return whose(database, backup).wholly;
  }
  Owned whose(const Database& database, const Database* backup) const {
    Marks own(database.size());
    Marks partly(database.size());
    Marks backup_own = backup ? owned(*backup, nullptr) : Marks();
    for (size_t t = 0; t < database.size(); ++t) {
      for (size_t r = 0; r < database[t].size(); ++r) {
        for (const auto& column : by_column_[t]) {
          if (database[t][r].at(column) == ModelValue(model_.owner())) own[t].insert(r);
        }
      }
    }
    for (bool changed = true; changed;) {
      changed = false;
      each_owning(database, [&](const ModelReference& reference, size_t r) {
        const auto here = targets(database, reference, database[reference.from][r]);
        bool is_owned = false;
        for (const size_t target : here) is_owned = is_owned || own[reference.to].contains(target);
        if (here.empty() && backup) {
          for (const size_t target : targets(*backup, reference, database[reference.from][r]))
            is_owned = is_owned || backup_own[reference.to].contains(target);
        }
        if (is_owned) changed = own[reference.from].insert(r).second || changed;
      });
    }
    for (bool changed = true; changed;) {
      changed = false;
      each_owning(database, [&](const ModelReference& reference, size_t r) {
        const auto& row = database[reference.from][r];
        const auto here = targets(database, reference, row);
        bool shared = false;
        for (const size_t target : here)
          shared = shared || is_of_others(own, reference.to, target, database[reference.to][target]);
        if (here.empty() && backup) {
          for (const size_t target : targets(*backup, reference, row))
            shared =
                shared || is_of_others(backup_own, reference.to, target, (*backup)[reference.to][target]);
        }
        if (!shared || own[reference.from].erase(r) == 0) return;
        changed = true;
        partly[reference.from].insert(r);
      });
    }
    return {own, partly};
  }

  // Not of nobody: its column is NULL.
  bool is_of_others(const Marks& own, size_t table, size_t r, const ModelRow& row) const {
    if (own[table].contains(r)) return false;
    const auto& columns = by_column_[table];
    return std::all_of(columns.begin(), columns.end(), [&](const auto& c) { return row.at(c).has_value(); });
  }

  struct Outcome {
    bool refused = false;
    bool nothing = false;  // the backup has no row of the owner
    std::vector<std::multiset<std::string>> rows;
    size_t lent = 0;
  };

  Outcome merge(const Database& live, const Database& backup) const {
    Outcome outcome;
    const Marks own_live = owned(live, &backup);
    const Owned in_backup_owned = whose(backup, nullptr);
    const Marks& own_backup = in_backup_owned.wholly;
    outcome.nothing =
        std::all_of(own_backup.begin(), own_backup.end(), [](const auto& rows) { return rows.empty(); });
    const Marks lent = needed(live, backup, in_backup_owned);
    for (size_t t = 0; t < live.size(); ++t) {
      auto& rows = outcome.rows.emplace_back();
      const auto keys = keys_of(t, backup[t]);
      for (size_t r = 0; r < live[t].size(); ++r) {
        const auto there = keys.find(key_of(t, live[t][r]));
        const bool in_backup = there != keys.end();
        const bool owned_there = in_backup && own_backup[t].contains(there->second);
        if (!own_live[t].contains(r)) {
          outcome.refused = outcome.refused || owned_there;
          rows.insert(text_of(live[t][r]));
        } else if (!owned_there) {
          outcome.refused = outcome.refused || in_backup || is_referred_to(live, own_live, t, r);
        }
      }
      for (const size_t r : own_backup[t]) rows.insert(text_of(backup[t][r]));
      for (const size_t r : lent[t]) rows.insert(text_of(backup[t][r]));
      outcome.lent += lent[t].size();
    }
    return outcome;
  }

  static std::string text_of(const ModelRow& row) {
    std::string text;
    for (const auto& [name, value] : row)
      text += fmt::format("{}={} ", name, value ? quote_literal(*value) : "NULL");
    return text;
  }

 private:
  static bool is_named(const std::vector<config::Named>& names, const ModelTable& table) {
    return std::any_of(names.begin(), names.end(), [&](const auto& n) { return n.name == table.display(); });
  }
  bool has_owners(size_t table) const { return !by_column_[table].empty() || through_[table]; }

  template <typename Visit>
  void each_owning(const Database& database, Visit visit) const {
    for (const auto& reference : model_.references()) {
      if (!through_[reference.from] || !has_owners(reference.to)) continue;
      for (size_t r = 0; r < database[reference.from].size(); ++r) visit(reference, r);
    }
  }

  static std::vector<size_t> targets(const Database& database, const ModelReference& reference,
                                     const ModelRow& row) {
    std::vector<size_t> found;
    if (!reference.when_equals.empty() && row.at("kind") != ModelValue(reference.when_equals)) return found;
    for (size_t i = 0; i < database[reference.to].size(); ++i) {
      bool same = true;
      for (size_t c = 0; c < reference.columns.size(); ++c) {
        const auto& value = row.at(reference.columns[c]);
        same = same && value && value == database[reference.to][i].at(reference.to_columns[c]);
      }
      if (same) found.push_back(i);
    }
    return found;
  }

  std::string key_of(size_t t, const ModelRow& row) const {
    std::string key;
    for (const auto& column : model_.tables()[t].key) key += *row.at(column) + "\n";
    return key;
  }
  std::map<std::string, size_t> keys_of(size_t t, const Table& rows) const {
    std::map<std::string, size_t> keys;
    for (size_t r = 0; r < rows.size(); ++r) keys[key_of(t, rows[r])] = r;
    return keys;
  }

  bool is_referred_to(const Database& live, const Marks& own, size_t t, size_t row) const {
    for (const auto& reference : model_.references()) {
      if (reference.to != t) continue;
      for (size_t r = 0; r < live[reference.from].size(); ++r) {
        if (own[reference.from].contains(r)) continue;
        const auto found = targets(live, reference, live[reference.from][r]);
        if (std::find(found.begin(), found.end(), row) != found.end()) return true;
      }
    }
    return false;
  }

  // Rows of others that are missing and that are the owner's as well, or that the owner's rows refer to,
  // directly or through missing ones.
  Marks needed(const Database& live, const Database& backup, const Owned& in_backup) const {
    const Marks& own_backup = in_backup.wholly;
    Marks lent(live.size());
    for (size_t t = 0; t < live.size(); ++t) {
      const auto keys = keys_of(t, live[t]);
      for (const size_t r : in_backup.partly[t]) {
        if (!keys.contains(key_of(t, backup[t][r]))) lent[t].insert(r);
      }
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (const auto& reference : model_.references()) {
        const auto keys = keys_of(reference.to, live[reference.to]);
        for (size_t r = 0; r < backup[reference.from].size(); ++r) {
          if (!own_backup[reference.from].contains(r) && !lent[reference.from].contains(r)) continue;
          for (const size_t target : targets(backup, reference, backup[reference.from][r])) {
            const bool missing = !keys.contains(key_of(reference.to, backup[reference.to][target]));
            if (missing && !own_backup[reference.to].contains(target))
              changed = lent[reference.to].insert(target).second || changed;
          }
        }
      }
    }
    return lent;
  }

  const RowModel& model_;
  std::vector<std::vector<std::string>> by_column_;
  std::vector<bool> through_;
};

class RandomMergeTest : public MergeTest {
 protected:
  void SetUp() override {
    for (const char* name : {"live", "backup"}) {
      run("postgres", fmt::format("DROP DATABASE IF EXISTS {0} WITH (FORCE)", name));
      run("postgres", fmt::format("CREATE DATABASE {0} TEMPLATE template0", name));
    }
  }

  static std::string name_of(const ModelTable& table) { return quote_qualified(table.schema, table.name); }

  static void make(const RowModel& model, const std::string& database) {
    std::string script =
        "DROP SCHEMA IF EXISTS public CASCADE; DROP SCHEMA IF EXISTS \"Other Schema\" CASCADE; "
        "CREATE SCHEMA public; CREATE SCHEMA \"Other Schema\";";
    for (const auto& statement : model.statements()) script += statement + ";\n";
    expect_ok(connect(database).execute(script), script.c_str());
  }

  // The backup holds what a selection takes, or everything, where the selection would empty columns.
  static fs::path archive(const RowModel& model) {
    make(model, "backup");
    const auto closure = model.closure();
    const bool emptied =
        std::any_of(closure.emptied.begin(), closure.emptied.end(), [](const auto& t) { return !t.empty(); });
    std::string script = "SET session_replication_role = replica;";
    for (size_t t = 0; t < model.tables().size() && !closure.refused && !emptied; ++t) {
      std::string taken = "-1";
      for (const size_t r : closure.taken[t]) taken += fmt::format(",{}", r);
      script += fmt::format("DELETE FROM {} WHERE number NOT IN ({});", name_of(model.tables()[t]), taken);
    }
    expect_ok(connect("backup").execute(script));
    return pg_dump("backup");
  }

  static Database read(const RowModel& model, const std::string& database) {
    Database all;
    auto connection = connect(database);
    for (const auto& table : model.tables()) {
      std::string columns;
      for (const auto& column : table.columns) columns += quote_identifier(column.name) + ", ";
      auto rows = expect_ok(
          connection.query(fmt::format("SELECT {}number FROM {} ORDER BY number", columns, name_of(table))));
      auto& read = all.emplace_back();
      for (size_t r = 0; r < rows.size(); ++r) {
        ModelRow row;
        for (size_t c = 0; c < table.columns.size(); ++c)
          row[table.columns[c].name] = rows.is_null(r, c) ? ModelValue() : ModelValue(rows.string(r, c));
        row["number"] = rows.string(r, table.columns.size());
        read.push_back(std::move(row));
      }
    }
    return all;
  }

  // Mostly rows of the owner are lost, changed and added; sometimes a row of somebody else is lost, too.
  static void damage(const RowModel& model, const Marks& own, std::mt19937_64& random) {
    const bool hand_over_some = std::bernoulli_distribution(0.2)(random);
    const auto chance = [&](double p) { return std::bernoulli_distribution(p)(random); };
    auto connection = connect("live");
    expect_ok(connection.execute("SET session_replication_role = replica"));
    for (size_t t = 0; t < model.tables().size(); ++t) {
      const auto& table = model.tables()[t];
      for (size_t r = 0; r < table.rows.size(); ++r) {
        const bool owned = own[t].contains(r);
        const auto where = fmt::format(" WHERE number = {}", r);
        if (owned && table.has_owner && chance(hand_over_some ? 0.3 : 0.0)) {
          hand_over(connection, table, r);
        } else if (chance(owned ? 0.3 : 0.05)) {
          expect_ok(connection.execute("DELETE FROM " + name_of(table) + where));
        } else if (owned && chance(0.3)) {
          expect_ok(connection.execute("UPDATE " + name_of(table) + " SET number = number + 1000" + where));
        } else if (owned && table.key.back() != "Owner Id" && chance(0.3)) {
          std::string columns = "number";
          std::string values = "number + 2000";
          for (const auto& column : table.columns) {
            columns += ", " + quote_identifier(column.name);
            const bool last_of_key = column.name == table.key.back();
            values += ", " + (last_of_key ? fresh(column.type, t * 1000 + r) : quote_identifier(column.name));
          }
          expect_ok(connection.execute(fmt::format("INSERT INTO {0} ({1}) SELECT {2} FROM {0}{3}",
                                                   name_of(table), columns, values, where)));
        }
      }
    }
  }

  // The row is somebody else's from now on.
  static void hand_over(Connection& connection, const ModelTable& table, size_t row) {
    for (const auto& other : table.rows) {
      const auto& owner = other.at("Owner Id");
      if (!owner || owner == table.rows[row].at("Owner Id")) continue;
      expect_ok(connection.execute(fmt::format("UPDATE {} SET \"Owner Id\" = {} WHERE number = {}",
                                               name_of(table), quote_literal(*owner), row)));
      return;
    }
  }

  static std::string fresh(const std::string& type, size_t number) {
    if (type == "uuid")
      return quote_literal(fmt::format("ffffffff-0000-4000-8000-{:012}", number)) + "::uuid";
    if (type == "integer" || type == "bigint") return std::to_string(1'000'000 + number);
    return quote_literal(fmt::format("added {}", number));
  }
};

TEST_F(RandomMergeTest, GivesTheOwnersRowsBackAndTouchesNoOther) {
  constexpr uint64_t kCases = 45;
  size_t merged = 0;
  size_t changed = 0;
  size_t lent = 0;
  size_t refused = 0;
  for (uint64_t seed = 1; seed <= kCases; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    const RowModel model(seed);
    const BruteForce brute_force(model);
    const auto dump = archive(model);
    const auto backup = read(model, "backup");
    make(model, "live");
    damage(model, brute_force.owned(read(model, "live"), nullptr), random);
    const auto live = read(model, "live");
    const auto expected = brute_force.merge(live, backup);

    MergeRequest request;
    request.database = "live";
    request.rules = model.spec();
    request.id = model.owner();
    auto merge = expect_ok(RowMerge::open(endpoint(), request, {}));
    expect_ok(merge.stage(archive_file(dump)));
    const auto report = merge.apply();
    if (expected.nothing || expected.refused) {
      ASSERT_FALSE(report.ok());
      EXPECT_EQ(report.error().code(), expected.nothing ? Code::kNotFound : Code::kRefused)
          << report.error().to_string();
      EXPECT_EQ(read(model, "live"), live);
      refused += expected.refused && !expected.nothing ? 1 : 0;
      continue;
    }
    ASSERT_TRUE(report.ok()) << report.error().to_string();
    const auto after = read(model, "live");
    for (size_t t = 0; t < after.size(); ++t) {
      std::multiset<std::string> rows;
      for (const auto& row : after[t]) rows.insert(BruteForce::text_of(row));
      EXPECT_EQ(rows, expected.rows[t]) << model.tables()[t].display();
    }
    EXPECT_EQ(report->lent(), expected.lent);
    EXPECT_FALSE(expect_ok(merge.preview()).changes_anything());
    ++merged;
    lent += expected.lent;
    changed += report->inserted() + report->changed() + report->deleted();
    if (HasFailure()) break;
  }
  EXPECT_GT(merged, 10U);
  EXPECT_GT(changed, 40U);
  EXPECT_GT(lent, 0U);
  EXPECT_GT(refused, 0U);
}

}  // namespace
}  // namespace summit::postgres::merge
