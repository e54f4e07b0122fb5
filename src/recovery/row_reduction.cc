#include "recovery/row_reduction.h"

#include <fmt/format.h>

#include <algorithm>

#include "stores/postgres/row_visitor.h"

namespace summit::recovery {

using postgres::ArchivedTable;
using postgres::RelationName;

namespace {

constexpr int kMostReadings = 5;
constexpr std::string_view kNull = "\\N";

bool is_named(const RelationName& table, const std::string& name) {
  return table.name == name || table.schema + "." + table.name == name;
}

// Nothing unless an archive holds values of all of them.
std::optional<std::vector<size_t>> places_in(const ArchivedTable& table,
                                             const std::vector<std::string>& columns) {
  std::vector<size_t> places;
  for (const auto& column : columns) {
    const auto found = std::find(table.columns.begin(), table.columns.end(), column);
    if (found == table.columns.end()) return {};
    places.push_back(static_cast<size_t>(found - table.columns.begin()));
  }
  return places;
}

Result<std::vector<size_t>> places_of_rule(const ArchivedTable& table,
                                           const std::vector<std::string>& columns) {
  auto places = places_in(table, columns);
  if (places) return *std::move(places);
  return Error(Code::kConfig, "`reduction` of config/sanitization.yaml names `{}`, which {} does not have",
               fmt::join(columns, ", "), table.name.display())
      .hint("correct the name after `by:`");
}

Result<std::vector<size_t>> places_of_reference(const ArchivedTable& table,
                                                const std::vector<std::string>& columns,
                                                const postgres::ArchivedReference& reference) {
  auto places = places_in(table, columns);
  if (places) return *std::move(places);
  return Error(Code::kConfig,
               "{} cannot be reduced: {} ({}) refers to its column {}, and a backup holds no values of {} "
               "({}), which are computed",
               reference.to.display(), reference.from.display(), fmt::join(reference.columns, ", "),
               fmt::join(reference.to_columns, ", "), table.name.display(), fmt::join(columns, ", "))
      .hint(fmt::format("add `{}` to `reduction: critical:` of config/sanitization.yaml: its rows all stay",
                        reference.to.name));
}

// The column of that number, as it stands in the row.
std::string_view field_of(std::string_view row, size_t column) {
  for (; column > 0; --column) {
    const size_t tab = row.find('\t');
    if (tab == std::string_view::npos) return kNull;
    row.remove_prefix(tab + 1);
  }
  return row.substr(0, row.find('\t'));
}

// Neither tab nor newline occurs within a value: both are escaped there. False when one is NULL.
bool join(std::string_view row, const std::vector<size_t>& columns, std::string& text) {
  text.clear();
  for (const size_t column : columns) {
    const auto field = field_of(row, column);
    if (field == kNull) return false;
    text += field;
    text += '\t';
  }
  return true;
}

std::string name_of(const postgres::ArchivedReference& reference) {
  return fmt::format("{} ({})", reference.from.display(), fmt::join(reference.columns, ", "));
}

}  // namespace

RowChooser::Choice RowChooser::choose(std::string_view row) {
  if (sampler_) {
    const bool whole = key_.empty() || !join(row, key_, text_);
    if (sampler_->keeps(whole ? row : std::string_view(text_))) return Choice{.kept = true};
  } else if (const auto field = field_of(row, time_); field != kNull) {
    if (!oldest_->is_before(field)) return Choice{.kept = true};
  }
  for (const auto& pull : pulls_) {
    if (join(row, pull.columns, text_) && pull.reference->keys.contains(text_))
      return Choice{.kept = true, .pulled_by = pull.reference};
  }
  return Choice{};
}

const config::TableReduction* RowReduction::rule_of(const ArchivedTable& table) const {
  for (const auto& rule : session_.rules.reduction.tables) {
    if (is_named(table.whole(), rule.table)) return &rule;
  }
  return nullptr;
}

std::set<std::string> RowReduction::named() const {
  const auto& reduction = session_.rules.reduction;
  std::set<std::string> words(reduction.critical.begin(), reduction.critical.end());
  for (const auto& rule : reduction.tables) words.insert(rule.table);
  std::erase_if(words, [&](const std::string& word) {
    return std::ranges::none_of(schema_.tables,
                                [&](const auto& table) { return is_named(table.second.whole(), word); });
  });
  return words;
}

bool RowReduction::reduces(const ArchivedTable& table) const {
  if (!session_.reduces() || table.of_extension || kept_whole_.contains(table.whole())) return false;
  const auto& reduction = session_.rules.reduction;
  const auto critical = [&](const std::string& name) { return is_named(table.whole(), name); };
  if (std::any_of(reduction.critical.begin(), reduction.critical.end(), critical)) return false;
  return reduction.sample_others || rule_of(table) != nullptr;
}

Result<std::unique_ptr<RowChooser>> RowReduction::chooser(const ArchivedTable& table) const {
  if (!reduces(table)) return std::unique_ptr<RowChooser>();
  auto chooser = std::make_unique<RowChooser>();
  const auto* rule = rule_of(table);
  if (rule != nullptr && rule->newest.count() > 0) {
    ASSIGN_OR_RETURN(const auto places, places_of_rule(table, {rule->column}));
    chooser->time_ = places.front();
    chooser->oldest_.emplace(session_.recovery_point - rule->newest);
  } else {
    if (rule != nullptr && !rule->column.empty()) {
      ASSIGN_OR_RETURN(chooser->key_, places_of_rule(table, {rule->column}));
    } else {
      // Of a key whose values are computed the whole row speaks.
      chooser->key_ = places_in(table, table.key).value_or(std::vector<size_t>());
    }
    ASSIGN_OR_RETURN(const auto sampler,
                     masking::KeySampler::create(session_.key, session_.reduction_percent));
    chooser->sampler_.emplace(sampler);
  }
  for (const auto& pulling : references_) {
    const auto& reference = *pulling->reference;
    const auto refers_to = [&](const RelationName& name) { return name == reference.to; };
    if (!refers_to(table.name) && std::none_of(table.ancestors.begin(), table.ancestors.end(), refers_to))
      continue;
    ASSIGN_OR_RETURN(auto columns, places_of_reference(table, reference.to_columns, reference));
    chooser->pulls_.push_back({pulling.get(), std::move(columns)});
  }
  return chooser;
}

// Collects the keys that kept rows name. A key counts from the next reading only where a table that it may
// keep rows of was read before it was found.
class RowReduction::References final : public postgres::RowVisitor {
 public:
  explicit References(RowReduction& reduction) : reduction_(reduction) {}

  Result<bool> begin(const pgarchive::Entry& entry) override {
    outgoing_.clear();
    const auto found = reduction_.schema_.tables.find(entry.id);
    if (found == reduction_.schema_.tables.end()) return false;
    const auto& table = found->second;
    for (const auto& pulling : reduction_.references_) {
      const auto& from = pulling->reference->from;
      const bool is_from = table.name == from || std::find(table.ancestors.begin(), table.ancestors.end(),
                                                           from) != table.ancestors.end();
      if (!is_from) continue;
      ASSIGN_OR_RETURN(auto columns,
                       places_of_reference(table, pulling->reference->columns, *pulling->reference));
      outgoing_.push_back({.pulling = pulling.get(), .columns = std::move(columns)});
    }
    if (outgoing_.empty()) return false;
    ASSIGN_OR_RETURN(chooser_, reduction_.chooser(table));
    if (chooser_) {
      reduced_.insert(table.name);
      reduced_.insert(table.ancestors.begin(), table.ancestors.end());
    }
    for (auto& outgoing : outgoing_) outgoing.is_late = reduced_.contains(outgoing.pulling->reference->to);
    return true;
  }

  Result<bool> rows(std::string_view rows) override {
    while (!rows.empty()) {
      const size_t end = rows.find('\n');
      const auto row = rows.substr(0, end);
      rows.remove_prefix(end + 1);
      if (chooser_ && !chooser_->choose(row).kept) continue;
      for (const auto& [pulling, columns, is_late] : outgoing_) {
        if (join(row, columns, text_) && pulling->keys.add(text_)) late_ = late_ || is_late;
      }
    }
    return true;
  }

  Result<void> end() override { return {}; }
  // Rows that were left out may have to stay.
  bool late() const { return late_; }

 private:
  struct Outgoing {
    PullingReference* pulling;
    std::vector<size_t> columns;
    bool is_late = false;  // rows that it keeps may have been read
  };
  RowReduction& reduction_;
  // Tables of this reading, the one in hand among them, that keep rows for references.
  std::set<RelationName> reduced_;
  std::vector<Outgoing> outgoing_;  // of the table
  std::unique_ptr<RowChooser> chooser_;
  std::string text_;
  bool late_ = false;
};

Result<RowReduction> RowReduction::plan(const postgres::ArchiveSource& source,
                                        const postgres::ArchiveSchema& schema,
                                        const masking::Session& session, Reporter& reporter,
                                        const Cancellation& cancellation) {
  RowReduction reduction(schema, session);
  std::set<RelationName> reduced;
  for (const auto& [id, table] : schema.tables) {
    if (!reduction.reduces(table)) continue;
    reduced.insert(table.name);
    reduced.insert(table.ancestors.begin(), table.ancestors.end());
  }
  for (const auto& reference : schema.references) {
    if (!reduced.contains(reference.to)) continue;
    reduction.references_.push_back(std::make_unique<PullingReference>());
    reduction.references_.back()->reference = &reference;
  }
  // What does not fit shows now, and not when rows are written.
  for (const auto& [id, table] : schema.tables) RETURN_IF_ERROR(reduction.chooser(table));
  bool again = !reduction.references_.empty();
  for (int reading = 0; again && reading < kMostReadings; ++reading) {
    const auto phase = reporter.phase("reduction", "following references");
    References references(reduction);
    RETURN_IF_ERROR(postgres::visit_rows(source, references, phase.get(), cancellation));
    again = references.late();
  }
  if (!again) return reduction;
  for (const auto& pulling : reduction.references_) {
    for (const auto& name : {pulling->reference->to, pulling->reference->from}) {
      for (const auto& [id, table] : schema.tables) {
        const bool is_it = table.name == name || std::find(table.ancestors.begin(), table.ancestors.end(),
                                                           name) != table.ancestors.end();
        if (is_it && reduced.contains(table.name)) reduction.kept_whole_.insert(table.whole());
      }
    }
  }
  return reduction;
}

void ReducedTable::count(const RowChooser::Choice& choice) {
  ++rows;
  kept += choice.kept ? 1 : 0;
  if (choice.pulled_by) ++pulled[choice.pulled_by];
}

void ReducedTable::add(const ReducedTable& other) {
  rows += other.rows;
  kept += other.kept;
  for (const auto& [reference, count] : other.pulled) pulled[reference] += count;
}

std::string describe(const std::string& table, const ReducedTable& counted) {
  auto text = fmt::format("{}: {} of {} rows", table, counted.kept, counted.rows);
  const auto most = std::max_element(counted.pulled.begin(), counted.pulled.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most != counted.pulled.end())
    text +=
        fmt::format(", {} of them because {} refers to them", most->second, name_of(*most->first->reference));
  return text;
}

}  // namespace summit::recovery
