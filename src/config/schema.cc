#include "config/configuration.h"
#include "config/schema_texts.h"
#include "config/suggestion.h"

namespace summit::config {

Result<std::string> schema_of(std::string_view file) {
  if (file == "backup-sets") return std::string(backup_sets_schema());
  if (file == "environments") return std::string(environments_schema());
  if (file == "smoke") return std::string(smoke_schema());
  if (file == "sanitization") return std::string(sanitization_schema());
  return Error(Code::kUsage, "there is no schema of `{}`", file)
      .hint(suggestion(file, {"backup-sets", "environments", "sanitization", "smoke"}));
}

}  // namespace summit::config
