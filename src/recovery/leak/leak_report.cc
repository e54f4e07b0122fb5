#include "recovery/leak/leak_report.h"

#include <algorithm>

namespace summit::recovery {

void LeakReport::found(const std::string& place, const std::string& original) {
  const std::lock_guard lock(mutex_);
  const std::pair key(place, original);
  const auto known = findings_.find(key);
  if (known != findings_.end()) {
    ++known->second;
  } else if (findings_.size() < kMostFindings) {
    findings_.emplace(key, 1);
  } else {
    ++more_findings_;
  }
}

void LeakReport::searched(const std::string& store, LeakCounts counts) {
  const std::lock_guard lock(mutex_);
  searched_[store].elements += counts.elements;
  searched_[store].bytes += counts.bytes;
}

void LeakReport::not_searched(std::string what) {
  const std::lock_guard lock(mutex_);
  if (std::find(not_searched_.begin(), not_searched_.end(), what) == not_searched_.end())
    not_searched_.push_back(std::move(what));
}

bool LeakReport::clean() const {
  const std::lock_guard lock(mutex_);
  return findings_.empty();
}

std::vector<LeakFinding> LeakReport::findings() const {
  const std::lock_guard lock(mutex_);
  std::vector<LeakFinding> list;
  list.reserve(findings_.size());
  for (const auto& [key, occurrences] : findings_) list.push_back({key.first, key.second, occurrences});
  return list;
}

uint64_t LeakReport::more_findings() const {
  const std::lock_guard lock(mutex_);
  return more_findings_;
}

std::map<std::string, LeakCounts> LeakReport::searched() const {
  const std::lock_guard lock(mutex_);
  return searched_;
}

std::vector<std::string> LeakReport::not_searched() const {
  const std::lock_guard lock(mutex_);
  auto list = not_searched_;
  std::sort(list.begin(), list.end());
  return list;
}

}  // namespace summit::recovery
