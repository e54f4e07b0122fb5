#include "repository/packed/cache_table.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <mutex>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "core/files.h"
#include "repository/packed/chunk_id.h"
#include "repository/packed/wire.h"

// The file: a header, then slots, ordered by key except for collisions, which move an entry to one of the
// next slots. Doubling the table is therefore one sequential pass. An empty slot has a key and a tag of
// zeros.
namespace summit::repository::packed {
namespace {

constexpr std::string_view kMagic = "SUMCACH1";
constexpr size_t kHeaderSize = 32;
constexpr size_t kKeySize = 32;
constexpr size_t kTagSize = 8;
// As far as an entry may lie from its place. At the load below, hardly one in a million does; then the table
// grows.
constexpr size_t kProbes = 64;
constexpr size_t kProbesPerRead = 8;
constexpr size_t kScan = 4096;  // slots read at a time in a pass over the table

bool is_empty(ByteView slot) {
  return std::ranges::all_of(slot.first(kKeySize), [](std::byte byte) { return byte == std::byte{0}; });
}

Result<UniqueFd> open_read_write(const fs::path& path, int flags = 0) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600));
  if (!fd.valid()) return errno_error(errno, "cannot open " + path.string());
  return fd;
}

// The slots of one file. Reading and writing fail quietly: the entry is then not there.
class SlotFile {
 public:
  SlotFile(UniqueFd file, uint64_t slots, uint64_t used, size_t value_size, ChunkNamer& namer)
      : file_(std::move(file)),
        slots_(slots),
        used_(used),
        slot_size_(kKeySize + value_size + kTagSize),
        namer_(&namer) {}

  // Where the key is, or the first empty slot, and a copy of its bytes; nothing when neither is within reach.
  struct Probe {
    uint64_t slot = 0;
    std::byte* bytes = nullptr;
    bool empty = false;
  };
  std::optional<Probe> probe(const CacheTable::Key& key) {
    const uint64_t place = place_of(key);
    for (size_t first = 0; first < kProbes; first += kProbesPerRead) {
      if (!read(place + first, kProbesPerRead, probed_)) return std::nullopt;
      for (size_t i = 0; i < kProbesPerRead; ++i) {
        std::byte* slot = probed_.data() + i * slot_size_;
        const bool empty = is_empty({slot, slot_size_});
        if (empty || std::memcmp(slot, key.data(), kKeySize) == 0)
          return Probe{place + first + i, slot, empty};
      }
    }
    return std::nullopt;
  }

  bool find(const CacheTable::Key& key, std::span<std::byte> value) {
    const auto at = probe(key);
    if (!at || at->empty || !authentic(at->bytes)) return false;
    std::memcpy(value.data(), at->bytes + kKeySize, value.size());
    return true;
  }

  // Whether the entry found a place.
  bool put(const CacheTable::Key& key, ByteView value) {
    const auto at = probe(key);
    if (!at) return false;
    std::memcpy(at->bytes, key.data(), kKeySize);
    std::memcpy(at->bytes + kKeySize, value.data(), value.size());
    const auto tag = tag_of(at->bytes);
    std::memcpy(at->bytes + slot_size_ - kTagSize, tag.data(), kTagSize);
    if (at->empty) ++used_;
    const auto size = static_cast<ssize_t>(slot_size_);
    return ::pwrite(file_.get(), at->bytes, slot_size_, offset_of(at->slot)) == size;
  }

  // Every entry that is authentic and worth keeping.
  void visit(const CacheTable::Keep& keep, const std::function<void(const CacheTable::Key&, ByteView)>& use) {
    std::vector<std::byte> block;
    for (uint64_t first = 0; first < slots_ + kProbes; first += kScan) {
      const size_t count = std::min<uint64_t>(kScan, slots_ + kProbes - first);
      if (!read(first, count, block)) return;
      for (size_t i = 0; i < count; ++i) {
        const std::byte* slot = block.data() + i * slot_size_;
        if (is_empty({slot, slot_size_})) continue;
        CacheTable::Key key;
        std::memcpy(key.data(), slot, kKeySize);
        const ByteView value(slot + kKeySize, slot_size_ - kKeySize - kTagSize);
        if ((!keep || keep(key, value)) && authentic(slot)) use(key, value);
      }
    }
  }

  bool crowded() const { return used_ > slots_ / 4 * 3; }
  uint64_t slots() const { return slots_; }
  uint64_t size() const { return kHeaderSize + (slots_ + kProbes) * slot_size_; }

  Result<void> make_room() {
    if (::ftruncate(file_.get(), static_cast<off_t>(size())) != 0)
      return errno_error(errno, "cannot make a cache");
    return {};
  }
  // The count of used slots is a hint for the next process: after a crash it is too low, and the probes say
  // when to grow.
  void write_header() {
    std::string header(kMagic);
    put_integer(header, slots_);
    put_integer(header, used_);
    put_integer(header, uint64_t{slot_size_});
    std::ignore = ::pwrite(file_.get(), header.data(), header.size(), 0);
  }

 private:
  uint64_t place_of(const CacheTable::Key& key) const {
    uint64_t prefix = 0;
    for (size_t i = 0; i < 8; ++i) prefix = prefix << 8 | std::to_integer<uint64_t>(key[i]);
    return prefix >> (64 - std::countr_zero(slots_));
  }
  off_t offset_of(uint64_t slot) const { return static_cast<off_t>(kHeaderSize + slot * slot_size_); }

  bool read(uint64_t first, size_t count, std::vector<std::byte>& into) const {
    into.resize(count * slot_size_);
    return ::pread(file_.get(), into.data(), into.size(), offset_of(first)) ==
           static_cast<ssize_t>(into.size());
  }

  std::array<std::byte, kTagSize> tag_of(const std::byte* slot) {
    std::array<std::byte, kTagSize> tag{};
    const auto name = namer_->name({slot, slot_size_ - kTagSize});
    if (name.ok()) std::memcpy(tag.data(), name->bytes.data(), kTagSize);
    return tag;
  }
  bool authentic(const std::byte* slot) {
    const auto tag = tag_of(slot);
    return std::memcmp(tag.data(), slot + slot_size_ - kTagSize, kTagSize) == 0;
  }

  UniqueFd file_;
  uint64_t slots_;
  uint64_t used_;
  size_t slot_size_;
  ChunkNamer* namer_;
  std::vector<std::byte> probed_;
};

}  // namespace

struct CacheTable::State {
  State(fs::path where, Options wanted, Keep keeps, ChunkNamer&& names)
      : path(std::move(where)), options(wanted), keep(std::move(keeps)), namer(std::move(names)) {}

  const fs::path path;
  const Options options;
  const Keep keep;
  mutable std::mutex mutex;  // guards everything below
  ChunkNamer namer;
  std::optional<SlotFile> table;  // none: the disk failed, and every entry is lost

  // An empty table under another name, and in place of the present one once it is filled.
  fs::path temporary() const { return path.string() + ".new"; }
  Result<SlotFile> make(uint64_t slots) {
    ASSIGN_OR_RETURN(UniqueFd file, open_read_write(temporary(), O_CREAT | O_TRUNC));
    SlotFile made(std::move(file), slots, 0, options.value_size, namer);
    RETURN_IF_ERROR(made.make_room());
    made.write_header();
    return made;
  }
  Result<void> replace_by(SlotFile made) {
    std::error_code failure;
    fs::rename(temporary(), path, failure);
    if (failure) return errno_error(failure.value(), "cannot rename " + temporary().string());
    table = std::move(made);
    return {};
  }

  // Nothing when the file is not there, is none of ours, or has another size than it says.
  std::optional<SlotFile> existing() {
    auto file = open_read_write(path);
    std::array<std::byte, kHeaderSize> header{};
    struct stat status{};
    if (!file.ok() || ::pread(file->get(), header.data(), kHeaderSize, 0) != kHeaderSize ||
        ::fstat(file->get(), &status) != 0)
      return std::nullopt;
    WireReader reader(header);
    const bool ours = as_text(reader.take(kMagic.size())) == kMagic;
    const auto slots = reader.integer<uint64_t>();
    const auto used = reader.integer<uint64_t>();
    const auto slot_size = reader.integer<uint64_t>();
    if (!ours || slot_size != kKeySize + options.value_size + kTagSize || !std::has_single_bit(slots) ||
        slots < 2 || slots > options.max_bytes / slot_size || used > slots)
      return std::nullopt;
    SlotFile found(std::move(file).value(), slots, used, options.value_size, namer);
    return found.size() == static_cast<uint64_t>(status.st_size) ? std::optional(std::move(found))
                                                                 : std::nullopt;
  }

  // Writes the table anew, at least twice as large as what it keeps.
  Result<void> renew() {
    uint64_t kept = 0;
    table->visit(keep, [&](const Key&, ByteView) { ++kept; });
    uint64_t slots = std::max(options.initial_slots, std::bit_ceil(2 * kept + 1));
    const bool too_large = slots > options.max_bytes / (kKeySize + options.value_size + kTagSize);
    if (too_large) slots = options.initial_slots;
    ASSIGN_OR_RETURN(SlotFile larger, make(slots));
    // What finds no place is lost, as a cache's entries may be.
    if (!too_large) table->visit(keep, [&](const Key& key, ByteView value) { larger.put(key, value); });
    return replace_by(std::move(larger));
  }
};

CacheTable::CacheTable(std::unique_ptr<State> state) : state_(std::move(state)) {}
CacheTable::~CacheTable() {
  if (state_->table) state_->table->write_header();
}

Result<std::unique_ptr<CacheTable>> CacheTable::open(const fs::path& file, const Secret& key, Options options,
                                                     Keep keep) {
  ASSIGN_OR_RETURN(ChunkNamer namer, ChunkNamer::create(key));
  auto state = std::make_unique<State>(file, options, std::move(keep), std::move(namer));
  RETURN_IF_ERROR(make_directories(file.parent_path(), 0700));
  state->table = state->existing();
  if (!state->table) {
    ASSIGN_OR_RETURN(SlotFile made, state->make(options.initial_slots));
    RETURN_IF_ERROR(state->replace_by(std::move(made)));
  }
  return std::unique_ptr<CacheTable>(new CacheTable(std::move(state)));
}

bool CacheTable::find(const Key& key, std::span<std::byte> value) {
  const std::lock_guard lock(state_->mutex);
  return state_->table && state_->table->find(key, value);
}

void CacheTable::insert(const Key& key, ByteView value) {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  if (!state.table || (!state.table->crowded() && state.table->put(key, value))) return;
  if (!state.renew().ok()) {
    state.table.reset();
    return;
  }
  state.table->put(key, value);
}

uint64_t CacheTable::slots() const {
  const std::lock_guard lock(state_->mutex);
  return state_->table ? state_->table->slots() : 0;
}

}  // namespace summit::repository::packed
