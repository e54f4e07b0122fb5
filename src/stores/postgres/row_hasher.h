// Fingerprints rows while they stream by. Format: docs/formats/fingerprint.md, "PostgreSQL rows".
#pragma once

#include <string>
#include <vector>

#include "core/digest.h"
#include "core/fingerprint.h"
#include "stores/postgres/catalog.h"

namespace summit::postgres {

// Columns whose values a row of COPY holds: a generated one is computed again wherever it is loaded.
std::vector<Column> stored_columns(const std::vector<Column>& columns);

// For each of `wanted` its place in `given`, by name; empty when they stand in the same order. Those that are
// missing make it shorter than `wanted`.
std::vector<size_t> places_of(const std::vector<Column>& wanted, const std::vector<Column>& given);

// Takes the rows of one relation in COPY's text format, in blocks that need not end with a row. A row is held
// whole only where its columns stand in another order than the fingerprint's. One thread at a time.
class RowHasher {
 public:
  // `columns` are the fingerprint's; `places` as places_of() gives them.
  explicit RowHasher(const std::vector<Column>& columns, std::vector<size_t> places = {});

  void add(ByteView block);
  // Of all whole rows so far.
  const SetHash& hash() const { return hash_; }

 private:
  void add_part(ByteView bytes, bool ends_row);
  void add_reordered(std::string_view row);

  Sha256Digest signature_;
  std::vector<size_t> places_;
  Sha256 digest_;
  SetHash hash_;
  bool within_row_ = false;
  std::string row_;  // the beginning of one that is to be reordered
  std::vector<std::string_view> fields_;
};

}  // namespace summit::postgres
