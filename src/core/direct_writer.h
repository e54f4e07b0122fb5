// Writes new files past the page cache.
//
// What a restore or a backup writes is not read again soon. Past the cache it pushes nobody's pages out, and
// spares the kernel a copy and a page for every 4 KiB: bench/repository.sh shows what that is worth. Linux,
// open(2), O_DIRECT. Where the file system cannot do it, files are written as usual.
#pragma once

#include <cstdlib>
#include <memory>

#include "core/bytes.h"
#include "core/files.h"
#include "core/result.h"

namespace summit {

enum class Zeros { kWrite, kLeaveOut };  // kLeaveOut: runs of zeros become holes

// One file after the other, each from its begin to its end. Memory: kBlock. One thread at a time.
class DirectWriter {
 public:
  static constexpr size_t kBlock = 1 * MiB;  // files up to this length go through the cache

  explicit DirectWriter(Zeros zeros = Zeros::kWrite);

  // Takes an empty file, open for writing; `path` is what errors call it. A file that was not finished is
  // closed as it is.
  void begin(UniqueFd file, fs::path path);
  Result<void> write(ByteView bytes);
  // Gives the file back, which has its length and all bytes now; durable after fsync.
  Result<UniqueFd> finish();

  bool writing() const { return file_.valid(); }
  uint64_t size() const { return offset_ + used_; }  // of the file so far

 private:
  struct Free {
    void operator()(std::byte* block) const { std::free(block); }
  };

  Result<void> set_direct(bool direct);
  // Writes the block, of which `length` bytes count.
  Result<void> flush(size_t length);
  Result<void> write_at(size_t begin, size_t end);

  Zeros zeros_;
  std::unique_ptr<std::byte, Free> block_;
  UniqueFd file_;
  fs::path path_;
  uint64_t offset_ = 0;  // of the block in the file
  size_t used_ = 0;
  bool direct_ = false;
};

}  // namespace summit
