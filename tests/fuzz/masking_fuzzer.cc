// Rows, arrays and documents of a masked table: input is a COPY block and a YAML document, the first line
// also an array and a JSON document.
#include "masking/array_literal.h"
#include "masking/copy_rows.h"
#include "masking/json_text.h"
#include "masking/yaml_text.h"
#include "tests/fuzz/input.h"

namespace {

using namespace summit;
using namespace summit::masking;

config::Operation operation(config::Operation::Kind kind) {
  config::Operation made;
  made.kind = kind;
  return made;
}

// Every parser of values at once: an array, a document, a date, a stand-in.
config::MaskRule every_kind() {
  using Kind = config::Operation::Kind;
  config::MaskRule rule;
  rule.where = config::parse_condition("a LIKE '%x%_' OR NOT b = 'y'").value_or({});
  auto elements = operation(Kind::kElements);
  elements.parts.push_back(operation(Kind::kPseudonym));
  auto json = operation(Kind::kJson);
  json.paths.push_back(config::parse_json_path("$..e").value_or({}));
  json.parts.push_back(operation(Kind::kKeyedHash));
  auto date = operation(Kind::kShiftDays);
  date.subject = "a";
  date.most_days = 100;
  rule.fields = {{.field = "a", .set = operation(Kind::kPseudonym), .otherwise = {}},
                 {.field = "b", .set = std::move(elements), .otherwise = operation(Kind::kRemove)},
                 {.field = "c", .set = std::move(json), .otherwise = operation(Kind::kKeep)},
                 {.field = "d", .set = std::move(date), .otherwise = operation(Kind::kRemove)}};
  for (auto& field : rule.fields)
    if (!field.otherwise) field.otherwise = operation(Kind::kKeep);
  return rule;
}

void check_rows(std::string_view text) {
  const auto rule = every_kind();
  auto mask = RowMask::compile({&rule}, {"a", "b", "c", "d", "e"}, Secret(std::string(32, 'k')), "t");
  fuzz::require(mask.ok(), "the rules compile");
  CopyRowMask copy(std::move(mask).value());
  std::string out;
  if (!copy.mask(text, out).ok()) return;
  const auto ends = [](std::string_view rows) { return std::count(rows.begin(), rows.end(), '\n'); };
  const auto tabs = [](std::string_view rows) { return std::count(rows.begin(), rows.end(), '\t'); };
  fuzz::require(ends(out) == ends(text) && tabs(out) == tabs(text), "rows and columns stay what they are");
}

void check_values(std::string_view text) {
  const auto keep = [](Field, std::string&) { return Outcome::kKept; };
  std::string once;
  if (rewrite_array(text, keep, once) == Outcome::kValue) {
    std::string twice;
    fuzz::require(rewrite_array(once, keep, twice) == Outcome::kValue && once == twice,
                  "an array reads back");
  }
  std::string document;
  const auto kept = [](size_t, Field, std::string&) { return Outcome::kKept; };
  if (rewrite_json(text, {config::parse_json_path("$..e").value_or({})}, kept, document) == Outcome::kValue)
    fuzz::require(document == text, "what is kept stays byte for byte");
  std::string value;
  if (decode_copy_field(text, value)) {
    std::string field;
    std::string again;
    append_copy_field(value, field);
    fuzz::require(decode_copy_field(field, again) && again == value, "a field reads back");
  }
}

void check_yaml(std::string_view text) {
  const std::vector<config::JsonPath> paths{config::parse_json_path("$..e").value_or({})};
  std::string document;
  const auto kept = [](size_t, Field, std::string&) { return Outcome::kKept; };
  if (rewrite_yaml(text, paths, kept, document) == Outcome::kValue)
    fuzz::require(document == text, "what is kept stays byte for byte");
  const auto replaced = [](size_t, Field, std::string& made) {
    made += "a: \"text\"\n# of many signs";
    return Outcome::kValue;
  };
  std::string once;
  if (rewrite_yaml(text, paths, replaced, once) != Outcome::kValue) return;
  std::string twice;
  if (rewrite_yaml(once, paths, replaced, twice) == Outcome::kValue)
    fuzz::require(once == twice, "what is replaced already stays");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto text = fuzz::text_of(bytes, size);
  check_rows(text);
  check_values(text.substr(0, text.find('\n')));
  check_yaml(text);
  return 0;
}
