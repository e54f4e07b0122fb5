#include "recovery/masking_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "masking/classify.h"
#include "masking/copy_rows.h"
#include "recovery/masked_rows.h"
#include "stores/postgres/row_splitter.h"
#include "stores/postgres/row_visitor.h"
#include "stores/postgres/sql.h"

namespace summit::recovery {
namespace {

using config::MaskRule;
using config::Operation;
using masking::Place;
using masking::Verdict;
using postgres::ArchivedTable;
using Kind = Verdict::Kind;

constexpr size_t kFirstRows = 1000;
// Of 256 KiB, after those: of a table that is read through, and of one of which few blocks come.
constexpr size_t kRowsOfEachBlock = 4;
constexpr size_t kRowsOfSampledBlock = 32;
constexpr size_t kRowsOfTable = 2000;
constexpr size_t kRowsOfSampledTable = 8000;
constexpr const char* kDefinition = "(definition)";

// What bytea holds, where it is no text: "\x6869".
void decode_bytes(std::string& value) {
  if (!value.starts_with("\\x")) return;
  std::string bytes;
  if (from_hex(std::string_view(value).substr(2), bytes)) value = std::move(bytes);
}

// TimescaleDB keeps the number of rows beside the columns that it has compressed together, whatever the
// table's name.
bool is_compressed(const ArchivedTable& table) {
  return std::find(table.columns.begin(), table.columns.end(), "_ts_meta_count") != table.columns.end();
}

std::string why_of(const Verdict& verdict) {
  const bool by_content = verdict.by_content.has_value();
  return fmt::format("looks private: {} by its {}",
                     masking::name_of(by_content ? *verdict.by_content : *verdict.by_name),
                     by_content ? "content" : "name");
}

// Samples of the rows of one table: of each column those values that its rule would let through.
class TableSample {
 public:
  static Result<TableSample> create(const ArchivedTable& table, const masking::Session& session) {
    TableSample sample(table);
    const auto rules = rules_of(session, table);
    ASSIGN_OR_RETURN(auto mask,
                     masking::RowMask::compile(rules, table.columns, session.key, table.name.display()));
    sample.mask_.emplace(std::move(mask));
    for (const auto* rule : rules) {
      for (const auto& field : rule->fields) {
        if (field.set.kind == Operation::Kind::kJson) sample.documents_.insert(field.field);
      }
    }
    return sample;
  }

  // From here on few blocks come, from all over the table.
  void begin_sample() {
    of_block_ = kRowsOfSampledBlock;
    most_ = kRowsOfSampledTable;
  }

  Result<void> add(std::string_view rows) {
    const size_t wanted = rows_ < kFirstRows ? kFirstRows - rows_ : of_block_;
    // Of a sampled block evenly spread ones, the last one among them.
    const uint64_t count = of_block_ == kRowsOfSampledBlock ? postgres::count_rows(rows) : wanted;
    for (uint64_t row = 0; !rows.empty() && row < count && !complete(); ++row) {
      const size_t end = rows.find('\n');
      if (count <= wanted || row * wanted / count != (row + 1) * wanted / count)
        RETURN_IF_ERROR(add_row(rows.substr(0, end)));
      rows.remove_prefix(std::min(rows.size(), end + 1));
    }
    return {};
  }

  bool complete() const { return rows_ >= most_; }
  const ArchivedTable& table() const { return *table_; }
  size_t rows() const { return rows_; }
  std::vector<std::string>& values(size_t column) { return values_[column]; }
  std::vector<masking::RowMask::Gap> gaps() const { return mask_->gaps(); }

 private:
  explicit TableSample(const ArchivedTable& table) : table_(&table), values_(table.columns.size()) {}

  Result<void> add_row(std::string_view row) {
    ++rows_;
    ASSIGN_OR_RETURN(auto fields, masking::decode_copy_row(row, values_.size()), "{}",
                     table_->name.display());
    return keep_what_passes(fields);
  }

  Result<void> keep_what_passes(std::vector<std::optional<std::string>>& fields) {
    std::vector<masking::Field> inputs;
    for (const size_t column : mask_->inputs()) {
      const auto& field = fields[column];
      inputs.push_back(field ? masking::Field(*field) : masking::Field());
    }
    if (!mask_->empty()) RETURN_IF_ERROR(mask_->apply(inputs));
    std::set<size_t> replaced;
    for (const auto& target : mask_->targets()) {
      // Of a document only the ruled parts are replaced: the classification knows which.
      if (target.touched && !documents_.contains(table_->columns[target.column]))
        replaced.insert(target.column);
    }
    for (size_t column = 0; column < fields.size(); ++column) {
      if (!fields[column] || replaced.contains(column)) continue;
      decode_bytes(*fields[column]);
      values_[column].push_back(*std::move(fields[column]));
    }
    return {};
  }

  const ArchivedTable* table_;
  std::optional<masking::RowMask> mask_;
  std::set<std::string> documents_;
  std::vector<std::vector<std::string>> values_;  // by column
  size_t rows_ = 0;
  size_t of_block_ = kRowsOfEachBlock;
  size_t most_ = kRowsOfTable;
};

// What was found out about one table.
struct AuditedTable {
  std::vector<Place> places{};  // columns
  std::vector<Verdict> verdicts{};
  size_t rows = 0;  // sampled
  std::vector<DocumentedGap> gaps{};
};

masking::ColumnTraits traits_of(const ArchivedTable& table, const std::string& column) {
  const auto known = table.definitions.find(column);
  if (known == table.definitions.end()) return {};
  masking::ColumnTraits traits{.type = known->second.type, .required = known->second.required};
  if (table.key.size() != 1 || table.key.front() == column) return traits;
  const auto key = table.definitions.find(table.key.front());
  const bool number =
      key != table.definitions.end() && (key->second.type == "integer" || key->second.type == "bigint");
  const bool fits = number && (key->second.type == traits.type || traits.type == "bigint");
  if (fits) traits.number_key = key->first;
  return traits;
}

Place place_of(const ArchivedTable& table, size_t column) {
  Place place;
  place.store = MaskRule::Store::kPostgresql;
  place.schema = table.whole().schema;
  place.name = table.whole().name;
  place.field = table.columns[column];
  place.ancestors.push_back({table.name.schema, table.name.name});
  for (const auto& ancestor : table.ancestors) place.ancestors.push_back({ancestor.schema, ancestor.name});
  place.column = traits_of(table, place.field);
  return place;
}

// What was found out about the columns of all tables. Partitions and chunks speak for their table: each
// column is kept once. Thread-safe.
class AuditedColumns {
 public:
  explicit AuditedColumns(const pgarchive::Contents& contents) {
    for (size_t i = 0; i < contents.entries.size(); ++i)
      if (contents.entries[i].copy) positions_.emplace(contents.entries[i].id, i);
  }

  void add(int64_t entry, const AuditedTable& audited) {
    const std::lock_guard lock(mutex_);
    audit_.rows_sampled += audited.rows;
    for (size_t i = 0; i < audited.places.size(); ++i)
      note(audited.places[i], audited.verdicts[i], {positions_.at(entry), i});
    for (const auto& gap : audited.gaps) note(gap);
  }

  // In the order of the archive, whoever was read first.
  MaskingAudit take() {
    std::map<Order, AuditFinding*> findings;
    for (auto& [place, column] : columns_) {
      audit_.ruled += column.kind == Kind::kRuled ? 1 : 0;
      audit_.harmless += column.kind == Kind::kHarmless ? 1 : 0;
      audit_.unknown += column.kind == Kind::kUnknown ? 1 : 0;
      if (column.kind == Kind::kSensitive) findings[column.order] = &column.finding;
    }
    for (const auto& [order, finding] : findings) audit_.findings.push_back(std::move(*finding));
    for (const auto& [place, gap] : gaps_) audit_.gaps.push_back({place, gap});
    return std::move(audit_);
  }

 private:
  using Order = std::pair<size_t, size_t>;  // of the entry, and within it
  struct Column {
    Kind kind = Kind::kUnknown;
    Order order;
    AuditFinding finding{};  // of one that is sensitive
  };

  // The first that is sensitive counts, or else the first.
  void note(const Place& place, const Verdict& verdict, Order order) {
    const bool sensitive = verdict.kind == Kind::kSensitive;
    const auto name = masking::describe(place);
    const auto [known, is_new] = columns_.try_emplace(name);
    auto& column = known->second;
    const bool known_sensitive = !is_new && column.kind == Kind::kSensitive;
    const bool counts = sensitive == known_sensitive ? order < column.order : sensitive;
    if (!is_new && !counts) return;
    column = {verdict.kind, order, {}};
    if (sensitive) column.finding = {.place = name, .why = why_of(verdict), .entry = verdict.rule};
  }

  void note(const DocumentedGap& found) {
    auto& known =
        gaps_.try_emplace(found.place, masking::RowMask::Gap{.field = found.gap.field}).first->second;
    known.line = found.gap.line;
    known.values += found.gap.values;
    known.in_the_clear += found.gap.in_the_clear;
    known.unfit += found.gap.unfit;
  }

  std::unordered_map<int64_t, size_t> positions_;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, Column> columns_;
  std::map<std::string, masking::RowMask::Gap> gaps_;
  MaskingAudit audit_;
};

// What the reduction keeps of each table. Thread-safe.
class ReducedTables {
 public:
  void add(const std::string& table, const ReducedTable& counted) {
    const std::lock_guard lock(mutex_);
    tables_[table].add(counted);
  }
  std::map<std::string, ReducedTable> take() { return std::move(tables_); }

 private:
  std::mutex mutex_;  // guards what follows
  std::map<std::string, ReducedTable> tables_;
};

class TableAuditor final : public postgres::RowVisitor {
 public:
  TableAuditor(const masking::Session& session, const postgres::ArchiveSchema& schema,
               AuditedColumns& columns)
      : session_(session), schema_(schema), columns_(columns) {}

  bool wants_sample() const override { return true; }
  void begin_sample() override { sample_->begin_sample(); }

  Result<bool> begin(const pgarchive::Entry& entry) override {
    const auto found = schema_.tables.find(entry.id);
    if (found == schema_.tables.end()) return false;
    entry_ = entry.id;
    ASSIGN_OR_RETURN(auto sample, TableSample::create(found->second, session_));
    sample_.emplace(std::move(sample));
    return true;
  }

  Result<bool> rows(std::string_view rows) override {
    if (is_compressed(sample_->table())) {
      return Error(Code::kRefused, "{} holds compressed rows of a hypertable, which cannot be masked",
                   sample_->table().name.display())
          .hint(
              "at the source: SELECT decompress_chunk(format('%I.%I', chunk_schema, chunk_name)::regclass) "
              "FROM "
              "timescaledb_information.chunks WHERE is_compressed; then a new backup");
    }
    RETURN_IF_ERROR(sample_->add(rows));
    return !sample_->complete();
  }

  Result<void> end() override {
    const auto& table = sample_->table();
    AuditedTable audited{.rows = sample_->rows()};
    for (size_t column = 0; column < table.columns.size(); ++column) {
      auto place = place_of(table, column);
      place.samples = std::move(sample_->values(column));
      audited.verdicts.push_back(classify(session_.rules, session_.level, place));
      audited.places.push_back(std::move(place));
      // The catalogs of an extension have its own names.
      auto& verdict = audited.verdicts.back();
      if (table.of_extension && !verdict.by_content) verdict.kind = Kind::kHarmless;
    }
    if (!table.of_extension) masking::suspect_names_beside_birth_dates(audited.places, audited.verdicts);
    for (auto& gap : sample_->gaps())
      audited.gaps.push_back({fmt::format("{}.{}", table.whole().display(), gap.field), std::move(gap)});
    columns_.add(entry_, audited);
    sample_.reset();
    return {};
  }

 private:
  const masking::Session& session_;
  const postgres::ArchiveSchema& schema_;
  AuditedColumns& columns_;
  int64_t entry_ = 0;
  std::optional<TableSample> sample_;
};

// Says how many rows the reduction keeps, by reading all of those tables.
class RowCounter final : public postgres::RowVisitor {
 public:
  RowCounter(const postgres::ArchiveSchema& schema, const RowReduction& reduction, ReducedTables& reduced)
      : schema_(schema), reduction_(reduction), reduced_(reduced) {}

  Result<bool> begin(const pgarchive::Entry& entry) override {
    const auto found = schema_.tables.find(entry.id);
    if (found == schema_.tables.end()) return false;
    table_ = &found->second;
    ASSIGN_OR_RETURN(chooser_, reduction_.chooser(*table_));
    counted_ = {};
    return chooser_ != nullptr;
  }

  Result<bool> rows(std::string_view rows) override {
    while (!rows.empty()) {
      const size_t end = rows.find('\n');
      counted_.count(chooser_->choose(rows.substr(0, end)));
      rows.remove_prefix(end + 1);
    }
    return true;
  }

  Result<void> end() override {
    if (counted_.rows > 0) reduced_.add(table_->whole().display(), counted_);
    return {};
  }

 private:
  const postgres::ArchiveSchema& schema_;
  const RowReduction& reduction_;
  ReducedTables& reduced_;
  const ArchivedTable* table_ = nullptr;
  std::unique_ptr<RowChooser> chooser_;  // of the table
  ReducedTable counted_;
};

class DefinitionAuditor {
 public:
  explicit DefinitionAuditor(const masking::Session& session) : session_(session) {}

  // Texts in definitions come along whatever becomes of the rows: defaults, checks, views, comments. So do
  // names, of which those in quotes may be anything.
  void look_at(const pgarchive::Entry& entry) {
    if (entry.has_data || !enters_masked_target(entry)) return;
    look_at_definition(entry.schema.value_or(""), entry.tag.value_or(""), entry.description.value_or(""),
                       entry.definition.value_or(""));
  }

  void look_at_definition(const std::string& schema, const std::string& tag, const std::string& kind,
                          const std::string& definition) {
    Place place;
    place.schema = schema;
    place.name = tag;
    place.field = kDefinition;
    // Whoever declares a definition harmless has read it.
    if (classify(session_.rules, session_.level, place).kind == Kind::kHarmless) return;
    std::optional<masking::Suspicion> by_identifier;
    for (const auto& word : postgres::words_of(definition)) {
      if (word.kind == postgres::Word::Kind::kLiteral) place.samples.push_back(word.text);
      if (word.kind == postgres::Word::Kind::kQuoted && !by_identifier)
        by_identifier = masking::suspect_identifier(word.text);
    }
    auto verdict = place.samples.empty() ? Verdict() : classify(session_.rules, session_.level, place);
    if (verdict.kind != Kind::kSensitive && !by_identifier) return;
    if (verdict.kind != Kind::kSensitive) verdict.by_content = by_identifier;
    // A name that is private itself is in no message.
    const bool told = !masking::suspect_identifier(tag);
    findings_.push_back(
        {.place = fmt::format("the definition of {}{}", kind, told ? " " + tag : ", by its name"),
         .why = why_of(verdict),
         .entry = told ? fmt::format("- {}", yaml_text(tag + "." + kDefinition))
                       : fmt::format("# rename it at the source: {} in schema {}", kind, schema),
         .is_rule = false});
  }

  std::vector<AuditFinding> take() { return std::move(findings_); }

 private:
  // A text in double quotes, as YAML reads it.
  static std::string yaml_text(const std::string& text) {
    std::string quoted = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    return quoted + '"';
  }

  const masking::Session& session_;
  std::vector<AuditFinding> findings_;
};

}  // namespace

void MaskingAudit::add(MaskingAudit other) {
  findings.insert(findings.end(), std::make_move_iterator(other.findings.begin()),
                  std::make_move_iterator(other.findings.end()));
  ruled += other.ruled;
  harmless += other.harmless;
  unknown += other.unknown;
  rows_sampled += other.rows_sampled;
  reduced.merge(other.reduced);
  gaps.insert(gaps.end(), std::make_move_iterator(other.gaps.begin()),
              std::make_move_iterator(other.gaps.end()));
  met.add(other.met);
}

Result<MaskingAudit> audit_archive(const postgres::ArchiveSource& source, const pgarchive::Contents& contents,
                                   const postgres::ArchiveSchema& schema, const RowReduction& reduction,
                                   const masking::Session& session, const Looking& looking,
                                   Reporter& reporter, const Cancellation& cancellation) {
  AuditedColumns columns(contents);
  const auto visit = [&](const std::string& what, const postgres::MakeVisitor& visitor) {
    const auto phase = reporter.phase("masking", fmt::format("{} {}", what, looking.what));
    return postgres::visit_tables(source, contents, looking.jobs, visitor, phase.get(), cancellation);
  };
  RETURN_IF_ERROR(
      visit("looking through", [&] { return std::make_unique<TableAuditor>(session, schema, columns); }));
  // A reading of its own: what is said of the sample must not depend on it.
  ReducedTables reduced;
  const auto counter = [&] { return std::make_unique<RowCounter>(schema, reduction, reduced); };
  const auto reduces = [&](const auto& table) { return reduction.reduces(table.second); };
  const bool counts = looking.count_rows && std::any_of(schema.tables.begin(), schema.tables.end(), reduces);
  if (counts) RETURN_IF_ERROR(visit("counting the rows of", counter));
  DefinitionAuditor definitions(session);
  for (const auto& entry : contents.entries) definitions.look_at(entry);
  auto audit = columns.take();
  audit.reduced = reduced.take();
  auto of_definitions = definitions.take();
  audit.findings.insert(audit.findings.begin(), std::make_move_iterator(of_definitions.begin()),
                        std::make_move_iterator(of_definitions.end()));
  for (const auto& [id, table] : schema.tables) {
    const auto rules = rules_of(session, table);
    audit.met.rules.insert(rules.begin(), rules.end());
  }
  audit.met.reduced = reduction.named();
  return audit;
}

std::vector<AuditFinding> audit_globals(std::string_view globals, const masking::Session& session) {
  DefinitionAuditor auditor(session);
  auditor.look_at_definition("", "(roles)", "ROLES", std::string(globals));
  return auditor.take();
}

std::vector<AuditFinding> audit_findings(const masking::Findings& findings) {
  std::vector<AuditFinding> result;
  for (const auto& finding : findings.all())
    result.push_back({.place = finding.where,
                      .why = fmt::format("looks private: {}", finding.what),
                      .entry = finding.rule});
  return result;
}

std::string describe(const DocumentedGap& found) {
  const auto& gap = found.gap;
  std::string what;
  if (gap.in_the_clear > 0)
    what = fmt::format("leave {} of {} values in the clear", gap.in_the_clear, gap.values);
  if (gap.unfit > 0)
    what += fmt::format("{}cut {} of {} to what others become, too", what.empty() ? "" : " and ", gap.unfit,
                        gap.values);
  return fmt::format("{}: the documented rule alone (line {}) would {}: `otherwise` masks them", found.place,
                     gap.line, what);
}

std::string show(const std::vector<AuditFinding>& findings, const std::string& list) {
  std::string text;
  for (const auto& finding : findings) text += fmt::format("  {} {}\n", finding.place, finding.why);
  for (const bool rules : {true, false}) {
    bool first = true;
    for (const auto& finding : findings) {
      if (finding.is_rule != rules) continue;
      if (first)
        text += rules ? fmt::format("to mask them, below `rules: {}:`\n", list)
                      : fmt::format(
                            "once they are changed at the source, or found harmless, below "
                            "`harmless: {}:`\n",
                            list);
      first = false;
      text += "    " + finding.entry + "\n";
    }
  }
  return text;
}

Result<void> check_audit(const MaskingAudit& audit, const std::string& backup) {
  if (audit.findings.empty()) return {};
  return Error(Code::kRefused, "{} of backup {} looks private, and no rule covers it:\n{}",
               audit.findings.size() == 1 ? "one place"
                                          : fmt::format("each of {} places", audit.findings.size()),
               backup, show(audit.findings, "postgresql"))
      .hint(
          "add to config/sanitization.yaml what is said above, or list under `harmless` what holds nothing "
          "private; then `summit-dr mask audit` again");
}

}  // namespace summit::recovery
