#include "config/environment.h"

namespace summit::config {

std::string_view name_of(EnvironmentClass value) {
  switch (value) {
    case EnvironmentClass::kProduction:
      return "production";
    case EnvironmentClass::kStaging:
      return "staging";
    case EnvironmentClass::kDrRehearsal:
      return "dr_rehearsal";
    case EnvironmentClass::kDev:
      return "dev";
    case EnvironmentClass::kTest:
      return "test";
    case EnvironmentClass::kDrDrill:
      return "dr-drill";
  }
  return "production";
}

std::string_view name_of(Layout value) { return value == Layout::kPlain ? "plain" : "packed"; }

std::string_view name_of(Sanitization value) {
  switch (value) {
    case Sanitization::kNone:
      return "none";
    case Sanitization::kMinimal:
      return "minimal";
    case Sanitization::kFull:
      return "full";
  }
  return "full";
}

}  // namespace summit::config
