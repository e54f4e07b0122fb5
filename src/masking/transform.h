// One operation of the rules, ready to be applied to values.
#pragma once

#include <memory>
#include <string>

#include "config/sanitization.h"
#include "core/secret.h"
#include "masking/condition.h"
#include "masking/field.h"
#include "masking/replaced.h"

namespace summit::masking {

// Whom to tell of each value that is replaced by a different one, and where the values stand
// ("redis:user:*:email"). Inside documents and arrays it is the single texts that are told.
struct Listener {
  ReplacedValues* replaced = nullptr;  // null: nobody
  std::string place{};
};

// Applied to one value after the other, by one thread.
class Transform {
 public:
  virtual ~Transform() = default;
  // Appends to `out` what `value` becomes, and nothing unless the outcome is kValue. `value` and `row` must
  // not lie in `out`.
  virtual Outcome apply(Field value, Row row, std::string& out) = 0;

  // `place` finds the fields that templates and dates take from the row.
  static Result<std::unique_ptr<Transform>> compile(const config::Operation& operation, const Secret& key,
                                                    const FieldPlace& place, const Listener& listener = {});
};

}  // namespace summit::masking
