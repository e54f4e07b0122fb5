#include "stores/neo4j/checkpoint.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "stores/neo4j/transaction_log.h"

namespace summit::neo4j {
namespace {

constexpr uint64_t kFileLimit = 256 * MiB;

// Of all 5.x: a header, then entries of one length.
constexpr size_t kHeaderSize = 128;
constexpr size_t kEntrySize = 232;
constexpr size_t kChecksumSize = 4;  // at an entry's end
constexpr char kEntryTypeV5_0 = 8;   // one position: where replay begins
constexpr char kEntryTypeV5_20 = 9;  // two: the oldest transaction then open, and where replay begins

uint64_t little_endian(std::string_view bytes, size_t offset) {
  uint64_t value = 0;
  for (size_t i = 8; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[offset + i]);
  return value;
}

// The lowest log number in one entry; nothing for an entry of another form.
std::optional<uint64_t> log_of_entry(std::string_view entry) {
  const char type = entry[1];
  if (type == kEntryTypeV5_0) return little_endian(entry, 2);
  if (type == kEntryTypeV5_20) return std::min(little_endian(entry, 2), little_endian(entry, 18));
  return {};
}

}  // namespace

Result<std::vector<CheckpointFile>> read_checkpoint_files(const fs::path& logs) {
  ASSIGN_OR_RETURN(const auto numbered, list_numbered(logs, "checkpoint."));
  std::vector<CheckpointFile> files;
  for (const auto& [number, path] : numbered) {
    auto content = read_file(path, kFileLimit);
    // Old ones are pruned by the server's next checkpoint; only the newest matters.
    if (!content.ok() && content.error().code() == Code::kNotFound) continue;
    if (!content.ok()) return std::move(content).error();
    CheckpointFile file{path.filename(), std::move(content).value(), 0};
    file.size = file.content.size();
    const size_t last = file.content.find_last_not_of('\0');
    file.content.resize(last == std::string::npos ? 0 : last + 1);
    files.push_back(std::move(file));
  }
  if (files.empty()) {
    return Error(Code::kNotFound, "{} holds no checkpoint file", logs.native())
        .hint(
            "the server keeps its transaction logs elsewhere: see server.directories.transaction.logs.root "
            "in its neo4j.conf");
  }
  return files;
}

Result<void> write_checkpoint_files(const std::vector<CheckpointFile>& files, const fs::path& logs) {
  for (const auto& file : files) {
    const fs::path path = logs / file.name;
    ASSIGN_OR_RETURN(auto fd, open_for_writing(path));
    RETURN_IF_ERROR(write_all(fd.get(), as_bytes(file.content), path));
    if (::ftruncate(fd.get(), static_cast<off_t>(file.size)) != 0) {
      return errno_error(errno, fmt::format("cannot extend {}", path.native()));
    }
  }
  return {};
}

std::optional<uint64_t> first_needed_log(const std::vector<CheckpointFile>& files) {
  std::vector<uint64_t> logs;
  bool newest_is_whole = false;
  for (const auto& file : files) {
    for (size_t offset = kHeaderSize; offset < file.content.size(); offset += kEntrySize) {
      // The zeros at the end of an entry were cut off with the file's.
      std::string entry = file.content.substr(offset, kEntrySize);
      entry.resize(kEntrySize, '\0');
      const auto log = log_of_entry(entry);
      if (!log) return {};
      logs.push_back(*log);
      newest_is_whole = entry.find_last_not_of('\0') >= kEntrySize - kChecksumSize;
    }
  }
  if (logs.empty()) return {};
  // A half written newest entry is ignored by recovery, which then begins at the one before. An entry is
  // appended in one write that ends with its checksum, so one that has it is whole. The log of an older entry
  // may be gone for good: a loaded dump brings only what its newest checkpoint needs.
  const size_t considered = std::min<size_t>(logs.size(), newest_is_whole ? 1 : 2);
  return *std::min_element(logs.end() - static_cast<ptrdiff_t>(considered), logs.end());
}

}  // namespace summit::neo4j
