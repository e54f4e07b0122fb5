// One file on its way to becoming an object of a LocalStore. Internal to it.
#pragma once

#include "core/direct_writer.h"
#include "storage/local_tree.h"

namespace summit::storage {

// Where unfinished files lie. No key can have this part.
inline constexpr std::string_view kUploadsDirectory = ".uploads~";

class LocalUpload final : public ObjectUpload {
 public:
  static Result<std::unique_ptr<LocalUpload>> begin(std::shared_ptr<const LocalTree> tree,
                                                    std::string_view key, Condition condition,
                                                    const Cancellation& cancellation);
  ~LocalUpload() override;

  Result<void> write(ByteView bytes) override;
  Result<void> finish() override;

 private:
  LocalUpload(std::shared_ptr<const LocalTree> tree, std::string_view key, Condition condition,
              const Cancellation& cancellation);
  Result<void> create_file();
  Result<void> publish(int file);
  // ENOENT when the directory has vanished meanwhile, 0 when the object has its name.
  int give_name(int file, const LocalEntry& target);

  std::shared_ptr<const LocalTree> tree_;
  std::string key_;
  Condition condition_;
  Cancellation cancellation_;
  LocalEntry pending_;   // its directory and its name there; no name once nothing is left to remove
  DirectWriter writer_;  // its file holds the lock that tells a living writer from a dead one
};

// Removes unfinished files that are older than `age` and whose writers are dead; gives their number.
Result<size_t> remove_dead_uploads(const LocalTree& tree, std::chrono::seconds age,
                                   const Cancellation& cancellation);

}  // namespace summit::storage
