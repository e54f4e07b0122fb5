#include "stores/files/selection.h"

#include <algorithm>
#include <cctype>

#include "stores/files/env_file.h"

namespace summit::files {
namespace {

constexpr std::string_view kStagedBelow = "/.summit-restoring-";

constexpr size_t kLongestMatch = 256;  // `kind`, quotes, blanks, a tag, `Secret`

bool is_manifest(std::string_view path) {
  return path.ends_with(".yaml") || path.ends_with(".yml") || path.ends_with(".json");
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}
void skip_quote(std::string_view& text) {
  if (!text.empty() && (text.front() == '"' || text.front() == '\'')) text.remove_prefix(1);
}
// `!!str`, `&anchor`: what YAML allows before a value.
void skip_properties(std::string_view& text) {
  while (!text.empty() && (text.front() == '!' || text.front() == '&')) {
    while (!text.empty() && !is_blank(text.front())) text.remove_prefix(1);
    skip_blanks(text);
  }
}

// `rest` follows the word `kind`.
bool says_secret(std::string_view rest) {
  skip_quote(rest);
  skip_blanks(rest);
  if (!rest.starts_with(':')) return false;
  rest.remove_prefix(1);
  skip_blanks(rest);
  skip_properties(rest);
  skip_quote(rest);
  constexpr std::string_view kSecret = "Secret";
  constexpr std::string_view kList = "SecretList";
  if (rest.starts_with(kList)) return rest.size() == kList.size() || !is_word(rest[kList.size()]);
  return rest.starts_with(kSecret) && (rest.size() == kSecret.size() || !is_word(rest[kSecret.size()]));
}

// Trees lie in one another: what another restore works in is at the top of its own tree.
bool is_staged(std::string_view path) {
  return path.starts_with(kStagingPrefix) || path.find(kStagedBelow) != std::string_view::npos;
}

}  // namespace

Selection::Selection(const TreePatterns& patterns)
    : include_(patterns.include, GlobList::Bare::kAtRoot),
      only_(patterns.only, GlobList::Bare::kAtRoot),
      exclude_(patterns.exclude, GlobList::Bare::kAnywhere),
      secret_(patterns.secret, GlobList::Bare::kAnywhere) {}

bool Selection::takes(std::string_view path) const {
  if (is_staged(path)) return false;
  return (include_.empty() || include_.matches(path)) && (only_.empty() || only_.matches(path)) &&
         !exclude_.matches(path);
}

bool Selection::may_hold(std::string_view directory) const {
  if (is_staged(directory)) return false;
  return (include_.empty() || include_.may_match_below(directory)) &&
         (only_.empty() || only_.may_match_below(directory)) && !exclude_.matches(directory);
}

bool Selection::secret_by_name(std::string_view path) const {
  return secret_.matches(path) || is_env_file(path);
}

bool content_decides(std::string_view path, uint64_t size, const SecretKnowledge& knowledge) {
  return is_manifest(path) || (knowledge.key != nullptr && size <= kKeySearchLimit);
}

void KubernetesSecretFinder::feed(std::string_view text) {
  if (found_) return;
  window_ += text;
  constexpr std::string_view kKind = "kind";
  for (size_t at = window_.find(kKind); at != std::string::npos; at = window_.find(kKind, at + 1)) {
    if (at > 0 && is_word(window_[at - 1])) continue;
    if (says_secret(std::string_view(window_).substr(at + kKind.size(), kLongestMatch))) {
      found_ = true;
      window_.clear();
      return;
    }
  }
  if (window_.size() > 2 * kLongestMatch) window_.erase(0, window_.size() - 2 * kLongestMatch);
}

}  // namespace summit::files
