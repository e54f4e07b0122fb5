// Glob patterns over relative paths, byte by byte.
//
//   ?        one byte except `/`           [a-z] [!a-z]   one of, none of
//   *        any bytes except `/`          \x             x itself
//   **       as a whole part: any number of parts, none included
//
// Leading dots are nothing special. A pattern that matches a directory matches all below it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace summit::files {

class Glob {
 public:
  explicit Glob(std::string_view pattern);

  bool matches(std::string_view path) const;
  // Whether anything below `directory` could match: false lets a walk turn back.
  bool may_match_below(std::string_view directory) const;

 private:
  std::vector<std::string> parts_;
};

class GlobList {
 public:
  // Where a pattern without `/` applies: at the root only, or to names at any depth.
  enum class Bare { kAtRoot, kAnywhere };
  GlobList(const std::vector<std::string>& patterns, Bare bare);

  bool empty() const { return globs_.empty(); }
  bool matches(std::string_view path) const;
  bool may_match_below(std::string_view directory) const;

 private:
  std::vector<Glob> globs_;
};

}  // namespace summit::files
