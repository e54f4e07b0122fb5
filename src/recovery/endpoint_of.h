// The server of the target that a component of a backup goes to.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace summit::recovery {

// "postgresql/analytics" is the endpoint `analytics`; a name without a slash is the only (or first) endpoint.
// Null when there is none.
template <typename Endpoint>
const Endpoint* endpoint_of(const std::vector<Endpoint>& endpoints, const std::string& component) {
  const auto slash = component.find('/');
  if (slash == std::string::npos) return endpoints.empty() ? nullptr : &endpoints.front();
  const auto found = std::ranges::find(endpoints, component.substr(slash + 1), &Endpoint::name);
  return found == endpoints.end() ? nullptr : &*found;
}

}  // namespace summit::recovery
