// Checks a hash-chained log. Format: docs/formats/audit-chain.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace summit::files {

// One file of a chain, as far as it holds together.
struct ChainSegment {
  std::string path;
  uint64_t entries = 0;
  uint64_t first_seq = 0;
  std::string first_prev_hash;
  uint64_t last_seq = 0;
  std::string last_hash;
  bool unfinished_line = false;  // the last line was still being written
  std::string problem;           // "audit-chain.jsonl:17: hash differs"; empty: sound
};

// Feed a file's bytes in order, in pieces of any size. Memory: one line.
class ChainChecker {
 public:
  explicit ChainChecker(std::string path);
  void feed(std::string_view bytes);
  ChainSegment finish();

 private:
  void check_line(std::string_view line);
  void fail(std::string_view what);

  ChainSegment segment_;
  std::string line_;
  uint64_t number_ = 0;
};

struct ChainReport {
  uint64_t entries = 0;
  std::string head;  // "1200 3f…": seq and hash of the last entry; empty without entries
  std::vector<std::string> notes;
  std::optional<std::string> problem;  // the first break
};
// Joins the files of one chain in the order of their sequence numbers.
ChainReport join_chain(std::vector<ChainSegment> segments);

// The hash that an entry should have. Nothing when `line` is no entry.
std::optional<std::string> hash_of_entry(std::string_view line);

}  // namespace summit::files
