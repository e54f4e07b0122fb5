// Masks values whose names are only known as they come: the value or the fields of a Redis key, NAME=value
// lines of a file.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/sanitization.h"
#include "core/result.h"
#include "core/secret.h"
#include "masking/rules.h"
#include "masking/transform.h"

namespace summit::masking {

struct NamedValue {
  std::string_view name;
  std::string_view value;
};

// One thread at a time.
class NamedMask {
 public:
  // `rules` concern one key or file (rules_of_key, rules_of_file), and outlive this. Of several patterns that
  // fit a name, the first counts. kConfig when a template takes a field that a rule replaces; kKeyMissing for
  // a key that is too short.
  static Result<NamedMask> compile(const Rules& rules, const Secret& key, ReplacedValues* replaced);

  // Templates and dates of the rules take values from these; `{name}` is the name of the value itself: in
  // files always, in Redis where the row has no field of that name. The views must stay valid until the next
  // call.
  void set_row(std::span<const NamedValue> row);

  // Whether a rule says what becomes of this name; the empty name is that of the value itself.
  bool covers(std::string_view name) const { return find(name) != nullptr; }

  // Appends what the value becomes. kKept for a name that no rule covers. kCorrupt when the value is not what
  // its rule takes; no message has the value or the name.
  Result<Outcome> apply(std::string_view name, std::string_view value, std::string& out);

 private:
  struct CompiledField {
    const config::MaskRule* rule;
    std::string pattern;
    int line;
    std::unique_ptr<Transform> set;
  };
  NamedMask() = default;
  const CompiledField* find(std::string_view name) const;
  static Error refused(const CompiledField& field, Outcome outcome);

  std::vector<CompiledField> fields_;
  std::vector<std::string> row_names_;  // what templates and dates read
  std::vector<Field> row_;              // in their order
  bool of_file_ = false;
};

// "redis:session:*:email", "files:**/.env*:*_KEY": where values of a field stand, for those who listen.
std::string place_of(const config::MaskRule& rule, std::string_view field);

// One mask for each combination of rules that keys or files of a run meet. One thread at a time.
class NamedMasks {
 public:
  NamedMasks(const Secret& key, ReplacedValues* replaced) : key_(key), replaced_(replaced) {}
  // Null when there are no rules. Owned by this.
  Result<NamedMask*> of(const Rules& rules);

 private:
  const Secret& key_;
  ReplacedValues* replaced_;
  std::map<Rules, std::unique_ptr<NamedMask>> masks_;
};

}  // namespace summit::masking
