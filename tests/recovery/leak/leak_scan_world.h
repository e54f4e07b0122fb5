// What the searches of all stores are asked to find: one text of each kind, replaced somewhere else.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>

#include "masking/leak/replaced_log.h"
#include "recovery/leak/leak_scan.h"

namespace summit::recovery {

// A function, so that a test's text may be written beside it.
inline const char* secret() { return "Ada.Lovelace@mail.org"; }

class LeakScanWorld {
 public:
  LeakScanWorld()
      : directory_(TemporaryDirectory::create(fs::temp_directory_path(), "summit-leak-scan-").value()),
        log_(masking::ReplacedLog::create(directory_.path()).value()) {
    log_->add(secret(), "x@example.com", "postgresql:public.users.email");
    log_->add("4711471147", "+1-555-0000001", "postgresql:public.users.phone");
  }

  masking::ReplacedLog& log() { return *log_; }
  const fs::path& directory() const { return directory_.path(); }
  LeakScan scan() {
    if (!table_) table_.emplace(log_->seal({}).value());
    return LeakScan{
        .table = *table_, .report = report_, .reporter = reporter_, .workspace = directory_.path()};
  }
  LeakReport& report() { return report_; }
  std::set<std::string> places() const {
    std::set<std::string> places;
    for (const auto& finding : report_.findings()) places.insert(finding.place);
    return places;
  }

 private:
  TemporaryDirectory directory_;
  std::unique_ptr<masking::ReplacedLog> log_;
  std::optional<masking::ReplacedTable> table_;
  LeakReport report_;
  SilentReporter reporter_;
};

}  // namespace summit::recovery
