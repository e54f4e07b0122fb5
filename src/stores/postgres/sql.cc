#include "stores/postgres/sql.h"

#include <algorithm>
#include <cctype>

namespace summit::postgres {

namespace {

bool is_word_start(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_word_part(char c) {
  return is_word_start(c) || std::isdigit(static_cast<unsigned char>(c)) || c == '$';
}
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

bool needs_no_quotes(std::string_view name) {
  if (name.empty() || !(name[0] == '_' || (name[0] >= 'a' && name[0] <= 'z'))) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
  });
}

std::string display_part(std::string_view name) {
  return needs_no_quotes(name) ? std::string(name) : quote_identifier(name);
}

// The end of the quoted text that begins at `start`; a doubled quote is part of it, and a backslash escapes
// when asked.
size_t end_of_quoted(std::string_view text, size_t start, bool backslash_escapes) {
  const char quote = text[start];
  for (size_t i = start + 1; i < text.size(); ++i) {
    if (backslash_escapes && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (i + 1 >= text.size() || text[i + 1] != quote) return i + 1;
      ++i;
    }
  }
  return text.size();
}

// The end of "$tag$…$tag$" at `start`, or `start` when none begins there.
size_t end_of_dollar_quoted(std::string_view text, size_t start) {
  size_t tag_end = start + 1;
  while (tag_end < text.size() && text[tag_end] != '$' && is_word_part(text[tag_end])) ++tag_end;
  if (tag_end >= text.size() || text[tag_end] != '$') return start;
  if (tag_end > start + 1 && !is_word_start(text[start + 1])) return start;
  const std::string_view tag = text.substr(start, tag_end + 1 - start);
  const size_t close = text.find(tag, tag_end + 1);
  return close == std::string_view::npos ? text.size() : close + tag.size();
}

// The end of a comment at `start`, or `start` when none begins there. Block comments nest, as in the server.
size_t end_of_comment(std::string_view text, size_t start) {
  if (text.substr(start, 2) == "--") return std::min(text.find('\n', start), text.size());
  if (text.substr(start, 2) != "/*") return start;
  int depth = 0;
  for (size_t i = start; i + 1 < text.size(); ++i) {
    if (text[i] == '/' && text[i + 1] == '*') {
      ++depth;
      ++i;
    } else if (text[i] == '*' && text[i + 1] == '/') {
      ++i;
      if (--depth == 0) return i + 1;
    }
  }
  return text.size();
}

// The end of the quoted text, dollar quote or comment at `position`, or `position` when it is ordinary text.
size_t end_of_opaque(std::string_view text, size_t position) {
  const char c = text[position];
  if (c == '\'') {
    const bool escapes = position > 0 && (text[position - 1] == 'E' || text[position - 1] == 'e') &&
                         (position < 2 || !is_word_part(text[position - 2]));
    return end_of_quoted(text, position, escapes);
  }
  if (c == '"') return end_of_quoted(text, position, false);
  if (c == '$' && (position == 0 || !is_word_part(text[position - 1])))
    return end_of_dollar_quoted(text, position);
  return end_of_comment(text, position);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string unquoted(std::string_view quoted) {
  std::string name;
  for (size_t i = 1; i + 1 < quoted.size(); ++i) {
    name += quoted[i];
    if (quoted[i] == '"') ++i;
  }
  return name;
}

std::string doubled(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char c : text) {
    if (c == quote) result += quote;
    result += c;
  }
  result += quote;
  return result;
}

}  // namespace

std::string quote_identifier(std::string_view name) { return doubled(name, '"'); }

std::string quote_qualified(std::string_view schema, std::string_view name) {
  return quote_identifier(schema) + "." + quote_identifier(name);
}

std::string quote_literal(std::string_view value) {
  std::string quoted = doubled(value, '\'');
  if (value.find('\\') == std::string_view::npos) return quoted;
  std::string escaped = "E";
  for (const char c : quoted) {
    if (c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string display_name(std::string_view schema, std::string_view name) {
  return display_part(schema) + "." + display_part(name);
}

std::string quote_connection_value(std::string_view value) {
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::vector<std::string> split_statements(std::string_view sql) {
  std::vector<std::string> statements;
  std::string current;
  auto finish = [&] {
    if (const auto statement = trimmed(current); !statement.empty()) statements.emplace_back(statement);
    current.clear();
  };
  size_t position = 0;
  while (position < sql.size()) {
    const char c = sql[position];
    if (c == '\\' && trimmed(current).empty()) {
      position = std::min(sql.find('\n', position), sql.size());
    } else if (const size_t end = end_of_opaque(sql, position); end != position) {
      const bool comment = c == '-' || c == '/';
      if (!comment) current += sql.substr(position, end - position);
      position = end;
    } else {
      if (c == ';') {
        finish();
      } else {
        current += c;
      }
      ++position;
    }
  }
  finish();
  return statements;
}

std::vector<Word> words_of(std::string_view statement) {
  std::vector<Word> words;
  size_t position = 0;
  while (position < statement.size()) {
    const char c = statement[position];
    size_t end = position + 1;
    Word::Kind kind = Word::Kind::kSymbol;
    if (is_space(c)) {
      ++position;
      continue;
    }
    if (const size_t opaque = end_of_opaque(statement, position); opaque != position) {
      end = opaque;
      if (c == '-' || c == '/') {
        position = end;
        continue;
      }
      kind = c == '"' ? Word::Kind::kQuoted : Word::Kind::kLiteral;
    } else if (is_word_part(c)) {
      while (end < statement.size() && is_word_part(statement[end])) ++end;
      kind = Word::Kind::kBare;
    }
    const std::string_view text = statement.substr(position, end - position);
    words.push_back(
        {kind, kind == Word::Kind::kQuoted ? unquoted(text) : std::string(text), position, text.size()});
    position = end;
  }
  return words;
}

std::vector<std::string> rename_database_in(std::string_view sql, std::string_view from,
                                            std::string_view to) {
  std::vector<std::string> statements = split_statements(sql);
  for (auto& statement : statements) {
    const auto words = words_of(statement);
    for (size_t i = words.size(); i-- > 1;) {
      const Word& name = words[i];
      if (name.is_name() && name.text == from && words[i - 1].is("DATABASE")) {
        statement.replace(name.offset, name.length, quote_identifier(to));
      }
    }
  }
  return statements;
}

namespace {

// How many words after "::" name the type: "text", "character varying(20)[]", "timestamp(3) without time
// zone".
size_t words_of_type(const std::vector<Word>& words, size_t first) {
  size_t i = first;
  if (i >= words.size()) return 0;
  const Word& head = words[i++];
  while (i + 1 < words.size() && words[i].text == ".") i += 2;
  if (i < words.size()) {
    if (head.is("character") && words[i].is("varying")) ++i;
    if (head.is("bit") && words[i].is("varying")) ++i;
    if (head.is("double") && words[i].is("precision")) ++i;
  }
  auto skip_modifier = [&] {
    if (i < words.size() && words[i].text == "(") {
      while (i < words.size() && words[i].text != ")") ++i;
      if (i < words.size()) ++i;
    }
  };
  skip_modifier();
  if (i + 2 < words.size() && (words[i].is("without") || words[i].is("with")) && words[i + 1].is("time"))
    i += 3;
  while (i + 1 < words.size() && words[i].text == "[" && words[i + 1].text == "]") i += 2;
  return i - first;
}

}  // namespace

std::string normalized_definition(std::string_view definition) {
  const auto words = words_of(definition);
  std::string normal;
  for (size_t i = 0; i < words.size(); ++i) {
    const Word& word = words[i];
    if (word.kind == Word::Kind::kSymbol && (word.text == "(" || word.text == ")")) continue;
    if (word.text == ":" && i + 1 < words.size() && words[i + 1].text == ":") {
      i += 1 + words_of_type(words, i + 2);
      continue;
    }
    if (!normal.empty()) normal += ' ';
    normal += word.kind == Word::Kind::kQuoted ? quote_identifier(word.text) : word.text;
  }
  return normal;
}

}  // namespace summit::postgres
