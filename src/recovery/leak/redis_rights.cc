#include "recovery/leak/redis_rights.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace summit::recovery {
namespace {

// At spaces; a selector "(~a* +get)" is one word.
std::vector<std::string> words_in(const std::string& text) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const bool selector = text[at] == '(';
    const size_t last = selector ? text.find(')', at) : text.find(' ', at);
    const size_t end = std::min(selector && last != std::string::npos ? last + 1 : last, text.size());
    if (end > at) words.push_back(text.substr(at, end - at));
    at = end + (selector ? 0 : 1);
    if (selector && at < text.size()) ++at;
  }
  return words;
}

// Of "user default on nopass ~* &* +@all" what says which keys, channels and commands.
std::string rights_in(const std::vector<std::string>& words) {
  std::string rights;
  for (size_t i = 2; i < words.size(); ++i) {
    if (std::string_view("~%&+-(").find(words[i].front()) != std::string_view::npos)
      rights += (rights.empty() ? "" : " ") + words[i];
  }
  return rights;
}

// Older servers know no selectors, and none can be left there.
Result<void> clear_selectors(redis::Connection& connection, const std::string& user) {
  ASSIGN_OR_RETURN([[maybe_unused]] const auto reply,
                   connection.ask({"ACL", "SETUSER", user, "clearselectors"}));
  return {};
}

Result<void> set_rights(redis::Connection& connection, const std::string& user,
                        const std::vector<std::string>& rights) {
  RETURN_IF_ERROR(clear_selectors(connection, user));
  std::vector<std::string_view> words = {"ACL", "SETUSER", user, "resetkeys", "resetchannels"};
  words.insert(words.end(), rights.begin(), rights.end());
  ASSIGN_OR_RETURN([[maybe_unused]] const auto done, connection.call(words));
  return {};
}

}  // namespace

Result<std::map<std::string, std::string>> read_rights(redis::Connection& connection) {
  ASSIGN_OR_RETURN(const auto list, connection.call({"ACL", "LIST"}));
  std::map<std::string, std::string> users;
  for (const auto& line : list.elements) {
    const auto words = words_in(line.text);
    if (words.size() >= 2) users[words[1]] = rights_in(words);
  }
  return users;
}

Result<bool> is_passwordless(redis::Connection& connection, const std::string& user) {
  ASSIGN_OR_RETURN(const auto list, connection.call({"ACL", "LIST"}));
  return std::ranges::any_of(list.elements, [&](const redis::Reply& line) {
    const auto words = words_in(line.text);
    return words.size() >= 2 && words[1] == user && std::ranges::find(words, "nopass") != words.end();
  });
}

Result<void> take_rights(redis::Connection& connection, const std::string& user, Remains remains) {
  std::vector<std::string> rights = {"-@all", "+auth", "+hello", "+ping"};
  if (remains == Remains::kAcl) rights.emplace_back("+acl");
  RETURN_IF_ERROR(set_rights(connection, user, rights));
  ASSIGN_OR_RETURN([[maybe_unused]] const auto ended, connection.call({"CLIENT", "KILL", "USER", user}));
  return {};
}

Result<void> give_rights(redis::Connection& connection, const std::string& user, const std::string& rights) {
  return set_rights(connection, user, words_in(rights));
}

Result<bool> save_rights(redis::Connection& connection) {
  ASSIGN_OR_RETURN(const auto saved, connection.ask({"ACL", "SAVE"}));
  if (!saved.is_error()) return true;
  if (saved.text.find("not configured to use an ACL file") != std::string::npos) return false;
  return redis::error_of(saved.text, "cannot write the ACL file of the server");
}

}  // namespace summit::recovery
