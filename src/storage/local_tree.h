// A directory tree that cannot be left: every path is walked part by part and no symbolic link is followed.
// Internal to LocalStore.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <string>
#include <string_view>

#include "core/files.h"
#include "core/result.h"
#include "storage/object_store.h"

namespace summit::storage {

// How often a directory may be removed under our hands, by somebody who found it empty, before we give up.
inline constexpr int kDirectoryAttempts = 100;

// A directory of the tree and a name in it.
struct LocalEntry {
  UniqueFd directory;
  std::string name;
};

// Thread-safe after open().
class LocalTree {
 public:
  // The directory itself may be reached through links. kRepositoryMissing when it is not there.
  static Result<LocalTree> open(const fs::path& root);

  const fs::path& root() const { return root_; }
  int fd() const { return fd_.get(); }

  // Where `key` is or would be. kNotFound when its directory is not there.
  Result<LocalEntry> find(std::string_view key) const;
  // The same; creates what lacks of its directory, durably.
  Result<LocalEntry> find_or_create(std::string_view key) const;

  // Makes the names in `directory`, that of `key`, durable.
  Result<void> sync(const UniqueFd& directory, std::string_view key) const;

  // Removes the directories above `key` that are empty, up to the root.
  void remove_empty_parents(std::string_view key) const;

  // As ObjectStore::list().
  Result<void> list(std::string_view prefix, std::string_view after,
                    const std::function<Result<bool>(const ObjectInfo&)>& visit,
                    const Cancellation& cancellation) const;

  // An error from `errno` that names the file of `key` and how to mend it.
  Error error(int number, std::string_view verb, std::string_view key) const;
  // The same hint for an error from elsewhere that says that there is no space.
  Error with_space_hint(Error error) const;

 private:
  LocalTree(fs::path root, UniqueFd fd) : root_(std::move(root)), fd_(std::move(fd)) {}
  Result<UniqueFd> open_directory(std::string_view path, bool create) const;
  Error not_a_directory(const UniqueFd& above, const std::string& name, std::string_view path, int number,
                        bool create) const;

  fs::path root_;
  UniqueFd fd_;
};

// What a listing says of a file.
ObjectInfo info_of(std::string key, const struct stat& status);

}  // namespace summit::storage
