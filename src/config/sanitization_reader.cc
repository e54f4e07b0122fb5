#include <algorithm>
#include <map>
#include <set>

#include "config/configuration.h"
#include "config/operation_reader.h"
#include "config/suggestion.h"
#include "core/bytes.h"
#include "core/digest.h"
#include "core/files.h"

namespace summit::config {
namespace {

using Store = MaskRule::Store;

constexpr std::string_view kFile = "sanitization.yaml";

// Reads one rule of one store.
class RuleReader {
 public:
  RuleReader(const Value& value, Store store, std::vector<std::string> known_keys)
      : mapping_(value, "a rule", std::move(known_keys)) {
    rule_.store = store;
    rule_.line = value.line();
    mapping_.read_choice<Sanitization>(
        "level", {{"minimal", Sanitization::kMinimal}, {"full", Sanitization::kFull}}, rule_.level);
    mapping_.read("documented", rule_.documented);
  }

  void read_name(std::string_view key, std::string_view fix) {
    if (mapping_.require(key, fix)) mapping_.read(key, rule_.name);
  }
  MaskRule& rule() { return rule_; }
  const Mapping& mapping() const { return mapping_; }

  void read_condition() {
    const auto value = mapping_.find("where");
    const auto text = value ? value->text() : std::nullopt;
    if (!text) return;
    auto condition = parse_condition(*text);
    if (condition.ok())
      rule_.where = std::move(condition).value();
    else
      value->complain(condition.error().message(), condition.error().hint());
    rule_.where_text = *text;
  }

  // `set` or `fields` or `entries`, each name with its operation.
  void read_fields(std::string_view key) {
    const auto value = mapping_.find(key);
    if (!value) return;
    for (const auto& [name, inside] : fields_of(*value, fmt::format("`{}`", key))) add_field(name, inside);
  }
  void add_field(const std::string& name, const Value& inside) {
    auto operation = read_operation(inside);
    tried_ = true;
    if (operation)
      rule_.fields.push_back(
          {.field = name, .set = *std::move(operation), .otherwise = {}, .line = inside.line()});
  }

  // What becomes of values inside a document, by their paths.
  void read_document(std::string_view key) {
    const auto value = mapping_.find(key);
    if (!value) return;
    tried_ = true;
    rule_.document = read_json_operation(*value, fmt::format("`{}`", key));
  }

  // An operation on names, which must stay different from one another.
  void read_names(std::string_view key, std::optional<Operation>& names) {
    const auto value = mapping_.find(key);
    if (!value) return;
    tried_ = true;
    names = read_operation(*value);
    using Kind = Operation::Kind;
    if (!names || names->kind == Kind::kKeep || names->kind == Kind::kPseudonym ||
        names->kind == Kind::kKeyedHash)
      return;
    value->complain(fmt::format("`{}` could make two names one with this operation", key),
                    "use a pseudonym, {hash: 32}, or keep");
  }

  void read_otherwise() {
    const auto value = mapping_.find("otherwise");
    if (value) {
      for (const auto& [name, inside] : fields_of(*value, "`otherwise`")) add_otherwise(name, inside);
    }
    for (const auto& field : rule_.fields) {
      if (field.otherwise) continue;
      if (rule_.where.kind != Condition::Kind::kAlways)
        mapping_.value().complain(
            fmt::format("what becomes of `{}` where the condition does not hold is not said", field.field),
            fmt::format("add `otherwise: {{{}: {{pseudonym: …}}}}`, or keep", field.field));
      else if (has_width(field.set))
        mapping_.value().complain(
            fmt::format(
                "a value may not fit into the template of `{}`, and it would come twice if it were cut",
                field.field),
            fmt::format("add `otherwise: {{{}: {{pseudonym: phone}}}}`", field.field));
    }
  }

  MaskRule finish() {
    const bool empty = !tried_ && !rule_.drop && rule_.replace_label.empty();
    if (empty && mapping_.value().is_mapping())
      mapping_.value().complain("the rule changes nothing", "add `set:` with a name and its operation");
    return std::move(rule_);
  }

 private:
  void add_otherwise(const std::string& name, const Value& inside) {
    auto operation = read_operation(inside);
    const auto field = std::find_if(rule_.fields.begin(), rule_.fields.end(),
                                    [&](const FieldRule& known) { return known.field == name; });
    if (field == rule_.fields.end()) {
      inside.complain(fmt::format("`otherwise` names `{}`, which `set` does not", name), "add it to `set`");
      return;
    }
    if (operation && has_width(*operation)) {
      inside.complain("a template with a width cannot stand in `otherwise`", "use a pseudonym there");
      return;
    }
    field->otherwise = std::move(operation);
  }

  Mapping mapping_;
  MaskRule rule_;
  bool tried_ = false;  // a field was named, rightly or not
};

MaskRule read_table_rule(const Value& value) {
  RuleReader reader(value, Store::kPostgresql,
                    {"table", "schema", "level", "documented", "where", "set", "otherwise"});
  reader.read_name("table", "add `table: users`");
  reader.mapping().read("schema", reader.rule().schema);
  // With a schema beside it the name is meant as it stands.
  const auto& name = reader.rule().name;
  if (reader.rule().schema.empty() && name.find_first_of(".*?\"") != std::string::npos) {
    reader.mapping().value().complain(
        fmt::format("`table: {}` matches no table: it is one table's name alone", name),
        "write for example `{table: users, schema: public, …}`, and a rule for each table");
  }
  reader.read_condition();
  reader.read_fields("set");
  reader.read_otherwise();
  return reader.finish();
}

MaskRule read_graph_rule(const Value& value) {
  RuleReader reader(
      value, Store::kNodes,
      {"label", "relationship", "level", "documented", "where", "set", "otherwise", "replace_label"});
  const bool relationship = reader.mapping().find("relationship").has_value();
  if (relationship) {
    reader.rule().store = Store::kRelationships;
    reader.read_name("relationship", "name a type, or \"*\"");
    for (const auto* other : {"label", "replace_label"}) {
      if (const auto both = reader.mapping().find(other))
        both->complain(fmt::format("`{}` and `relationship` cannot stand together", other),
                       "write two rules");
    }
  } else {
    reader.read_name("label", "add `label: User`, or \"*\" for every node");
    reader.mapping().read("replace_label", reader.rule().replace_label);
  }
  reader.read_condition();
  reader.read_fields("set");
  reader.read_otherwise();
  return reader.finish();
}

MaskRule read_redis_rule(const Value& value) {
  RuleReader reader(value, Store::kRedis,
                    {"key", "level", "documented", "value", "fields", "rename", "field_names", "drop"});
  reader.read_name("key", "add `key: \"user:*\"`");
  reader.mapping().read("drop", reader.rule().drop);
  if (const auto inside = reader.mapping().find("value")) reader.add_field("", *inside);
  reader.read_fields("fields");
  reader.read_names("rename", reader.rule().rename);
  reader.read_names("field_names", reader.rule().field_names);
  if (const auto rename = reader.mapping().find("rename");
      rename && reader.rule().name.find('*') == std::string::npos)
    rename->complain("the key's pattern has no * that could be renamed",
                     "write for example `key: \"user:*\"`");
  return reader.finish();
}

MaskRule read_file_rule(const Value& value) {
  RuleReader reader(value, Store::kFiles,
                    {"path", "tree", "level", "documented", "entries", "paths", "rename", "drop"});
  reader.read_name("path", "add `path: \"**/.env*\"`");
  reader.mapping().read("tree", reader.rule().schema);
  reader.mapping().read("drop", reader.rule().drop);
  reader.read_fields("entries");
  reader.read_document("paths");
  reader.read_names("rename", reader.rule().rename);
  const auto& path = reader.rule().name;
  const bool renames_one = path.find('*') != std::string::npos && !path.starts_with("**");
  if (const auto rename = reader.mapping().find("rename"); rename && !renames_one)
    rename->complain("what is to be renamed is not said: it is what the first * of the path stands for",
                     "write for example `path: \"inbox/*\"`");
  return reader.finish();
}

// Of two rules for the same field, the second would never be asked.
bool mean_the_same(const MaskRule& a, const MaskRule& b) {
  if (a.store != b.store || a.name != b.name) return false;
  return a.schema == b.schema || a.schema.empty() || b.schema.empty();
}

// The same column of the same table has one rule; one without a schema is for all of them.
void check_repeats(const std::vector<MaskRule>& rules, std::vector<Finding>& findings) {
  struct Ruled {
    const MaskRule* rule;
    const FieldRule* field;
  };
  std::multimap<std::string, Ruled> known;  // by the field's name
  for (const auto& rule : rules) {
    for (const auto& field : rule.fields) {
      const auto [begin, end] = known.equal_range(field.field);
      const auto found = std::find_if(
          begin, end, [&](const auto& entry) { return mean_the_same(*entry.second.rule, rule); });
      if (found == end) {
        known.emplace(field.field, Ruled{&rule, &field});
        continue;
      }
      findings.push_back(
          {field.line, fmt::format("`{}` of {} has a rule in line {} already (keep one of them)", field.field,
                                   describe(rule), found->second.field->line)});
    }
  }
}

struct StoreKind {
  std::string name;
  Store store;
  MaskRule (*read)(const Value&);
};
const std::vector<StoreKind> kStores = {{"postgresql", Store::kPostgresql, read_table_rule},
                                        {"neo4j", Store::kNodes, read_graph_rule},
                                        {"redis", Store::kRedis, read_redis_rule},
                                        {"files", Store::kFiles, read_file_rule}};
std::vector<std::string> store_names() {
  std::vector<std::string> names;
  for (const auto& kind : kStores) names.push_back(kind.name);
  return names;
}

void read_rules(const Value& value, SanitizationRules& rules) {
  const Mapping stores(value, "`rules`", store_names());
  for (const auto& kind : kStores) {
    const auto list = stores.find(kind.name);
    if (!list) continue;
    for (const auto& item : list->items()) rules.rules.push_back(kind.read(item));
  }
  check_repeats(rules.rules, *value.context().findings);
}

// "tenants.name", "Tenant.*"; of Redis and files whole patterns.
void read_harmless(const Value& value, SanitizationRules& rules) {
  const Mapping stores(value, "`harmless`", store_names());
  for (const auto& kind : kStores) {
    const auto list = stores.find(kind.name);
    if (!list) continue;
    for (const auto& item : list->items()) {
      const auto text = item.text();
      if (!text) continue;
      HarmlessPlace place{.store = kind.store, .name = *text, .field = "*", .line = item.line()};
      if (kind.store == Store::kPostgresql || kind.store == Store::kNodes) {
        const size_t dot = text->rfind('.');
        if (dot == std::string::npos || dot == 0 || dot + 1 == text->size()) {
          item.complain(fmt::format("`{}` names no column or property", *text),
                        "write `tenants.name`, or `tenants.*` for all of them");
          continue;
        }
        place.name = text->substr(0, dot);
        place.field = text->substr(dot + 1);
      }
      rules.harmless.push_back(std::move(place));
    }
  }
}

TableReduction read_table_reduction(const Value& item) {
  TableReduction table;
  table.line = item.line();
  const Mapping mapping(item, "a reduced table", {"table", "newest", "by", "sample"});
  if (mapping.require("table", "add `table: events`")) mapping.read("table", table.table);
  mapping.read("newest", table.newest);
  mapping.read("by", table.column);
  bool sample = false;
  mapping.read("sample", sample);
  const bool newest = table.newest.count() > 0;
  if (newest == sample)
    item.complain(fmt::format("table `{}` has {}", table.table,
                              newest ? "both `newest` and `sample`" : "neither `newest` nor `sample`"),
                  "write `newest: 30 days` with `by: time`, or `sample: true`");
  if (newest && table.column.empty())
    item.complain(fmt::format("which column of `{}` holds the time is not said", table.table),
                  "add `by: time`");
  return table;
}

void read_reduction(const Value& value, Reduction& reduction) {
  const Mapping mapping(value, "`reduction`", {"tables", "critical", "others"});
  mapping.read("critical", reduction.critical);
  mapping.read_choice<bool>("others", {{"keep", false}, {"sample", true}}, reduction.sample_others);
  const auto list = mapping.find("tables");
  if (!list) return;
  std::set<std::string> seen(reduction.critical.begin(), reduction.critical.end());
  for (const auto& item : list->items()) {
    auto table = read_table_reduction(item);
    if (!table.table.empty() && !seen.insert(table.table).second)
      item.complain(fmt::format("table `{}` is reduced twice, or critical as well", table.table),
                    "keep one of them");
    reduction.tables.push_back(std::move(table));
  }
}

void read_canaries(const Value& value, SanitizationRules& rules) {
  for (const auto& [name, inside] : fields_of(value, "`canaries`")) {
    const auto text = inside.text();
    if (!text) continue;
    if (text->size() < kShortestCanary) {
      inside.complain(fmt::format("the canary `{}` is shorter than {} signs, and would be found by chance",
                                  name, kShortestCanary),
                      "plant a longer one: openssl rand -hex 12");
      continue;
    }
    rules.canaries.push_back({.name = name, .text = *text, .line = inside.line()});
  }
}

void read_key(const Value& value, SanitizationRules& rules) {
  const Mapping mapping(value, "the key", {"env", "file", "command", "field"});
  rules.key.where = value.where();
  mapping.read("env", rules.key.variables);
  mapping.read("file", rules.key.file);
  mapping.read_words("command", rules.key.command);
  mapping.read("field", rules.key.field);
}

void read_file_into(const YAML::Node& root, ReadContext& context, SanitizationRules& rules) {
  const Mapping file(Value(root, context), "the file", {"key", "rules", "harmless", "reduction", "canaries"});
  if (const auto key = file.require("key", "add `key: {env: SANITIZATION_KEY}`")) {
    read_key(*key, rules);
    if (key->is_mapping() && !rules.key.given())
      key->complain("the key has no source", "write `key: {env: SANITIZATION_KEY}`");
  }
  if (const auto list = file.require("rules", "add `rules:` with `postgresql:` below it"))
    read_rules(*list, rules);
  if (const auto harmless = file.find("harmless")) read_harmless(*harmless, rules);
  if (const auto reduction = file.find("reduction")) read_reduction(*reduction, rules.reduction);
  if (const auto canaries = file.find("canaries")) read_canaries(*canaries, rules);
}

}  // namespace

std::string describe(const MaskRule& rule) {
  switch (rule.store) {
    case Store::kPostgresql:
      return rule.schema.empty() ? rule.name : rule.schema + "." + rule.name;
    case Store::kNodes:
      return ":" + rule.name;
    case Store::kRelationships:
      return "-[:" + rule.name + "]-";
    case Store::kRedis:
    case Store::kFiles:
      break;
  }
  return rule.name;
}

Result<SanitizationRules> load_sanitization(const fs::path& directory, const Variables& variables) {
  const auto path = directory / kFile;
  SanitizationRules rules;
  std::error_code error;
  if (!fs::exists(path, error)) return rules;
  ASSIGN_OR_RETURN(const auto content, read_file(path, 4 * MiB), "while reading the configuration");
  const auto project = project_of(directory);
  const auto relative = path.lexically_relative(project);
  rules.file = relative.empty() || *relative.begin() == ".." ? path.string() : relative.string();
  rules.sha256 = to_hex(sha256(as_bytes(content)));
  std::vector<Finding> findings;
  ReadContext context{.file = rules.file,
                      .project = project,
                      .variables = &variables,
                      .findings = &findings,
                      .deferred = nullptr};
  try {
    read_file_into(YAML::Load(content), context, rules);
  } catch (const YAML::Exception& problem) {
    findings.push_back(
        {problem.mark.line + 1,
         fmt::format("this is no YAML: {} (look at indentation, quotes and colons here)", problem.msg)});
  }
  if (findings.empty()) return rules;
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.line < b.line; });
  std::vector<std::string> lines;
  for (const auto& finding : findings)
    lines.push_back(fmt::format("{}:{}: {}", context.file, finding.line, finding.text));
  return Error(Code::kConfig, "{} in the rules for masking\n{}",
               lines.size() == 1 ? "one finding" : fmt::format("{} findings", lines.size()),
               join(lines, "\n"))
      .hint("mend the lines above, then run `summit-dr config validate`");
}

}  // namespace summit::config
