#include "config/url.h"

#include "core/bytes.h"
#include "core/text.h"

namespace summit::config {
namespace {

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    std::string byte;
    if (text[i] == '%' && i + 2 < text.size() && from_hex(text.substr(i + 1, 2), byte)) {
      decoded += byte;
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

bool is_scheme(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    const char lower = to_lower(c);
    if (!(lower >= 'a' && lower <= 'z') && !is_digit(c) && c != '+' && c != '-' && c != '.') return false;
  }
  return !is_digit(text.front());
}

void split_host(std::string_view text, Url& url) {
  size_t colon = text.rfind(':');
  if (text.starts_with('[')) {
    const size_t bracket = text.find(']');
    url.host = percent_decoded(text.substr(1, bracket == std::string_view::npos ? bracket : bracket - 1));
    if (bracket != std::string_view::npos && text.substr(bracket + 1).starts_with(':'))
      url.port = text.substr(bracket + 2);
    return;
  }
  url.host = percent_decoded(text.substr(0, colon));
  if (colon != std::string_view::npos) url.port = text.substr(colon + 1);
}

}  // namespace

std::optional<std::string> Url::part(std::string_view name) const {
  if (name == "scheme") return scheme;
  if (name == "user") return user;
  if (name == "password") return password;
  if (name == "host") return host;
  if (name == "port") return port;
  if (name == "database") return database;
  return std::nullopt;
}

std::optional<Url> parse_url(std::string_view text) {
  text = trimmed(text);
  const size_t separator = text.find("://");
  if (separator == std::string_view::npos || !is_scheme(text.substr(0, separator))) return std::nullopt;
  Url url;
  url.scheme = text.substr(0, separator);
  text.remove_prefix(separator + 3);

  const size_t end = text.find_first_of("/?#");
  std::string_view authority = text.substr(0, end);
  if (end != std::string_view::npos && text[end] == '/') {
    const auto path = text.substr(end + 1);
    url.database = percent_decoded(path.substr(0, path.find_first_of("?#")));
  }
  // The last `@` separates: an unencoded one belongs to the password.
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    const auto login = authority.substr(0, at);
    const size_t colon = login.find(':');
    url.user = percent_decoded(login.substr(0, colon));
    if (colon != std::string_view::npos) url.password = percent_decoded(login.substr(colon + 1));
    authority.remove_prefix(at + 1);
  }
  split_host(authority, url);
  return url;
}

std::string without_url_passwords(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const size_t separator = text.find("://");
    if (separator == std::string_view::npos) return result.append(text);
    result.append(text.substr(0, separator + 3));
    text.remove_prefix(separator + 3);
    const auto authority = text.substr(0, text.find_first_of("/?# \t\n\"'"));
    const size_t at = authority.rfind('@');
    const size_t colon = authority.find(':');
    if (at == std::string_view::npos || colon == std::string_view::npos || colon > at) continue;
    result.append(authority.substr(0, colon)).append(":***");
    text.remove_prefix(at);
  }
  return result;
}

}  // namespace summit::config
