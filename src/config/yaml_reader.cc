#include "config/yaml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/substitution.h"
#include "config/suggestion.h"
#include "config/words.h"
#include "core/bytes.h"
#include "core/text.h"
#include "core/time.h"

namespace summit::config {
namespace {

// Only whole numbers of seconds are durations of a configuration.
std::optional<std::chrono::seconds> parse_seconds(std::string_view text) {
  const auto parsed = parse_duration(text);
  if (!parsed) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(*parsed);
}

bool uses_variables(const YAML::Node& node) {
  return node.IsScalar() && node.Scalar().find("${") != std::string::npos;
}

}  // namespace

std::string Value::where() const { return fmt::format("{}:{}", context_->file, line()); }

void Value::complain(std::string what, std::string_view fix) const {
  auto text = fmt::format("{} ({})", what, fix);
  if (context_->deferred != nullptr && uses_variables(node_)) {
    context_->deferred->push_back(fmt::format("{}: {}", where(), text));
  } else {
    context_->findings->push_back({line(), std::move(text)});
  }
}

std::optional<std::string> Value::text() const {
  if (!node_ || node_.IsNull()) return std::nullopt;
  if (!node_.IsScalar()) {
    complain("a text is needed here", "write one value, not a list or mapping");
    return std::nullopt;
  }
  auto result =
      substitute(node_.Scalar(), [this](const std::string& name) { return context_->variables->get(name); });
  if (result.malformed) {
    context_->findings->push_back({line(),
                                   "a variable is not written as ${NAME} or ${NAME:-default} (close the "
                                   "brace; `$${` is a literal `${`)"});
    return std::nullopt;
  }
  for (const auto& name : result.missing) {
    complain(fmt::format("variable {} is not set", name),
             fmt::format("export {}=…, or put it into {}", name, context_->env_file));
  }
  for (const auto& name : result.used) {
    if (!is_command_substitution(context_->variables->get_or(name, ""))) continue;
    complain(
        fmt::format("{} of {} holds `$(…)`, which is not executed", name, context_->variables->origin(name)),
        fmt::format(
            "let the shell run it: export {}=\"$(…)\"; for a password write `password: {{command: [aws, "
            "secretsmanager, get-secret-value, --secret-id, …]}}`",
            name));
    return std::nullopt;
  }
  if (!result.missing.empty() || result.text.empty()) return std::nullopt;
  return std::move(result.text);
}

std::optional<bool> Value::flag() const {
  const auto read = text();
  if (!read) return std::nullopt;
  if (*read == "true" || *read == "yes") return true;
  if (*read == "false" || *read == "no") return false;
  complain(fmt::format("`{}` is neither true nor false", *read), "write true or false");
  return std::nullopt;
}

std::optional<uint64_t> Value::number(uint64_t lowest, uint64_t highest) const {
  const auto read = text();
  if (!read) return std::nullopt;
  const auto number = parse_number<uint64_t>(*read);
  if (number && *number >= lowest && *number <= highest) return number;
  complain(fmt::format("`{}` is no number from {} to {}", *read, lowest, highest), "write digits only");
  return std::nullopt;
}

std::optional<std::chrono::seconds> Value::duration() const {
  const auto read = text();
  if (!read) return std::nullopt;
  if (const auto parsed = parse_seconds(*read)) return parsed;
  complain(fmt::format("`{}` is no duration", *read), "write for example 15 minutes, 4 hours or 30 days");
  return std::nullopt;
}

std::optional<uint64_t> Value::size() const {
  const auto read = text();
  if (!read) return std::nullopt;
  uint64_t bytes = 0;
  if (parse_bytes(*read, bytes)) return bytes;
  complain(fmt::format("`{}` is no size", *read), "write for example 500 MB, 40 GB or 64 MiB");
  return std::nullopt;
}

std::vector<Value> Value::items() const {
  std::vector<Value> items;
  if (!node_ || node_.IsNull()) return items;
  if (!node_.IsSequence()) {
    complain("a list is needed here", "write [a, b], or one `- item` a line");
    return items;
  }
  for (const auto& item : node_) items.emplace_back(item, *context_);
  return items;
}

std::optional<std::vector<std::string>> Value::texts() const {
  std::vector<std::string> texts;
  if (node_ && node_.IsScalar()) {
    auto one = text();
    if (!one) return std::nullopt;
    texts.push_back(*std::move(one));
    return texts;
  }
  for (const auto& item : items()) {
    if (auto one = item.text()) texts.push_back(*std::move(one));
  }
  return texts;
}

std::optional<std::vector<std::string>> Value::words() const {
  if (!node_ || !node_.IsScalar()) return texts();
  const auto command = text();
  if (!command) return std::nullopt;
  auto words = split_words(*command);
  if (words.ok()) return *std::move(words);
  complain(words.error().message(), words.error().hint());
  return std::nullopt;
}

Mapping::Mapping(const Value& value, std::string what, std::vector<std::string> known_keys)
    : value_(value), what_(std::move(what)) {
  if (!value.is_mapping()) {
    value.complain(fmt::format("{} must be a mapping", what_),
                   fmt::format("write keys such as `{}: …`", known_keys.front()));
    return;
  }
  for (const auto& entry : value.node()) {
    const YAML::Node key = entry.first;
    const YAML::Node child = entry.second;
    const Value at(key, value.context());
    const auto name = key.IsScalar() ? key.Scalar() : std::string();
    if (std::find(known_keys.begin(), known_keys.end(), name) == known_keys.end()) {
      at.complain(fmt::format("key `{}` of {} is not known", name, what_), suggestion(name, known_keys));
    } else if (find(name)) {
      at.complain(fmt::format("key `{}` of {} comes twice", name, what_), "keep one of them");
    } else {
      entries_.emplace_back(name, child);
    }
  }
}

std::optional<Value> Mapping::find(std::string_view key) const {
  for (const auto& [name, node] : entries_) {
    if (name == key) return Value(node, value_.context());
  }
  return std::nullopt;
}

std::optional<Value> Mapping::require(std::string_view key, std::string_view fix) const {
  auto found = find(key);
  if (found && found->node() && !found->node().IsNull()) return found;
  if (value_.is_mapping()) value_.complain(fmt::format("{} has no `{}`", what_, key), fix);
  return std::nullopt;
}

void Mapping::read(std::string_view key, std::string& target) const {
  if (const auto value = find(key)) assign(value->text(), target);
}
void Mapping::read(std::string_view key, bool& target) const {
  if (const auto value = find(key)) assign(value->flag(), target);
}
void Mapping::read(std::string_view key, uint16_t& target) const {
  const auto value = find(key);
  if (!value) return;
  if (const auto port = value->number(1, 65535)) target = static_cast<uint16_t>(*port);
}
void Mapping::read(std::string_view key, std::chrono::seconds& target) const {
  if (const auto value = find(key)) assign(value->duration(), target);
}
void Mapping::read(std::string_view key, std::vector<std::string>& target) const {
  if (const auto value = find(key)) assign(value->texts(), target);
}
void Mapping::read(std::string_view key, std::filesystem::path& target) const {
  const auto value = find(key);
  if (!value) return;
  if (const auto text = value->text()) {
    target = (value->context().project / *text).lexically_normal();
    // "a/." and "a/" name the directory a: one spelling, so that paths compare.
    if (!target.has_filename() && target.has_relative_path()) target = target.parent_path();
  }
}
void Mapping::read_size(std::string_view key, uint64_t& target) const {
  if (const auto value = find(key)) assign(value->size(), target);
}
void Mapping::read_words(std::string_view key, std::vector<std::string>& target) const {
  if (const auto value = find(key)) assign(value->words(), target);
}
void Mapping::read_percent(std::string_view key, unsigned& target) const {
  const auto value = find(key);
  if (!value) return;
  if (const auto percent = value->number(1, 100)) target = static_cast<unsigned>(*percent);
}

std::optional<size_t> Mapping::choose(std::string_view key, const std::vector<std::string>& names) const {
  const auto value = find(key);
  if (!value) return std::nullopt;
  const auto text = value->text();
  if (!text) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), *text);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  value->complain(fmt::format("`{}` is no {} of {}", *text, key, what_), suggestion(*text, names));
  return std::nullopt;
}

std::vector<std::pair<std::string, Value>> named_items(const Value& value, const std::string& what) {
  std::vector<std::pair<std::string, Value>> items;
  if (!value.is_mapping()) {
    value.complain(fmt::format("{} must be a mapping of names", what),
                   "write `name:` and its keys indented below");
    return items;
  }
  std::set<std::string> seen;
  for (const auto& entry : value.node()) {
    const YAML::Node key = entry.first;
    const YAML::Node child = entry.second;
    const Value at(key, value.context());
    const auto name = key.IsScalar() ? key.Scalar() : std::string();
    if (!is_name(name)) {
      at.complain(fmt::format("`{}` is no name in {}", name, what),
                  "use letters, digits, `_` and `-`, beginning with a letter");
    } else if (!seen.insert(name).second) {
      at.complain(fmt::format("`{}` comes twice in {}", name, what), "keep one of them");
    } else {
      items.emplace_back(name, Value(child, value.context()));
    }
  }
  return items;
}

bool is_name(std::string_view text) {
  constexpr size_t kLongestName = 64;  // names go into file names
  if (text.empty() || text.size() > kLongestName) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char lower = to_lower(text[i]);
    const bool letter = lower >= 'a' && lower <= 'z';
    if (!letter && (i == 0 || (!is_digit(text[i]) && text[i] != '_' && text[i] != '-'))) return false;
  }
  return true;
}

}  // namespace summit::config
