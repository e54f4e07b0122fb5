#include "stores/files/record_filter.h"

#include <nlohmann/json.hpp>

#include "core/text.h"
#include "stores/files/glob.h"

namespace summit::files {

const RecordRule* RecordRules::rule_for(std::string_view path) const {
  if (path.ends_with(suffix)) return nullptr;
  for (const auto& rule : rules) {
    if (Glob(rule.files).matches(path)) return &rule;
  }
  return nullptr;
}

std::vector<std::string> RecordRules::made_patterns() const {
  std::vector<std::string> patterns;
  patterns.reserve(rules.size());
  for (const auto& rule : rules) patterns.push_back(rule.files + suffix);
  return patterns;
}

namespace {
constexpr size_t kLongestRecord = 64 * MiB;
}  // namespace

Result<void> RecordFilter::feed(std::string_view text) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const auto part = text.substr(0, end);
    if (pending_.size() + part.size() > kLongestRecord) {
      overlong_ = true;
      pending_.clear();
    } else if (end == std::string_view::npos && !overlong_) {
      pending_ += part;
    }
    if (end == std::string_view::npos) return {};
    if (std::exchange(overlong_, false)) {
      ++malformed_;
      text.remove_prefix(end + 1);
      continue;
    }
    if (pending_.empty()) {
      RETURN_IF_ERROR(take(text.substr(0, end)));
    } else {
      pending_ += text.substr(0, end);
      RETURN_IF_ERROR(take(pending_));
      pending_.clear();
    }
    text.remove_prefix(end + 1);
  }
  return {};
}

Result<void> RecordFilter::finish() {
  if (std::exchange(overlong_, false)) ++malformed_;
  if (pending_.empty()) return {};
  return take(std::exchange(pending_, {}));
}

Result<void> RecordFilter::take(std::string_view line) {
  if (trimmed(line).empty()) return {};
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) {
    ++malformed_;
    return {};
  }
  const auto member = json.find(rule_.field);
  if (member == json.end()) return {};
  const bool same = member->is_string() ? member->get_ref<const std::string&>() == rule_.value
                                        : member->is_number() && member->dump() == rule_.value;
  if (!same) return {};
  ++taken_;
  RETURN_IF_ERROR(output_(as_bytes(line)));
  return output_(as_bytes(std::string_view("\n")));
}

}  // namespace summit::files
