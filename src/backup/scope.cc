#include "backup/scope.h"

#include <fmt/format.h>

namespace summit::backup {
namespace {

// The same characters mean something in patterns of files and of Redis keys.
std::string literal(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (std::string_view("*?[]^!.\\").find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
  return text;
}

std::string replaced(std::string pattern, const std::string& word, const std::string& value) {
  for (size_t at = pattern.find(word); at != std::string::npos; at = pattern.find(word, at + value.size()))
    pattern.replace(at, word.size(), value);
  return pattern;
}

}  // namespace

Result<Scope> read_scope(const config::BackupSet& set, const config::Variables& variables,
                         const Scope& given) {
  Scope scope;
  for (const auto& name : set.required_metadata) {
    if (const auto value = given.find(name); value != given.end()) scope[name] = value->second;
    const auto& sources = set.metadata_variables.at(name);
    for (const auto& variable : sources) {
      if (const auto value = variables.get(variable); value && scope[name].empty()) scope[name] = *value;
    }
    if (!scope[name].empty()) continue;
    return Error(Code::kUsage, "the set `{}` needs {}, and {} is not set", set.name, name,
                 fmt::join(sources, " or "))
        .hint(fmt::format("{}=… summit-dr backup --set={}", sources.front(), set.name));
  }
  return scope;
}

std::string owner_of(const std::string& filter, const Scope& scope) {
  const auto found = scope.find(filter + "_id");
  return found == scope.end() ? std::string() : found->second;
}

std::vector<std::string> with_values(const std::vector<std::string>& patterns, const Scope& scope) {
  std::vector<std::string> filled;
  filled.reserve(patterns.size());
  for (auto pattern : patterns) {
    for (const auto& [name, value] : scope)
      pattern = replaced(std::move(pattern), "{" + name + "}", literal(value));
    filled.push_back(std::move(pattern));
  }
  return filled;
}

}  // namespace summit::backup
