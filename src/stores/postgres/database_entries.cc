#include "stores/postgres/database_entries.h"

#include "stores/postgres/sql.h"

namespace summit::postgres {

namespace {

std::string comment_in(const std::string& definition) {
  const auto words = words_of(definition);
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (!words[i].is("IS")) continue;
    // 'it''s' and E'…' as pg_dump writes them: literals are passed on as they are, so only the quotes are
    // undone here.
    std::string text;
    const bool escapes = words[i + 1].is("E");
    const Word& literal = escapes && i + 2 < words.size() ? words[i + 2] : words[i + 1];
    for (size_t j = 1; j + 1 < literal.text.size(); ++j) {
      const char c = literal.text[j];
      if ((c == '\'' || (escapes && c == '\\')) && j + 2 < literal.text.size()) ++j;
      text += literal.text[j];
    }
    return text;
  }
  return {};
}

Result<void> execute_renamed(const std::vector<std::string>& definitions, const std::string& from,
                             const std::string& to, Connection& maintenance) {
  for (const auto& definition : definitions) {
    for (const auto& statement : rename_database_in(definition, from, to)) {
      RETURN_IF_ERROR(maintenance.execute(statement), "while carrying over settings and grants of {}", from);
    }
  }
  return {};
}

}  // namespace

DatabaseEntries database_entries(const pgarchive::Contents& contents) {
  DatabaseEntries found;
  for (const auto& entry : contents.entries) {
    const bool about_database = entry.tag && entry.tag->starts_with("DATABASE ");
    const std::string definition = entry.definition.value_or("");
    if (entry.is("DATABASE")) {
      found.create.push_back(definition);
      found.owner = entry.owner.value_or("");
    } else if (entry.is("DATABASE PROPERTIES") || (entry.is("SECURITY LABEL") && about_database)) {
      found.properties.push_back(definition);
    } else if (entry.is("ACL") && about_database) {
      found.grants.push_back(definition);
    } else if (entry.is("COMMENT") && about_database) {
      found.comment = comment_in(definition);
    }
  }
  return found;
}

Result<void> carry_over_settings(const DatabaseEntries& entries, const std::string& from,
                                 const std::string& to, Connection& maintenance) {
  return execute_renamed(entries.properties, from, to, maintenance);
}

Result<void> carry_over_grants(const DatabaseEntries& entries, const std::string& from, const std::string& to,
                               Connection& maintenance) {
  return execute_renamed(entries.grants, from, to, maintenance);
}

}  // namespace summit::postgres
