// Rules from YAML, as a test writes them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/sanitization.h"
#include "core/files.h"
#include "masking/rules.h"

namespace summit::masking {

inline Secret test_key(char fill = 'k') { return Secret(std::string(32, fill)); }

// The whole of a file.
inline Result<config::SanitizationRules> read_rules(const std::string& yaml) {
  ASSIGN_OR_RETURN(const auto directory,
                   TemporaryDirectory::create(fs::temp_directory_path(), "summit-masking-"));
  RETURN_IF_ERROR(make_directories(directory.path() / "config"));
  RETURN_IF_ERROR(write_file_durably(directory.path() / "config" / "sanitization.yaml", yaml));
  return config::load_sanitization(directory.path() / "config", config::Variables());
}

// The rules for PostgreSQL, as a YAML list.
inline config::SanitizationRules table_rules(const std::string& list) {
  auto rules = read_rules("key: {env: K}\nrules:\n  postgresql:\n" + list);
  if (!rules.ok()) ADD_FAILURE() << rules.error().message();
  return std::move(rules).value_or({});
}

inline config::SanitizationRules shipped_rules() {
  auto rules = config::load_sanitization(fs::path(SUMMIT_SOURCE_DIR) / "config", config::Variables());
  if (!rules.ok()) ADD_FAILURE() << rules.error().message();
  return std::move(rules).value_or({});
}

inline RowMask mask_of(const config::SanitizationRules& rules, const std::string& table,
                       const std::vector<std::string>& columns, char key = 'k',
                       config::Sanitization level = config::Sanitization::kFull) {
  auto mask =
      RowMask::compile(rules_of_table(rules, level, {{"public", table}}), columns, test_key(key), table);
  if (!mask.ok()) ADD_FAILURE() << mask.error().message();
  return std::move(mask).value();
}

}  // namespace summit::masking
