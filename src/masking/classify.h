// Which columns, properties, keys and entries are ruled, which are declared harmless, and which nobody has
// looked at: what fails closed stands on this.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/sanitization.h"
#include "masking/detectors.h"
#include "masking/fitting_operation.h"
#include "masking/rules.h"

namespace summit::masking {

// Something that holds values.
struct Place {
  config::MaskRule::Store store = config::MaskRule::Store::kPostgresql;
  std::string schema;                // of a table; of a file its tree
  std::string name;                  // table, label, type, key or path
  std::vector<TableName> ancestors;  // tables it belongs to: partitions have their parents' rules
  std::string field;                 // column, property, hash field, entry; empty: the value itself (Redis)
  ColumnTraits column{};             // of PostgreSQL: what it takes
  // Some of its values, for looking through. Where a rule covers only some rows, of those that it leaves as
  // they are: RowMask says which.
  std::vector<std::string> samples;
};

struct Verdict {
  enum class Kind {
    kRuled,      // a rule of the level says what becomes of it, other than `keep`
    kHarmless,   // declared, or kept by a rule, and nothing speaks against it
    kUnknown,    // nobody said anything, and nothing looks private
    kSensitive,  // it looks private, and no rule covers it: the run must stop
  };
  Kind kind = Kind::kUnknown;
  std::optional<Suspicion> by_name;
  std::optional<Suspicion> by_content;
  std::string rule;  // kSensitive: the rule to paste, with the list of its store's rules above it
};

// A name alone makes an undeclared place sensitive, and so does suspect_values(); other content also makes
// one sensitive that a declaration calls harmless or a rule keeps, because what is in the place has changed
// then. `ruled` values are not looked at.
Verdict classify(const config::SanitizationRules& rules, config::Sanitization level, const Place& place);

// By what the values of one place are, each as a whole: embeddings, and numbers that states give to persons,
// when nearly all are. Other numbers may look like them, so that whoever declares the place harmless is
// right.
std::optional<Suspicion> suspect_values(const std::vector<std::string>& values);

// Names of keys and fields may be private themselves (session tokens, addresses): what is shown of them is
// the family. user:17 and user:ada are of user:*, cache:entity:9:body is of cache:entity:*:*.
std::string key_family(std::string_view key);
std::string field_family(std::string_view field);

// What the first * of a key's pattern stands for, as little of it as the rest of the pattern allows: begin
// and length. Nothing when the key does not match.
std::optional<std::pair<size_t, size_t>> first_wildcard(std::string_view key, std::string_view pattern);

// "public.users.contact_email", ":User.email", "user:*.email": for people.
std::string describe(const Place& place);

// Persons can be told from a name with a birth date beside it: of each container that has a birth date and an
// undeclared name of somebody, the latter become sensitive. `verdicts` belong to `places`, in their order.
void suspect_names_beside_birth_dates(const std::vector<Place>& places, std::vector<Verdict>& verdicts);

}  // namespace summit::masking
