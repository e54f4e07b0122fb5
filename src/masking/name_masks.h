// Replaces names that are private themselves: parts of Redis keys and of files' paths, names of fields.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "config/sanitization.h"
#include "core/result.h"
#include "core/secret.h"
#include "masking/transform.h"

namespace summit::masking {

// One thread at a time. All outlive this.
class NameMasks {
 public:
  NameMasks(const Secret& key, ReplacedValues* replaced) : key_(key), replaced_(replaced) {}

  // What `operation`, which is the rule's `rename` or `field_names`, makes of a name: never what it makes of
  // another. kConfig for an operation that needs more than the name.
  Result<std::string> apply(const config::MaskRule& rule, const config::Operation& operation,
                            std::string_view name);

 private:
  const Secret& key_;
  ReplacedValues* replaced_;
  std::map<const config::Operation*, std::unique_ptr<Transform>> transforms_;
};

}  // namespace summit::masking
