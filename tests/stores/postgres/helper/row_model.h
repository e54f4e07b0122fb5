// Random databases small enough to think through: tables, rows and references in memory, the SQL that makes
// them, and the closure of an owner by brute force.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "config/selection.h"

namespace summit::postgres {

struct ModelColumn {
  std::string name;
  std::string type;
  bool nullable = true;
};

using ModelValue = std::optional<std::string>;
using ModelRow = std::map<std::string, ModelValue>;  // by column name

struct ModelTable {
  std::string schema;
  std::string name;
  std::vector<ModelColumn> columns;
  std::vector<std::string> key;
  bool partitioned = false;
  bool has_owner = false;
  std::vector<ModelRow> rows;

  std::string display() const;  // as messages name it
};

struct ModelReference {
  size_t from = 0;
  size_t to = 0;
  std::vector<std::string> columns;
  std::vector<std::string> to_columns;
  bool declared = false;  // in the configuration, not in the database
  bool match_full = false;
  std::string when_equals;  // of the column "kind"; empty: always
};

// What a closure should give.
struct ModelClosure {
  std::vector<std::set<size_t>> taken;                           // rows by table
  std::vector<std::map<size_t, std::set<std::string>>> emptied;  // columns by row, by table
  std::map<std::string, uint64_t> leaving;                       // rows by reference
  uint64_t owned = 0;
  bool refused = false;
};

class RowModel {
 public:
  explicit RowModel(uint64_t seed);

  std::vector<std::string> statements() const;  // that make the database, in schemas of its own
  ModelClosure closure() const;

  const std::vector<ModelTable>& tables() const { return tables_; }
  const std::vector<ModelReference>& references() const { return references_; }
  const config::RowSpec& spec() const { return spec_; }
  const std::string& owner() const { return owners_[0]; }
  std::string name_of(const ModelReference& reference) const;
  std::vector<size_t> targets(const ModelReference& reference, const ModelRow& row) const;

 private:
  size_t below(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random_); }
  bool chance(double probability) { return std::bernoulli_distribution(probability)(random_); }
  std::string fresh_value(const std::string& type);
  std::string any_type();

  void make_table(size_t number);
  void make_rows(ModelTable& table);
  void make_reference();
  void make_key_reference(ModelReference reference);
  void make_declared_reference(ModelReference reference);
  void fill(const ModelReference& reference);
  void choose_selection();
  void choose_policies();

  bool is_named(const std::vector<config::Named>& names, size_t table) const;
  bool is_start(size_t table) const;
  std::vector<bool> owned_tables() const;
  config::OutsidePolicy policy_of(const ModelReference& reference) const;
  std::set<std::string> columns_to_empty(const ModelReference& reference) const;

  std::mt19937_64 random_;
  uint64_t counter_ = 0;
  std::string owner_type_;
  std::vector<std::string> owners_;
  std::vector<ModelTable> tables_;
  std::vector<ModelReference> references_;
  config::RowSpec spec_;
};

}  // namespace summit::postgres
