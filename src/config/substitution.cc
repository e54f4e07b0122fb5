#include "config/substitution.h"

#include "core/text.h"

namespace summit::config {
namespace {

using Lookup = std::function<std::optional<std::string>(const std::string&)>;

// Letters, digits and `_`, with at most one `.part` behind: DATABASE_URL.host.
bool is_reference_name(std::string_view name) {
  if (name.empty() || is_digit(name.front())) return false;
  size_t dots = 0;
  for (const char c : name) {
    const char lower = to_lower(c);
    if (c == '.')
      ++dots;
    else if (!(lower >= 'a' && lower <= 'z') && !is_digit(c) && c != '_')
      return false;
  }
  return dots == 0 || (dots == 1 && name.front() != '.' && name.back() != '.');
}

void merge(Substituted& into, Substituted part) {
  into.text += part.text;
  into.malformed = into.malformed || part.malformed;
  into.used.insert(into.used.end(), part.used.begin(), part.used.end());
  into.missing.insert(into.missing.end(), part.missing.begin(), part.missing.end());
}

// `body` is what stands between `${` and `}`.
void put_reference(Substituted& into, std::string_view body, const Lookup& lookup) {
  const size_t colon = body.find(":-");
  const std::string name(body.substr(0, colon));
  if (!is_reference_name(name)) {
    into.malformed = true;
    return;
  }
  if (auto value = lookup(name)) {
    into.used.push_back(name);
    into.text += *value;
  } else if (colon == std::string_view::npos) {
    into.missing.push_back(name);
  } else {
    auto fallback = substitute(body.substr(colon + 2), lookup);
    // Of a chain ${A:-${B}} the first name is the one to set.
    if (!fallback.missing.empty()) fallback.missing = {name};
    merge(into, std::move(fallback));
  }
}

}  // namespace

size_t end_of_reference(std::string_view text, size_t start) {
  size_t depth = 0;
  for (size_t i = start; i < text.size(); ++i) {
    if (text.substr(i, 2) == "${") {
      ++depth;
      ++i;
    } else if (text[i] == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

Substituted substitute(std::string_view text, const Lookup& lookup) {
  Substituted result;
  for (size_t i = 0; i < text.size() && !result.malformed;) {
    if (text.substr(i, 3) == "$${") {
      result.text += "${";
      i += 3;
    } else if (text.substr(i, 2) == "${") {
      const size_t end = end_of_reference(text, i);
      if (end == std::string_view::npos) {
        result.malformed = true;
        break;
      }
      put_reference(result, text.substr(i + 2, end - i - 3), lookup);
      i = end;
    } else {
      result.text += text[i++];
    }
  }
  if (result.malformed) result.text = std::string(text);
  return result;
}

}  // namespace summit::config
