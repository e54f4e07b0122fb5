// What a leak check has read and found.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace summit::recovery {

// A replaced value that is still there. What it says is in no field.
struct LeakFinding {
  std::string place;         // where it was found: "postgresql:shop.public.notes.body"
  std::string original;      // where it stood in the source: "postgresql:public.users.email", "canary:first"
  uint64_t occurrences = 0;  // rows, nodes, keys or files
  std::string kept_by{};     // the rule that lets equal values stay in that very place, for people; or empty

  friend bool operator==(const LeakFinding&, const LeakFinding&) = default;
};

struct LeakCounts {
  uint64_t elements = 0;  // rows, nodes and relationships, keys, files
  uint64_t bytes = 0;     // of what was read

  friend bool operator==(const LeakCounts&, const LeakCounts&) = default;
};

// Gathers from several threads.
class LeakReport {
 public:
  // Findings beyond this many different ones are counted in `more_findings`.
  static constexpr size_t kMostFindings = 10000;

  void found(const std::string& place, const std::string& original);
  void searched(const std::string& store, LeakCounts counts);
  // A sentence for the certificate: "redis db0: 3 values of modules".
  void not_searched(std::string what);

  bool clean() const;
  std::vector<LeakFinding> findings() const;  // sorted by place
  uint64_t more_findings() const;
  std::map<std::string, LeakCounts> searched() const;
  std::vector<std::string> not_searched() const;  // sorted

 private:
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::pair<std::string, std::string>, uint64_t> findings_;
  uint64_t more_findings_ = 0;
  std::map<std::string, LeakCounts> searched_;
  std::vector<std::string> not_searched_;
};

}  // namespace summit::recovery
