#include "config/secret_source.h"

#include <nlohmann/json.hpp>

#include "config/suggestion.h"
#include "config/variables.h"
#include "core/files.h"
#include "core/process.h"
#include "core/text.h"

namespace summit::config {
namespace {

constexpr std::chrono::seconds kCommandTimeout{30};
constexpr uint64_t kLargestSecret = 64 * KiB;

std::string without_line_end(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

Error not_executed(const SecretSource& source, const std::string& name, const Variables& variables) {
  return Error(Code::kConfig, "{}: {} of {} holds `$(…)`, which is not executed", source.where, name,
               variables.origin(name))
      .hint(fmt::format(
          "write `password: {{command: [aws, secretsmanager, get-secret-value, --secret-id, …]}}` in "
          "config/environments.yaml, or let the shell run it: export {}=\"$(…)\"",
          name));
}

Error not_set(const SecretSource& source) {
  Error error(Code::kConfig, "{}: the password is not set: {}", source.where, source.describe());
  if (source.variables.empty())
    return std::move(error).hint("write the password into the file, readable by its owner alone");
  return std::move(error).hint(
      fmt::format("export {}=…, or put it into the environment's .env file", source.variables.front()));
}

Result<std::string> read_source(const SecretSource& source, const Variables& variables) {
  for (const auto& name : source.variables) {
    auto value = variables.get(name);
    if (value && is_command_substitution(*value)) return not_executed(source, name, variables);
    if (value) return *std::move(value);
  }
  std::error_code error;
  if (!source.file.empty() && std::filesystem::exists(source.file, error)) {
    ASSIGN_OR_RETURN(auto text, read_file(source.file, kLargestSecret), "{}: while reading the password",
                     source.where);
    return without_line_end(std::move(text));
  }
  if (!source.command.empty()) {
    ASSIGN_OR_RETURN(auto text, run(Command{.argv = source.command}, {}, kCommandTimeout, kLargestSecret),
                     "{}: while asking for the password", source.where);
    return without_line_end(std::move(text));
  }
  if (source.optional || !source.given()) return std::string();
  return not_set(source);
}

nlohmann::json object_in(const std::string& text) {
  if (!trimmed(text).starts_with('{')) return nullptr;
  auto parsed = nlohmann::json::parse(text, nullptr, false);
  return parsed.is_object() ? parsed : nlohmann::json();
}

// A plain text stays as it is, also one that merely looks like JSON, unless a field was asked for.
Result<std::string> unwrapped(const SecretSource& source, std::string text) {
  auto object = object_in(text);
  if (object.contains("SecretString") && object["SecretString"].is_string()) {
    text = object["SecretString"].get<std::string>();
    object = object_in(text);
  }
  const std::string field = source.field.empty() ? "password" : source.field;
  if (object.is_object() && object.contains(field) && object[field].is_string())
    return object[field].get<std::string>();
  if (object.is_object() && !object.empty()) {
    return Error(Code::kConfig, "{}: the secret is a JSON object without a text `{}`", source.where, field)
        .hint("name the field that holds the password: `field: NAME` beside the command, file or variable");
  }
  if (!source.field.empty() && !text.empty()) {
    return Error(Code::kConfig, "{}: the secret is no JSON object, so it has no field `{}`", source.where,
                 field)
        .hint("leave `field` out for a plain value");
  }
  return text;
}

}  // namespace

std::string SecretSource::describe() const {
  std::vector<std::string> sources;
  if (!variables.empty()) sources.push_back("variable " + join(variables, " or "));
  if (!file.empty()) sources.push_back("file " + file.string());
  if (!command.empty()) sources.push_back("command " + command.front());
  return sources.empty() ? "none" : join(sources, ", then ");
}

Result<Secret> read_secret(const SecretSource& source, const Variables& variables) {
  ASSIGN_OR_RETURN(auto text, read_source(source, variables));
  ASSIGN_OR_RETURN(auto value, unwrapped(source, std::move(text)));
  if (value.empty() && !source.optional && source.given()) {
    return Error(Code::kConfig, "{}: the password from {} is empty", source.where, source.describe())
        .hint("add `optional: true` beside it when the server needs none");
  }
  return Secret(std::move(value));
}

}  // namespace summit::config
