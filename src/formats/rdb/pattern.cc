#include "formats/rdb/pattern.h"

#include <algorithm>

namespace summit::rdb {

namespace {

// Whether `c` is in the class that begins after "[" at `at`, which moves behind the class.
bool class_holds(std::string_view pattern, size_t& at, char c) {
  const auto byte = [](char value) { return static_cast<unsigned char>(value); };
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool found = false;
  for (; at < pattern.size() && pattern[at] != ']'; ++at) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      ++at;
      found |= pattern[at] == c;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      const auto [low, high] = std::minmax({byte(pattern[at]), byte(pattern[at + 2])});
      found |= byte(c) >= low && byte(c) <= high;
      at += 2;
    } else {
      found |= pattern[at] == c;
    }
  }
  if (at < pattern.size()) ++at;
  return found != negated;
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  // Where to go on when the part after the last star fails: only the last star ever needs another try.
  size_t star = std::string_view::npos;
  size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_text = t;
      continue;
    }
    size_t next = p;
    bool same = false;
    if (p < pattern.size()) {
      ++next;
      if (pattern[p] == '?') {
        same = true;
      } else if (pattern[p] == '[') {
        same = class_holds(pattern, next, text[t]);
      } else {
        if (pattern[p] == '\\' && next < pattern.size()) ++next;
        same = pattern[next - 1] == text[t];
      }
    }
    if (same) {
      p = next;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace summit::rdb
