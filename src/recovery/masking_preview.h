// A few values of each ruled place, before and after masking, for whoever writes the rules.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "masking/replaced.h"
#include "masking/session.h"
#include "stores/postgres/load.h"

namespace summit::recovery {

// One value; nothing is NULL, or a value that goes. Whoever shows `before` shows production's data.
struct PreviewedValue {
  std::string table;   // "public.users"; of other stores the place: "User.email", "user:*:email"
  size_t row = 0;      // from 1, in the order of the archive
  std::string column;  // empty where the place says it
  std::optional<std::string> before{};
  std::optional<std::string> after{};
};

// The first `rows` of every table that rules concern. Reads the archive once.
Result<std::vector<PreviewedValue>> preview_masking(const postgres::ArchiveSource& source,
                                                    const masking::Session& session, size_t rows,
                                                    Reporter& reporter, const Cancellation& cancellation);

// Remembers the first `count` values that are replaced in each place. One thread at a time.
class ReplacedPreview final : public masking::ReplacedValues {
 public:
  explicit ReplacedPreview(size_t count) : count_(count) {}
  void add(std::string_view original, std::string_view replacement, std::string_view place) override;
  // By place.
  std::vector<PreviewedValue> take();

 private:
  size_t count_;
  std::map<std::string, std::vector<PreviewedValue>, std::less<>> places_;
};

}  // namespace summit::recovery
