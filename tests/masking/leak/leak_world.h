// A log and what becomes of it, for the tests of this folder.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "masking/leak/replaced_log.h"
#include "masking/leak/text_search.h"

namespace summit::masking {

class LeakTest : public testing::Test {
 protected:
  using Separators = TextSearch::Separators;

  LeakTest()
      : directory_(TemporaryDirectory::create(fs::temp_directory_path(), "summit-leak-").value()),
        log_(ReplacedLog::create(directory_.path()).value()) {}

  ReplacedLog& log() { return *log_; }
  const fs::path& directory() const { return directory_.path(); }

  void replaced(std::string_view original, std::string_view place = "postgresql:public.users.email",
                std::string_view replacement = {}) {
    log_->add(original, replacement, place);
  }
  const ReplacedTable& seal(const std::vector<std::string>& public_texts = {}) {
    table_.emplace(log_->seal(public_texts).value());
    search_.emplace(*table_);
    return *table_;
  }
  bool holds(std::string_view text, Separators separators = Separators::kNone) {
    return search_->holds_any(text, separators);
  }
  TextSearch& text_search() { return *search_; }

 private:
  TemporaryDirectory directory_;
  std::unique_ptr<ReplacedLog> log_;
  std::optional<ReplacedTable> table_;
  std::optional<TextSearch> search_;
};

}  // namespace summit::masking
