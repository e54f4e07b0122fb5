// Creates the entries of an archive below an open directory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/files.h"
#include "core/result.h"
#include "stores/files/archive.h"

namespace summit::files {

// What `errno` says of it: "cannot {what} {path}: …".
Error cannot(std::string_view what, const std::string& path);

// Links are never followed: every part of a path but the last is opened as a real directory. Directories get
// their final modes later (finish_directory), since a read-only one could not be filled. One thread at a
// time.
class Unpacker {
 public:
  // `directory` is open and empty, and outlives this.
  explicit Unpacker(int directory) : root_(directory) {}

  struct Content {
    const std::string* replacement = nullptr;  // instead of what the archive holds
  };
  Result<void> unpack(const std::string& path, const ArchiveEntry& entry, ArchiveReader& reader,
                      const Content& content);

  // What could not be set and how often: owners (an ordinary user may not), extended attributes.
  std::vector<std::string> notes() const;

 private:
  Result<int> parent_of(const std::string& path);
  Result<void> unpack_file(int parent, const std::string& name, const std::string& path,
                           const ArchiveEntry& entry, ArchiveReader& reader, const Content& content);
  Result<void> unpack_hard_link(int parent, const std::string& name, const std::string& path,
                                const ArchiveEntry& entry);

  int root_;
  UniqueFd parent_;  // the last directory used, open: entries come in the order of their directories
  std::string parent_path_;
  uint64_t owners_kept_ = 0;
  uint64_t attributes_lost_ = 0;
  std::string first_lost_;
};

// The numeric owner of an entry on this machine: by name where this machine knows the name, else by number.
struct Owner {
  uid_t user;
  gid_t group;
};
Owner owner_of(const ArchiveEntry& entry);

// Owner, mode and times of a directory that has its final content. False when only the owner could not be
// set.
Result<bool> finish_directory(int directory, const ArchiveEntry& entry);

}  // namespace summit::files
