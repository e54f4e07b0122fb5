// A tree of files, its archive in memory, and a way back.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <optional>
#include <string>

#include "core/files.h"
#include "stores/files/archive.h"
#include "stores/files/capture.h"
#include "stores/files/restore.h"

namespace summit::files {

class Tree {
 public:
  Tree() : directory_(*TemporaryDirectory::create(fs::temp_directory_path(), "summit-files-")) {}

  fs::path root() const { return directory_.path() / "root"; }
  fs::path target() const { return directory_.path() / "target"; }
  fs::path outside() const { return directory_.path() / "outside"; }

  void put(const std::string& path, std::string_view content, mode_t mode = 0644) {
    put_in(root(), path, content, mode);
  }
  static void put_in(const fs::path& root, const std::string& path, std::string_view content,
                     mode_t mode = 0644) {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path, std::ios::binary | std::ios::trunc) << content;
    ::chmod((root / path).c_str(), mode);
  }
  static std::string get(const fs::path& path) {
    auto text = read_file(path);
    return text.ok() ? *text : "<" + text.error().message() + ">";
  }

  CaptureOptions options(Part part = Part::kOpen) {
    CaptureOptions options;
    options.root = root();
    options.patterns = patterns;
    options.part = part;
    options.key = key ? &*key : nullptr;
    return options;
  }

  // The archive of one part; `report` as capture_tree() gave it.
  std::string capture(const CaptureOptions& options) {
    std::string bytes;
    auto writer = ArchiveWriter::create([&](ByteView block) -> Result<void> {
      bytes += as_text(block);
      return {};
    });
    EXPECT_TRUE(writer.ok());
    auto captured = capture_tree(options, writer->get());
    EXPECT_TRUE(captured.ok()) << captured.error().message();
    EXPECT_TRUE((*writer)->finish().ok());
    report = *captured;
    return bytes;
  }
  std::string capture(Part part = Part::kOpen) { return capture(options(part)); }

  Result<RestoreReport> restore(const std::string& archive, Part part = Part::kOpen) {
    RestoreOptions restore;
    restore.root = target();
    restore.recorded = restore.present = patterns;
    restore.part = part;
    restore.key = key ? &*key : nullptr;
    return restore_with(archive, std::move(restore));
  }
  static Result<RestoreReport> restore_with(const std::string& archive, RestoreOptions options) {
    bool given = false;
    ASSIGN_OR_RETURN(auto reader, ArchiveReader::open([&]() -> Result<ByteView> {
                       return std::exchange(given, true) ? ByteView() : as_bytes(archive);
                     }));
    ASSIGN_OR_RETURN(auto tree, TreeRestore::begin(std::move(options)));
    while (true) {
      ASSIGN_OR_RETURN(const auto entry, reader->next());
      if (!entry) break;
      RETURN_IF_ERROR(tree->unpack(entry->path, *entry, *reader));
    }
    return tree->finish();
  }

  // The fingerprint of the target as a backup would see it.
  std::string fingerprint_of_target(Part part = Part::kOpen) {
    auto options = this->options(part);
    options.root = target();
    auto read = capture_tree(options, nullptr);
    EXPECT_TRUE(read.ok()) << read.error().message();
    return read->fingerprint.hex();
  }

  static std::vector<std::string> paths_in(const std::string& archive) {
    bool given = false;
    auto reader = ArchiveReader::open(
        [&]() -> Result<ByteView> { return std::exchange(given, true) ? ByteView() : as_bytes(archive); });
    std::vector<std::string> paths;
    while (true) {
      auto entry = (*reader)->next();
      EXPECT_TRUE(entry.ok());
      if (!entry.ok() || !*entry) return paths;
      paths.push_back((*entry)->path);
    }
  }

  TreePatterns patterns;
  std::optional<Secret> key;
  CaptureReport report;

 private:
  TemporaryDirectory directory_;
};

}  // namespace summit::files
