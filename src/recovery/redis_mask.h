// Masks the keys of an RDB by the rules `redis:` while it is read. Page: docs/masking.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "masking/findings.h"
#include "masking/name_masks.h"
#include "masking/named_values.h"
#include "masking/session.h"
#include "stores/redis/edit.h"

namespace summit::recovery {

// Keys that no rule touches pass byte for byte. A value that is not what its rule takes (JSON, array, date)
// ends the stream with kCorrupt; a module's value, into which nobody can look, with kRefused unless a rule
// drops or keeps it. One thread at a time.
class RedisMask final : public redis::KeyEditor {
 public:
  // All outlive this. `replaced` is told of what is replaced; null: nobody. With `findings` every key is
  // looked through, and what looks private and is not replaced goes there; names stay as they are then.
  RedisMask(const masking::Session& session, masking::ReplacedValues* replaced,
            masking::Findings* findings = nullptr);

  Result<Action> key(const redis::KeyFacts& facts, std::string& new_key) override;
  Result<Action> library(std::string_view code) override;
  Result<rdb::Edit> text(std::string_view text, std::string& out) override;
  Result<bool> fields(std::vector<rdb::EditedField>& fields) override;
  Result<void> reader_name(std::string_view name) override;

 private:
  Result<void> rename(std::string_view key, std::string& new_key);
  Result<bool> rename_fields(std::vector<rdb::EditedField>& fields);
  Result<bool> mask_fields(std::vector<rdb::EditedField>& fields);
  void look_at_value(std::string_view field, std::string_view value);
  void look_at_name(std::string_view name, std::string_view what, std::string_view part);
  // Of a key whose name is replaced in part: what stands in front of that part, and behind it.
  void look_at_rest_of_name(std::string_view front, std::string_view back);

  const masking::Session& session_;
  masking::Findings* findings_;
  masking::NamedMasks masks_;
  masking::NameMasks names_;

  std::string key_;                     // the present one
  masking::Rules rules_;                // … its rules
  masking::NamedMask* mask_ = nullptr;  // … compiled; null: no rule says what becomes of its values
  const config::MaskRule* field_names_ = nullptr;  // … that says what becomes of the names of its fields
};

// Where the code of functions stands, as if it were a key: `- {key: "functions()", drop: true}`.
inline constexpr std::string_view kFunctionsPlace = "functions()";

}  // namespace summit::recovery
