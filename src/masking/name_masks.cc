#include "masking/name_masks.h"

#include "masking/named_values.h"

namespace summit::masking {

Result<std::string> NameMasks::apply(const config::MaskRule& rule, const config::Operation& operation,
                                     std::string_view name) {
  auto& transform = transforms_[&operation];
  if (transform == nullptr) {
    const auto no_row = [](const std::string& field) -> Result<size_t> {
      return Error(Code::kConfig, "a name cannot be made of the field `{}`", field)
          .hint("use a pseudonym or a hash in config/sanitization.yaml");
    };
    ASSIGN_OR_RETURN(transform, Transform::compile(operation, key_, no_row, {replaced_, place_of(rule, "")}));
  }
  std::string made;
  const Outcome outcome = transform->apply(name, {}, made);
  if (outcome == Outcome::kKept) return std::string(name);
  if (outcome == Outcome::kValue) return made;
  return Error(Code::kFailed, "a name of {} cannot be replaced", describe(rule))
      .hint("use another operation, or `drop: true`, in config/sanitization.yaml");
}

}  // namespace summit::masking
