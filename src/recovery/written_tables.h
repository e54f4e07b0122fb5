// Which tables of a database a restore of some tables wrote.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace summit::recovery {

// Names as words of `--only`.
struct WrittenTables {
  std::vector<std::string> replaced;  // they were there: emptied and filled again
  std::vector<std::string> created;

  bool empty() const { return replaced.empty() && created.empty(); }
  bool contains(const std::string& table) const {
    return std::count(replaced.begin(), replaced.end(), table) > 0 ||
           std::count(created.begin(), created.end(), table) > 0;
  }
};

using TablesByComponent = std::map<std::string, WrittenTables>;

}  // namespace summit::recovery
