// Keeps secrets out of what is shown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/configuration.h"

namespace summit::config {

// Knows the values of all variables that sound secret (PASSWORD, SECRET, TOKEN, KEY, …) and the passwords of
// URLs.
class Redactor {
 public:
  static constexpr std::string_view kHidden = "***";

  explicit Redactor(const Configuration& configuration);

  // `text` with those values, and the password of any URL, replaced by "***". Values under six characters
  // stay: they would blot out harmless text.
  std::string redacted(std::string text) const;

 private:
  std::vector<std::string>
      secrets_;  // the longest first, so that no rest of one that holds another stays behind
};

}  // namespace summit::config
