// The object `repository/format`: who a repository is. Written once, never changed
// (docs/formats/repository.md, "Objects").
#pragma once

#include <string>
#include <string_view>

#include "core/cancellation.h"
#include "core/digest.h"
#include "core/result.h"
#include "core/time.h"
#include "repository/packed/repository_id.h"
#include "storage/object_store.h"

namespace summit::repository::packed {

inline constexpr std::string_view kFormatKey = "repository/format";

struct Format {
  RepositoryId id;
  Instant created{};
  bool conditional_put = true;  // false: the storage ignores conditions, so there may be one writer only
};

std::string to_json(const Format& format);
// kCorrupt when it is none, kUnsupported when a newer version of this program wrote it.
Result<Format> parse_format(std::string_view json);

struct StoredFormat {
  Format format;
  Sha256Digest digest{};  // of the object's bytes: what the first log record holds
};

// kRepositoryMissing when there is none.
Result<StoredFormat> read_format(storage::ObjectStore& store, const Cancellation& cancellation = {});
// Whether there is nothing of a repository but its format: its maker died.
Result<bool> has_format_alone(storage::ObjectStore& store, const Cancellation& cancellation = {});

// Takes the place where a repository is to be. Whoever died right after that left this object and nothing
// else: then that format is taken over, and given instead of `format`. kAlreadyExists when there is a
// repository with more than that.
Result<StoredFormat> create_format(storage::ObjectStore& store, const Format& format,
                                   const Cancellation& cancellation = {});

}  // namespace summit::repository::packed
