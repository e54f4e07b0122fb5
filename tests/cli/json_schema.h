// The part of JSON Schema that docs/schemas/ uses: type, required, properties, items, enum, const, oneOf,
// $ref.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace summit::cli {

// Reads the schemas of docs/schemas/ and says where a document does not fit one.
class JsonSchema {
 public:
  explicit JsonSchema(const std::string& file);

  // "/components/0: lacks `status`"; empty when the document fits.
  std::vector<std::string> problems(const nlohmann::json& document) const;

 private:
  void check(const nlohmann::json& schema, const nlohmann::json& value, const std::string& where,
             std::vector<std::string>& problems) const;
  void check_reference(const std::string& reference, const nlohmann::json& value, const std::string& where,
                       std::vector<std::string>& problems) const;

  nlohmann::json root_;
};

}  // namespace summit::cli
