#include "stores/files/env_file.h"

#include <algorithm>
#include <map>

namespace summit::files {
namespace {

constexpr std::string_view kVariables[] = {"ENCRYPTION_KEY", "BACKUP_ENCRYPTION_KEY"};

// A piece of a .env file: one assignment of a key (perhaps over several lines, when quoted), or anything
// else.
struct Piece {
  std::string_view text;      // with its newline
  std::string_view variable;  // empty: not an assignment of a key
  std::string_view head;      // of an assignment: up to and with the `=`
  std::string_view value;     // of an assignment: without the newline
};

void skip_blanks(std::string_view text, size_t& at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
}

// Where the value that begins at `at` ends: at its line's end, or at that of the line with the closing quote.
size_t end_of_value(std::string_view text, size_t at) {
  size_t from = at;
  skip_blanks(text, from);
  if (from < text.size() && (text[from] == '"' || text[from] == '\'')) {
    const char quote = text[from];
    for (size_t i = from + 1; i < text.size(); ++i) {
      if (text[i] == '\\' && quote == '"') {
        ++i;
      } else if (text[i] == quote) {
        from = i;
        break;
      }
    }
  }
  return std::min(text.find('\n', from), text.size());
}

Piece next_piece(std::string_view text) {
  size_t at = 0;
  skip_blanks(text, at);
  constexpr std::string_view kExport = "export";
  if (text.substr(at).starts_with(kExport)) {
    at += kExport.size();
    skip_blanks(text, at);
  }
  for (const auto variable : kVariables) {
    if (!text.substr(at).starts_with(variable)) continue;
    size_t equals = at + variable.size();
    skip_blanks(text, equals);
    if (equals == text.size() || text[equals] != '=') continue;
    const size_t end = end_of_value(text, equals + 1);
    return {text.substr(0, std::min(end + 1, text.size())), variable, text.substr(0, equals + 1),
            text.substr(equals + 1, end - equals - 1)};
  }
  const size_t end = text.find('\n');
  return {text.substr(0, end == std::string_view::npos ? end : end + 1), {}, {}, {}};
}

template <typename Visit>
void for_each_piece(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const Piece piece = next_piece(text);
    visit(piece);
    text.remove_prefix(piece.text.size());
  }
}

std::string_view newline_of(const Piece& piece) { return piece.text.ends_with('\n') ? "\n" : ""; }

}  // namespace

bool is_env_file(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name == ".env" || name.starts_with(".env.") || name.ends_with(".env");
}

StrippedEnv strip_key_values(std::string_view text) {
  StrippedEnv stripped;
  for_each_piece(text, [&](const Piece& piece) {
    if (piece.variable.empty()) {
      stripped.text += piece.text;
      return;
    }
    stripped.text += piece.head;
    stripped.text += newline_of(piece);
    if (!piece.value.empty()) stripped.removed.emplace_back(piece.variable);
  });
  return stripped;
}

std::string without_key_lines(std::string_view text) {
  std::string kept;
  for_each_piece(text, [&](const Piece& piece) {
    if (piece.variable.empty()) kept += piece.text;
  });
  return kept;
}

std::string keep_key_lines(std::string_view restored, std::string_view present) {
  std::map<std::string_view, Piece> keys;
  for_each_piece(present, [&](const Piece& piece) {
    if (!piece.variable.empty()) keys[piece.variable] = piece;  // the last one counts, as for a shell
  });
  std::string text;
  const auto append = [&](const Piece& key) {
    text += key.text;
    if (!key.text.ends_with('\n')) text += '\n';
  };
  std::map<std::string_view, Piece> left = keys;
  for_each_piece(restored, [&](const Piece& piece) {
    if (const auto key = keys.find(piece.variable); key != keys.end()) {
      if (left.erase(piece.variable) > 0) append(key->second);
    } else {
      text += piece.text;
    }
  });
  if (!left.empty() && !text.empty() && !text.ends_with('\n')) text += '\n';
  for (const auto& [variable, key] : left) append(key);
  return text;
}

}  // namespace summit::files
