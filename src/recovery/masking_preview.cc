#include "recovery/masking_preview.h"

#include "masking/copy_rows.h"
#include "recovery/masked_rows.h"
#include "stores/postgres/archive_reading.h"
#include "stores/postgres/row_visitor.h"

namespace summit::recovery {
namespace {

class Previewer final : public postgres::RowVisitor {
 public:
  Previewer(const masking::Session& session, const postgres::ArchiveSchema& schema, size_t rows)
      : session_(session), schema_(schema), rows_(rows) {}

  Result<bool> begin(const pgarchive::Entry& entry) override {
    const auto found = schema_.tables.find(entry.id);
    if (found == schema_.tables.end()) return false;
    table_ = &found->second;
    const auto rules = rules_of(session_, *table_);
    if (rules.empty()) return false;
    ASSIGN_OR_RETURN(auto mask,
                     masking::RowMask::compile(rules, table_->columns, session_.key, table_->name.display()));
    mask_.emplace(std::move(mask));
    shown_ = 0;
    return true;
  }

  Result<bool> rows(std::string_view rows) override {
    for (; !rows.empty() && shown_ < rows_; ++shown_) {
      const size_t end = rows.find('\n');
      RETURN_IF_ERROR(show(rows.substr(0, end)));
      rows.remove_prefix(end + 1);
    }
    return shown_ < rows_;
  }

  Result<void> end() override { return {}; }
  std::vector<PreviewedValue> take() { return std::move(values_); }

 private:
  Result<void> show(std::string_view row) {
    ASSIGN_OR_RETURN(const auto fields, masking::decode_copy_row(row, table_->columns.size()), "{}",
                     table_->name.display());
    std::vector<masking::Field> inputs;
    for (const size_t column : mask_->inputs())
      inputs.push_back(fields[column] ? masking::Field(*fields[column]) : masking::Field());
    RETURN_IF_ERROR(mask_->apply(inputs));
    for (const auto& target : mask_->targets()) {
      PreviewedValue value{.table = table_->name.display(),
                           .row = shown_ + 1,
                           .column = table_->columns[target.column],
                           .before = fields[target.column],
                           .after = fields[target.column]};
      if (target.touched) value.after = target.null ? std::nullopt : std::optional(target.value);
      values_.push_back(std::move(value));
    }
    return {};
  }

  const masking::Session& session_;
  const postgres::ArchiveSchema& schema_;
  const size_t rows_;
  const postgres::ArchivedTable* table_ = nullptr;
  std::optional<masking::RowMask> mask_;
  size_t shown_ = 0;
  std::vector<PreviewedValue> values_;
};

}  // namespace

void ReplacedPreview::add(std::string_view original, std::string_view replacement, std::string_view place) {
  // "redis:user:*:email" is known to be of Redis.
  place.remove_prefix(place.find(':') + 1);
  auto found = places_.find(place);
  if (found == places_.end()) found = places_.try_emplace(std::string(place)).first;
  auto& values = found->second;
  if (values.size() == count_) return;
  values.push_back({.table = std::string(place), .row = values.size() + 1, .column = {}});
  values.back().before = original;
  if (!replacement.empty()) values.back().after = replacement;
}

std::vector<PreviewedValue> ReplacedPreview::take() {
  std::vector<PreviewedValue> all;
  for (auto& [place, values] : places_)
    all.insert(all.end(), std::make_move_iterator(values.begin()), std::make_move_iterator(values.end()));
  places_.clear();
  return all;
}

Result<std::vector<PreviewedValue>> preview_masking(const postgres::ArchiveSource& source,
                                                    const masking::Session& session, size_t rows,
                                                    Reporter& reporter, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto contents, postgres::read_contents(source));
  const auto schema = postgres::read_archive_schema(contents);
  Previewer previewer(session, schema, rows);
  const auto phase = reporter.phase("masking", "reading the first rows");
  RETURN_IF_ERROR(postgres::visit_rows(source, previewer, phase.get(), cancellation));
  return previewer.take();
}

}  // namespace summit::recovery
