// From the words of a user to a store.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "storage/object_store.h"
#include "storage/s3_settings.h"
#include "storage/variable_lookup.h"

namespace summit::storage {

struct S3Location {
  std::string bucket;
  std::string prefix;  // without slashes at its ends
};

// "s3://bucket" or "s3://bucket/some/prefix/"; nothing for anything else.
std::optional<S3Location> parse_s3_location(std::string_view location);

struct OpenOptions {
  VariableLookup variables = process_environment();  // credentials, and settings when none are given
  std::optional<S3Settings> s3{};
  bool create_directory = false;  // a local one that is not there; buckets are made by S3Bucket
};

// A directory's path, or "s3://bucket/prefix". kRepositoryMissing when there is no such directory or bucket.
Result<std::unique_ptr<ObjectStore>> open_store(std::string_view location, const OpenOptions& options = {},
                                                const Cancellation& cancellation = {});

}  // namespace summit::storage
