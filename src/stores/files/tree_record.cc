#include "stores/files/tree_record.h"

#include <nlohmann/json.hpp>

namespace summit::files {

using Json = nlohmann::ordered_json;

std::string to_json(const TreeRecord& record) {
  Json json = {{"artifact", record.artifact},
               {"root", record.root},
               {"include", record.patterns.include},
               {"exclude", record.patterns.exclude},
               {"secret", record.patterns.secret},
               {"files", record.files},
               {"bytes", record.bytes},
               {"sealed", record.sealed_paths}};
  if (!record.patterns.only.empty()) json["only"] = record.patterns.only;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<TreeRecord> tree_record_from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    TreeRecord record;
    record.artifact = json.at("artifact").get<std::string>();
    record.root = json.at("root").get<std::string>();
    record.patterns.include = json.at("include").get<std::vector<std::string>>();
    record.patterns.exclude = json.at("exclude").get<std::vector<std::string>>();
    record.patterns.secret = json.at("secret").get<std::vector<std::string>>();
    record.patterns.only = json.value("only", std::vector<std::string>());
    record.files = json.at("files").get<uint64_t>();
    record.bytes = json.at("bytes").get<uint64_t>();
    record.sealed_paths = json.at("sealed").get<std::set<std::string>>();
    return record;
  } catch (const std::exception& error) {
    return Error(Code::kCorrupt, "the record of a tree cannot be read: {}", error.what());
  }
}

}  // namespace summit::files
