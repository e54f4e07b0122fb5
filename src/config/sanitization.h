// How private data are masked on their way into an environment: config/sanitization.yaml.
// Page: docs/masking.md. What executes these rules is src/masking.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/environment.h"
#include "config/secret_source.h"
#include "config/variables.h"
#include "core/result.h"

namespace summit::config {

// A condition on the values of one row, with the three truth values of SQL: a comparison with NULL is neither
// true nor false.
struct Condition {
  enum class Kind {
    kAlways,
    kAll,     // parts
    kAny,     // parts
    kNot,     // parts[0]
    kIsNull,  // field
    kEquals,  // field = text
    kLike,    // field LIKE text: % any characters, _ one, \ makes the next literal
  };
  Kind kind = Kind::kAlways;
  std::string field;
  std::string text;
  std::vector<Condition> parts;
};

// "email NOT LIKE '%@example.com' AND (phone IS NOT NULL OR id <> 'x')". Names with other characters stand in
// double quotes. kConfig says what is wrong, with the form that works as hint.
Result<Condition> parse_condition(std::string_view text);

// One piece of a template: a text, or the value of a field.
struct TemplatePiece {
  enum class Fit {
    kWhole,   // {id}
    kPadded,  // {id:07}: zeros on the left up to `width`; a longer value does not fit
    kCut,     // {id:.7}: as it is; a longer value does not fit
  };
  bool is_field = false;
  std::string text;  // the text, or the field's name
  Fit fit = Fit::kWhole;
  size_t width = 0;  // in characters
};

// "dev_{id}@example.com", "+1-555-{id:07}"; {{ and }} are braces.
Result<std::vector<TemplatePiece>> parse_template(std::string_view text);

// A place inside a JSON document: $.contact.email, $.notes[*], $['odd name'], $..email at any depth.
struct JsonStep {
  enum class Kind {
    kKey,       // .name
    kAnyChild,  // .* and [*]: every value of an object or array
    kElement,   // [3]
    kAnywhere,  // ..name: the name at any depth from here
  };
  Kind kind = Kind::kKey;
  std::string name;
  size_t index = 0;
};
using JsonPath = std::vector<JsonStep>;
Result<JsonPath> parse_json_path(std::string_view text);

enum class Pseudonym { kEmail, kPhone, kCard, kIban, kIp, kName };
std::string_view name_of(Pseudonym kind);

// What becomes of a value.
struct Operation {
  enum class Kind {
    kKeep,
    kRemove,     // NULL; a property, field or entry goes
    kConstant,   // text
    kTemplate,   // pieces
    kKeyedHash,  // `digits` hexadecimal digits under the environment's key
    kMd5,        // md5(value || text): the documented form, weak
    kPseudonym,
    kShiftDays,  // a date moves by days that depend on `subject` alone
    kJson,       // inside a JSON document
    kElements,   // each element of an array: parts[0]
  };
  Kind kind = Kind::kKeep;
  std::string text;                   // the constant, or what MD5 adds
  std::vector<TemplatePiece> pieces;  // kTemplate
  Pseudonym pseudonym = Pseudonym::kEmail;
  unsigned digits = 32;         // kKeyedHash, 16 to 64
  std::string subject;          // kShiftDays: the field that says whose date it is
  unsigned most_days = 0;       // kShiftDays: 1 to most_days, either way
  std::vector<JsonPath> paths;  // kJson: parts[i] holds at paths[i]; the first that fits counts
  std::vector<Operation> parts;
};

// What happens to one column, property, hash field or entry.
struct FieldRule {
  std::string field;  // its name; a pattern with * for Redis and files; empty: the value itself (Redis)
  Operation set;      // where the condition holds
  // Where it does not, and where a template's field does not fit. NULL stays NULL here.
  std::optional<Operation> otherwise;
  int line = 0;
};

struct MaskRule {
  enum class Store { kPostgresql, kNodes, kRelationships, kRedis, kFiles };
  Store store = Store::kPostgresql;
  std::string schema;  // of the table, or tree of the file; empty: any
  std::string name;    // table, label or type ("*": every one), key pattern, path pattern
  Sanitization level = Sanitization::kFull;  // kMinimal: applied at both levels
  bool documented = false;                   // gives a value that the platform's documents promise
  Condition where;
  std::string where_text;  // as written, for people
  std::vector<FieldRule> fields;
  std::optional<Operation> document;  // files: kJson, what becomes of values inside a JSON or YAML text
  std::string replace_label;          // nodes: this label goes, and this comes; empty: it stays
  bool drop = false;                  // Redis, files: the key or file is left out
  // Redis, files: what becomes of names that are private themselves, of what the first * of the pattern
  // stands for (of a path each part of that), and of every field of a hash or stream. Keep, or an operation
  // that never makes two names one.
  std::optional<Operation> rename;
  std::optional<Operation> field_names;
  int line = 0;
};

// "users", "Case Files.Case Notes", ":User", "-[:KNOWS]-", "user:*": for people.
std::string describe(const MaskRule& rule);

// What was looked at and holds nothing private. Names may hold *.
struct HarmlessPlace {
  MaskRule::Store store = MaskRule::Store::kPostgresql;
  std::string name;   // "tenants", "public.tenants", ":Tenant" without colon, key pattern
  std::string field;  // "*": all
  int line = 0;
};

// Rows that a reduced environment keeps.
struct TableReduction {
  std::string table;
  std::string column;             // of the instant, or of the sampling key; empty: the primary key
  std::chrono::seconds newest{};  // rows of this time before the recovery point; zero: a sample
  int line = 0;
};
struct Reduction {
  std::vector<TableReduction> tables;
  std::vector<std::string> critical;  // kept whole
  bool sample_others = false;         // every other table, by the environment's percentage
};

// A value that somebody planted in production: should it come out anywhere in a masked target, something
// leaks.
struct Canary {
  std::string name;
  std::string text;  // eight bytes or more
  int line = 0;
};
inline constexpr size_t kShortestCanary = 8;

struct SanitizationRules {
  std::string file;    // "config/sanitization.yaml"; empty: there is none
  std::string sha256;  // of its bytes, as they were read: 64 hexadecimal digits
  SecretSource key;    // per environment, looked up among its variables
  std::vector<MaskRule> rules;
  std::vector<HarmlessPlace> harmless;
  Reduction reduction;
  std::vector<Canary> canaries;

  bool given() const { return !file.empty(); }
};

// Reads `<directory>/sanitization.yaml`; an absent file gives rules that are not given(). All findings come
// in one error, each with file, line and fix.
Result<SanitizationRules> load_sanitization(const std::filesystem::path& directory,
                                            const Variables& variables);

// The rules in short, as YAML: what becomes of which field. Neither constants nor secrets are shown. Empty
// when there are none.
std::string show(const SanitizationRules& rules);

}  // namespace summit::config
