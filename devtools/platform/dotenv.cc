#include "devtools/platform/dotenv.h"

namespace summit::platform {

namespace {

constexpr std::string_view kBegin =
    "# >>> summit-dr-dev: this platform; `up` rewrites the lines between these marks\n";
constexpr std::string_view kEnd = "# <<< summit-dr-dev\n";

// Quoted so that a shell and the usual .env readers agree on the value: single quotes where that is possible.
std::string dotenv_value(std::string_view value) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/:@%+,=";
  if (!value.empty() && value.find_first_not_of(kPlain) == std::string_view::npos) return std::string(value);
  if (value.find('\'') == std::string_view::npos) return fmt::format("'{}'", value);
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\' || c == '$' || c == '`') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string without_block(const std::string& text, const fs::path& file, Result<void>& problem) {
  const size_t begin = text.find(kBegin);
  if (begin == std::string::npos) return text;
  const size_t end = text.find(kEnd, begin);
  if (end == std::string::npos) {
    problem = Error(Code::kCorrupt, "the summit-dr-dev block of {} has no end", file.string())
                  .hint("remove the block, or the file");
    return text;
  }
  return text.substr(0, begin) + text.substr(end + kEnd.size());
}

}  // namespace

Result<void> write_dotenv_block(const fs::path& file, const std::map<std::string, std::string>& variables) {
  std::string text;
  if (fs::exists(file)) {
    ASSIGN_OR_RETURN(text, read_file(file));
  }
  Result<void> problem;
  text = without_block(text, file, problem);
  RETURN_IF_ERROR(std::move(problem));
  if (!text.empty() && text.back() != '\n') text += '\n';
  text += kBegin;
  for (const auto& [name, value] : variables) text += fmt::format("{}={}\n", name, dotenv_value(value));
  text += kEnd;
  return write_file_durably(file, text, 0600);
}

}  // namespace summit::platform
