#include "stores/files/glob.h"

#include <algorithm>

namespace summit::files {
namespace {

constexpr std::string_view kAnyDepth = "**";

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") parts.push_back(part);
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return parts;
}

// `pattern` begins with `[`. Gives the length of the class, 0 when it is not closed and so stands for itself.
size_t match_class(std::string_view pattern, char c, bool& matched) {
  size_t i = 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  bool found = false;
  for (bool first = true; i < pattern.size(); first = false) {
    if (pattern[i] == ']' && !first) {
      matched = found != negated;
      return i + 1;
    }
    const auto low = static_cast<unsigned char>(pattern[i++]);
    auto high = low;
    if (i + 1 < pattern.size() && pattern[i] == '-' && pattern[i + 1] != ']') {
      high = static_cast<unsigned char>(pattern[i + 1]);
      i += 2;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (low <= byte && byte <= high) found = true;
  }
  return 0;
}

// How many bytes of `pattern` match the one byte `c`; 0 when it does not.
size_t match_one(std::string_view pattern, char c) {
  if (pattern.front() == '?') return 1;
  if (pattern.front() == '[') {
    bool matched = false;
    if (const size_t size = match_class(pattern, c, matched); size > 0) return matched ? size : 0;
  }
  if (pattern.front() == '\\' && pattern.size() > 1) return pattern[1] == c ? 2 : 0;
  return pattern.front() == c ? 1 : 0;
}

// One part against one name. Linear: only the last `*` is ever gone back to.
bool match_part(std::string_view pattern, std::string_view name) {
  size_t p = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;
  size_t retry = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = n;
      continue;
    }
    const size_t used = p < pattern.size() ? match_one(pattern.substr(p), name[n]) : 0;
    if (used > 0) {
      p += used;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

// What is left of the pattern when the path is used up decides; see the two callers.
enum class Need { kWholePattern, kAnyRest };

// Set of positions in the pattern that are reachable, advanced part by part: no backtracking, whatever the
// `**`s.
bool match_parts(const std::vector<std::string>& pattern, const std::vector<std::string_view>& path,
                 Need need) {
  std::vector<char> at(pattern.size() + 1, 0);
  const auto close = [&] {
    for (size_t i = 0; i < pattern.size(); ++i)
      if (at[i] && pattern[i] == kAnyDepth) at[i + 1] = 1;
  };
  at[0] = 1;
  close();
  for (const auto part : path) {
    if (at[pattern.size()]) return true;  // it matches a directory on the way
    std::vector<char> next(pattern.size() + 1, 0);
    for (size_t i = 0; i < pattern.size(); ++i) {
      if (!at[i]) continue;
      if (pattern[i] == kAnyDepth)
        next[i] = 1;
      else if (match_part(pattern[i], part))
        next[i + 1] = 1;
    }
    at = std::move(next);
    close();
  }
  if (need == Need::kWholePattern) return at[pattern.size()] != 0;
  return std::ranges::any_of(at, [](char reachable) { return reachable != 0; });
}

}  // namespace

Glob::Glob(std::string_view pattern) {
  for (const auto part : parts_of(pattern)) parts_.emplace_back(part);
}

bool Glob::matches(std::string_view path) const {
  return !parts_.empty() && match_parts(parts_, parts_of(path), Need::kWholePattern);
}

bool Glob::may_match_below(std::string_view directory) const {
  return !parts_.empty() && match_parts(parts_, parts_of(directory), Need::kAnyRest);
}

GlobList::GlobList(const std::vector<std::string>& patterns, Bare bare) {
  for (const auto& pattern : patterns) {
    const bool anchored = bare == Bare::kAtRoot || parts_of(pattern).size() > 1 || pattern.starts_with('/');
    globs_.emplace_back(anchored ? pattern : std::string(kAnyDepth) + "/" + pattern);
  }
}

bool GlobList::matches(std::string_view path) const {
  return std::ranges::any_of(globs_, [&](const Glob& glob) { return glob.matches(path); });
}

bool GlobList::may_match_below(std::string_view directory) const {
  return std::ranges::any_of(globs_, [&](const Glob& glob) { return glob.may_match_below(directory); });
}

}  // namespace summit::files
