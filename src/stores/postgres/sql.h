// SQL text: the one place where identifiers and literals are quoted, and where statements are taken apart.
//
// Values travel as parameters wherever the server takes them; what remains (names, utility commands,
// settings) goes through these functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace summit::postgres {

// In bytes. The server cuts longer ones silently.
inline constexpr size_t kLongestName = 63;

// "users", "Mixed \"x\"": always quoted, so that keywords and capitals are safe.
std::string quote_identifier(std::string_view name);
std::string quote_qualified(std::string_view schema, std::string_view name);

// 'it''s', E'back\\slash': valid whatever standard_conforming_strings says.
std::string quote_literal(std::string_view value);

// For people and fingerprints: public.users, public."Mixed Name". Parts are quoted only when they need it,
// without regard to keywords, so the same name is written the same way by every server version.
std::string display_name(std::string_view schema, std::string_view name);

// One value of a libpq connection string: 'it\'s'.
std::string quote_connection_value(std::string_view value);

// Splits at semicolons outside quotes, dollar quotes and comments. Statements come without their semicolon,
// trimmed; psql's backslash commands and empty statements are left out.
std::vector<std::string> split_statements(std::string_view sql);

// The words of one statement: identifiers unquoted, literals and punctuation as written. For reading what
// pg_dump wrote, not for SQL in general.
struct Word {
  enum class Kind { kBare, kQuoted, kLiteral, kSymbol };
  Kind kind = Kind::kBare;
  std::string text;   // a quoted identifier without its quotes; anything else as written
  size_t offset = 0;  // in the statement
  size_t length = 0;

  bool is(std::string_view keyword) const { return kind == Kind::kBare && text == keyword; }
  bool is_name() const { return kind == Kind::kBare || kind == Kind::kQuoted; }
};
std::vector<Word> words_of(std::string_view statement);

// The statements of `sql`, as pg_dump writes them for a database, with every `DATABASE from` made `DATABASE
// to`.
std::vector<std::string> rename_database_in(std::string_view sql, std::string_view from, std::string_view to);

// Expressions as catalogs deparse them, without casts and parentheses and with single spaces: a dump and
// restore changes those (varchar IN-lists), and nothing else. Never fed back to a server.
std::string normalized_definition(std::string_view definition);

}  // namespace summit::postgres
