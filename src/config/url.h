// The parts of a connection URL: postgresql://user:password@host:5432/database?sslmode=require
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace summit::config {

// Parts are percent-decoded; an absent part is empty.
struct Url {
  std::string scheme;
  std::string user;
  std::string password;
  std::string host;  // an IPv6 address without its brackets
  std::string port;
  std::string database;  // the path without its first slash

  // By name: "scheme", "user", "password", "host", "port", "database"; nothing for any other.
  std::optional<std::string> part(std::string_view name) const;
};

// Nothing when the text has no "scheme://".
std::optional<Url> parse_url(std::string_view text);

// The text with the password of every "scheme://user:password@" in it replaced by "***".
std::string without_url_passwords(std::string_view text);

}  // namespace summit::config
