#include "config/redactor.h"

#include <algorithm>

#include "config/url.h"

namespace summit::config {
namespace {

constexpr size_t kShortest = 6;

void add(std::vector<std::string>& secrets, const Variables& variables) {
  for (auto& secret : variables.secret_values()) {
    if (secret.size() >= kShortest) secrets.push_back(std::move(secret));
  }
}

}  // namespace

Redactor::Redactor(const Configuration& configuration) {
  add(secrets_, configuration.variables);
  for (const auto& entry : configuration.environment_variables) add(secrets_, entry.second);
  std::sort(secrets_.begin(), secrets_.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string Redactor::redacted(std::string text) const {
  for (const auto& secret : secrets_) {
    for (size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + kHidden.size())) {
      text.replace(at, secret.size(), kHidden);
    }
  }
  return without_url_passwords(text);
}

}  // namespace summit::config
