#include "stores/postgres/archive_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "core/file_range.h"
#include "core/text.h"

namespace summit::postgres {

namespace {

constexpr size_t kRead = 256 * KiB;
constexpr uint64_t kToTheEnd = UINT64_MAX;

// Takes "123" from the beginning of `text`, and `after` behind it, which may be missing at the end.
template <typename Number>
std::optional<Number> take_number(std::string_view& text, char after) {
  const size_t end = std::min(text.find(after), text.size());
  const auto number = parse_number<Number>(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return number;
}

bool overlap(const TableExtents& extents) {
  std::map<uint64_t, uint64_t> by_offset;
  for (const auto& [entry, extent] : extents) {
    if (!by_offset.emplace(extent.offset, extent.bytes).second) return true;
  }
  uint64_t end = 0;
  for (const auto& [offset, bytes] : by_offset) {
    if (offset < end || bytes > UINT64_MAX - offset) return true;
    end = offset + bytes;
  }
  return false;
}

}  // namespace

std::string to_text(const TableExtents& extents) {
  std::string text;
  for (const auto& [entry, extent] : extents)
    text += fmt::format("{}{}:{}+{}", text.empty() ? "" : " ", entry, extent.offset, extent.bytes);
  return text;
}

TableExtents extents_from(std::string_view text) {
  TableExtents extents;
  while (!text.empty()) {
    const auto entry = take_number<int64_t>(text, ':');
    const auto offset = take_number<uint64_t>(text, '+');
    const auto bytes = take_number<uint64_t>(text, ' ');
    if (!entry || !offset || !bytes || !extents.emplace(*entry, Extent{*offset, *bytes}).second) return {};
  }
  return overlap(extents) ? TableExtents() : extents;
}

ArchiveSource archive_file(fs::path path, TableExtents tables) {
  const auto part = [path](const Extent& extent, const ArchiveSource::Consume& consume) -> Result<void> {
    ASSIGN_OR_RETURN(const auto file, open_for_reading(path));
    ASSIGN_OR_RETURN(const uint64_t missing,
                     read_file_range(file.get(), path, extent.offset, extent.bytes, kRead, consume));
    if (missing != 0 && extent.bytes != kToTheEnd)
      return Error(Code::kCorrupt, "{} is too short", path.string());
    return {};
  };
  const auto whole = [part](const ArchiveSource::Consume& consume) { return part({0, kToTheEnd}, consume); };
  if (tables.empty()) return whole;
  std::error_code ignored;
  const uint64_t bytes = fs::file_size(path, ignored);
  return {whole, bytes, std::move(tables), part};
}

std::vector<int64_t> largest_first(const TableExtents& tables) {
  std::vector<int64_t> order;
  for (const auto& [entry, extent] : tables) order.push_back(entry);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return tables.at(a).bytes > tables.at(b).bytes; });
  return order;
}

std::vector<int64_t> one_connection_each(const TableExtents& tables, size_t jobs,
                                         const std::map<int64_t, double>& builds) {
  auto order = largest_first(tables);
  uint64_t together = 0;
  for (const auto& [entry, extent] : tables) together += extent.bytes;
  // Builds of indexes fill what the last table leaves idle, hence the quarter.
  const auto too_large = [&](int64_t entry) {
    return static_cast<double>(tables.at(entry).bytes) * static_cast<double>(std::max<size_t>(jobs, 1)) >
           1.25 * static_cast<double>(together);
  };
  while (!order.empty() && too_large(order.front())) {
    together -= tables.at(order.front()).bytes;
    order.erase(order.begin());
  }
  // To build a B-tree takes about a quarter of the time that its table does to load.
  constexpr double kOfBTree = 0.25;
  const auto way_to_go = [&](int64_t entry) {
    const auto found = builds.find(entry);
    const double factor = found == builds.end() ? 0 : found->second;
    return static_cast<double>(tables.at(entry).bytes) * (1 + kOfBTree * factor);
  };
  std::ranges::stable_sort(order, std::greater(), way_to_go);
  return order;
}

ArchiveSource source_without(const ArchiveSource& source, const std::set<int64_t>& left_out) {
  std::map<uint64_t, uint64_t> gaps;
  for (const int64_t entry : left_out)
    gaps[source.tables().at(entry).offset] = source.tables().at(entry).bytes;
  return [&source, gaps](const ArchiveSource::Consume& consume) -> Result<void> {
    uint64_t from = 0;
    for (const auto& [offset, bytes] : gaps) {
      if (offset > from) RETURN_IF_ERROR(source.read({from, offset - from}, consume));
      from = offset + bytes;
    }
    if (from > source.bytes())
      return Error(Code::kCorrupt, "the archive is shorter than the recorded places of its tables say");
    return from == source.bytes() ? Result<void>() : source.read({from, source.bytes() - from}, consume);
  };
}

}  // namespace summit::postgres
