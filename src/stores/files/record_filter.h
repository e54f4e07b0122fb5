// Takes the lines of one owner out of a JSON-lines file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace summit::files {

// Of files that match `files`, the lines that are JSON objects whose member `field` is `value` as a text or
// number.
struct RecordRule {
  std::string files;  // a pattern, anchored at the root
  std::string field;
  std::string value;
};

// What is taken of a file has another name, so that putting it back never replaces the whole file: suffix
// ".tenant-acme" makes "log.jsonl" "log.jsonl.tenant-acme".
struct RecordRules {
  std::vector<RecordRule> rules;
  std::string suffix;

  // The rule for a file, the first that matches; null when there is none.
  const RecordRule* rule_for(std::string_view path) const;
  // Patterns of the files that are made.
  std::vector<std::string> made_patterns() const;
};

// Feed a file's bytes in order, in pieces of any size. Memory: one line of up to 64 MiB; longer ones are
// malformed. One thread at a time.
class RecordFilter {
 public:
  using Output = std::function<Result<void>(ByteView)>;
  RecordFilter(const RecordRule& rule, Output output) : rule_(rule), output_(std::move(output)) {}

  Result<void> feed(std::string_view text);
  // A last line without its line end gets one.
  Result<void> finish();

  uint64_t taken() const { return taken_; }          // lines
  uint64_t malformed() const { return malformed_; }  // lines that are no JSON objects; left out

 private:
  Result<void> take(std::string_view line);

  const RecordRule& rule_;
  Output output_;
  std::string pending_;
  bool overlong_ = false;  // the line that is being read
  uint64_t taken_ = 0;
  uint64_t malformed_ = 0;
};

}  // namespace summit::files
