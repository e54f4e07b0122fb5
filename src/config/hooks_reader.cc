#include "config/hooks_reader.h"

#include <fmt/format.h>

namespace summit::config {
namespace {

Hook read_hook(const Value& value, const std::string& what) {
  Hook hook;
  if (value.is_mapping()) {
    const Mapping mapping(value, what, {"command", "timeout", "required"});
    mapping.require("command", "add `command: [program, argument]`");
    mapping.read_words("command", hook.argv);
    mapping.read("timeout", hook.timeout);
    mapping.read("required", hook.required);
  } else if (auto words = value.words()) {
    hook.argv = *std::move(words);
    if (hook.argv.empty())
      value.complain(fmt::format("{} has no command", what), "write [program, argument]");
  }
  return hook;
}

std::vector<Hook> read_list(const Mapping& hooks, std::string_view key) {
  std::vector<Hook> list;
  const auto value = hooks.find(key);
  if (!value) return list;
  for (const auto& item : value->items()) {
    auto hook = read_hook(item, fmt::format("a hook of {}", hooks.what()));
    if (!hook.argv.empty()) list.push_back(std::move(hook));
  }
  return list;
}

}  // namespace

Hooks read_hooks(const Value& value, const std::string& what) {
  const Mapping mapping(value, what, {"before", "after"});
  return {read_list(mapping, "before"), read_list(mapping, "after")};
}

}  // namespace summit::config
