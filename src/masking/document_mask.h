// Masks values inside the text of a file that is JSON or YAML, by the rules `paths`.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/sanitization.h"
#include "core/result.h"
#include "core/secret.h"
#include "masking/transform.h"

namespace summit::masking {

// One thread at a time. All outlive this.
class DocumentMasks {
 public:
  DocumentMasks(const Secret& key, ReplacedValues* replaced) : key_(key), replaced_(replaced) {}

  // The text with the values replaced that `rule.document` reaches, everything else byte for byte. kCorrupt
  // when it is neither JSON nor YAML whose values can be told apart for certain; kConfig for an operation
  // that needs a row.
  Result<std::string> apply(const config::MaskRule& rule, std::string_view text);

 private:
  using Parts = std::vector<std::unique_ptr<Transform>>;
  Result<const Parts*> compiled(const config::MaskRule& rule);

  const Secret& key_;
  ReplacedValues* replaced_;
  std::map<const config::MaskRule*, Parts> parts_;
};

// The text with a null for each value that `rule` replaces: what is left is what it lets through.
Result<std::string> without_ruled(const config::MaskRule& rule, std::string_view text);

}  // namespace summit::masking
