#include "config/words.h"

namespace summit::config {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kShellOnly = "|;&<>`";

Error needs_shell(std::string_view found) {
  return Error(Code::kConfig, "`{}` has no meaning here: commands run without a shell", found)
      .hint("quote it, or write the command as a list: [sh, -c, \"…\"]");
}

}  // namespace

Result<std::vector<std::string>> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool last = i + 1 == text.size();
    if (quote == '\'') {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (quote == '"') {
      if (c == quote)
        quote = 0;
      else if (c == '\\' && !last && std::string_view("\"\\$`").find(text[i + 1]) != std::string_view::npos)
        word += text[++i];
      else
        word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (c == '\\' && !last) {
      word += text[++i];
      in_word = true;
    } else if (kBlanks.find(c) != std::string_view::npos) {
      if (in_word) words.push_back(std::exchange(word, {}));
      in_word = false;
    } else if (kShellOnly.find(c) != std::string_view::npos || text.substr(i, 2) == "$(") {
      return needs_shell(c == '$' ? "$(" : text.substr(i, 1));
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0)
    return Error(Code::kConfig, "a {} quote is not closed", quote == '"' ? "double" : "single")
        .hint("close it");
  if (in_word) words.push_back(std::move(word));
  return words;
}

}  // namespace summit::config
