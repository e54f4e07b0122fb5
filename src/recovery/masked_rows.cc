#include "recovery/masked_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "stores/postgres/row_hasher.h"
#include "stores/postgres/row_splitter.h"

namespace summit::recovery {

using postgres::ArchivedTable;
using postgres::RelationName;

namespace {

config::MaskRule switched_off(const char* column) {
  config::MaskRule rule;
  config::FieldRule field;
  field.field = column;
  field.set.kind = config::Operation::Kind::kConstant;
  field.set.text = "f";
  rule.fields.push_back(std::move(field));
  return rule;
}

bool is_timescale_job(const RelationName& table) {
  return table.schema.starts_with("_timescaledb_") && table.name == "bgw_job";
}
bool is_cron_job(const RelationName& table) { return table == RelationName{"cron", "job"}; }
bool is_job(const RelationName& table) { return is_timescale_job(table) || is_cron_job(table); }

}  // namespace

bool enters_masked_target(const pgarchive::Entry& entry) {
  if (entry.is("SUBSCRIPTION") || entry.is("SUBSCRIPTION TABLE") || entry.is("USER MAPPING")) return false;
  if (entry.is("COMMENT") || entry.is("SECURITY LABEL"))
    return !entry.tag.value_or("").starts_with("SUBSCRIPTION ");
  return !entry.has_data || entry.copy.has_value();
}

bool leaves_out_comments(const pgarchive::Contents& contents) {
  return std::ranges::any_of(contents.entries, [](const auto& entry) {
    return entry.is("COMMENT") && !enters_masked_target(entry);
  });
}

masking::Rules rules_of(const masking::Session& session, const ArchivedTable& table) {
  std::vector<masking::TableName> names = {{table.name.schema, table.name.name}};
  for (const auto& ancestor : table.ancestors) names.push_back({ancestor.schema, ancestor.name});
  return masking::rules_of_table(session.rules, session.level, names);
}

// Chooses, masks, then adds to the fingerprint what goes in. Its part of the fingerprint counts when it ends.
class MaskedRows::Editor final : public postgres::RowEditor {
 public:
  Editor(MaskedRows& rows, const ArchivedTable& table, masking::CopyRowMask mask,
         std::unique_ptr<RowChooser> chooser)
      : rows_(rows), table_(table.whole().display()), mask_(std::move(mask)), chooser_(std::move(chooser)) {}
  Editor(const Editor&) = delete;
  Editor& operator=(const Editor&) = delete;
  ~Editor() override {
    const std::lock_guard lock(rows_.mutex_);
    if (hasher_) rows_.hashes_[name_].merge(hasher_->hash());
    if (chooser_) rows_.reduced_[table_].add(counted_);
  }

  // `table` as users see it, `columns` as they stand in a row.
  void fingerprint_as(const postgres::Table& table, const std::vector<std::string>& columns) {
    std::vector<postgres::Column> given;
    for (const auto& name : columns) given.push_back({.name = name, .type = {}});
    const auto wanted = postgres::stored_columns(table.columns);
    hasher_.emplace(wanted, postgres::places_of(wanted, given));
    name_ = table.name;
  }

  Result<uint64_t> edit(std::string_view rows, std::string& out) override {
    const size_t start = out.size();
    const uint64_t kept = chooser_ ? choose(rows) : postgres::count_rows(rows);
    if (chooser_) rows = chosen_;
    RETURN_IF_ERROR(mask_.mask(rows, out));
    if (hasher_) hasher_->add(as_bytes(std::string_view(out).substr(start)));
    return kept;
  }

 private:
  // Gives how many rows are in chosen_ then.
  uint64_t choose(std::string_view rows) {
    uint64_t kept = 0;
    chosen_.clear();
    while (!rows.empty()) {
      const size_t end = rows.find('\n');
      const auto choice = chooser_->choose(rows.substr(0, end));
      counted_.count(choice);
      if (choice.kept) {
        chosen_ += rows.substr(0, end + 1);
        ++kept;
      }
      rows.remove_prefix(end + 1);
    }
    return kept;
  }

  MaskedRows& rows_;
  const std::string table_;
  masking::CopyRowMask mask_;
  std::unique_ptr<RowChooser> chooser_;  // null: every row
  ReducedTable counted_;
  std::string chosen_;
  std::optional<postgres::RowHasher> hasher_;
  RelationName name_;
};

MaskedRows::MaskedRows(const masking::Session& session, const postgres::ArchiveSchema& schema,
                       const RowReduction& reduction, postgres::FingerprintScope scope)
    : session_(session),
      schema_(schema),
      reduction_(reduction),
      scope_(std::move(scope)),
      scheduled_off_(switched_off("scheduled")),
      active_off_(switched_off("active")) {}

MaskedRows::~MaskedRows() = default;

bool MaskedRows::edits(const ArchivedTable& table) const {
  return is_job(table.name) || !rules_of(session_, table).empty() || reduction_.reduces(table);
}

// While it is filled, a hypertable is an ordinary table that its chunks inherit from.
const postgres::Table* MaskedRows::seen_as(const ArchivedTable& table) const {
  if (table.is_part) return inventory_.table(table.whole());
  if (const auto* found = inventory_.table(table.name)) return found;
  for (const auto& ancestor : table.ancestors) {
    if (const auto* found = inventory_.table(ancestor)) return found;
  }
  return nullptr;
}

// One fingerprint counts all rows of a table: where one partition is edited, the others pass through here
// too.
Result<void> MaskedRows::begin(postgres::Connection& connection) {
  ASSIGN_OR_RETURN(inventory_, postgres::read_inventory(connection));
  for (const auto& [id, table] : schema_.tables) {
    const auto* seen = seen_as(table);
    if (seen && edits(table)) edited_.insert(seen->name);
  }
  return {};
}

Result<std::unique_ptr<postgres::RowEditor>> MaskedRows::open(const pgarchive::Entry& rows) {
  const auto found = schema_.tables.find(rows.id);
  if (found == schema_.tables.end())
    return Error(Code::kCorrupt, "the archive's table of contents does not name the rows of entry {}",
                 rows.id)
        .hint("run `summit-dr verify` on this backup");
  const auto& table = found->second;
  const auto* seen = seen_as(table);
  const bool counted = seen && edited_.contains(seen->name);
  if (!counted && !edits(table)) return std::unique_ptr<postgres::RowEditor>();

  ASSIGN_OR_RETURN(auto mask, mask_of(table));
  ASSIGN_OR_RETURN(auto chooser, reduction_.chooser(table));
  auto editor = std::make_unique<Editor>(*this, table, std::move(mask), std::move(chooser));
  if (counted) editor->fingerprint_as(*seen, table.columns);
  return std::unique_ptr<postgres::RowEditor>(std::move(editor));
}

Result<masking::CopyRowMask> MaskedRows::mask_of(const ArchivedTable& table) const {
  auto rules = rules_of(session_, table);
  if (is_job(table.name))
    rules.insert(rules.begin(), is_cron_job(table.name) ? &active_off_ : &scheduled_off_);
  ASSIGN_OR_RETURN(auto mask,
                   masking::RowMask::compile(rules, table.columns, session_.key, table.name.display()));
  std::vector<std::string> places;
  for (const auto& target : mask.targets()) {
    places.push_back(fmt::format("postgresql:{}.{}", table.whole().display(), table.columns[target.column]));
  }
  masking::CopyRowMask copy(std::move(mask));
  if (!is_job(table.name)) copy.report_to(session_.replaced, places);
  return copy;
}

std::vector<Fingerprint> MaskedRows::fingerprints() const {
  const std::lock_guard lock(mutex_);
  std::vector<Fingerprint> made;
  for (const auto& name : edited_) {
    const auto found = hashes_.find(name);
    made.push_back(postgres::table_fingerprint(*inventory_.table(name), scope_,
                                               found == hashes_.end() ? SetHash() : found->second));
  }
  return made;
}

}  // namespace summit::recovery
