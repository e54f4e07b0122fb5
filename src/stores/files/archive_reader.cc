#include <sys/stat.h>

#include <cerrno>

#include "stores/files/archive.h"
#include "stores/files/libarchive.h"

namespace summit::files {
namespace {

struct ReaderDeleter {
  void operator()(archive* handle) const {
    const CLocale c_locale;
    ::archive_read_free(handle);
  }
};

std::string text_or_empty(const char* text) { return text == nullptr ? std::string() : std::string(text); }

}  // namespace

struct ArchiveReader::State {
  std::function<Result<ByteView>()> source;
  std::optional<Error> source_failure;
  std::unique_ptr<archive, ReaderDeleter> handle;
  std::string path;

  static la_ssize_t give(archive* handle, void* client, const void** buffer) {
    auto* state = static_cast<State*>(client);
    auto block = state->source();
    if (!block.ok()) {
      ::archive_set_error(handle, EIO, "input failed");
      state->source_failure = std::move(block).error();
      return -1;
    }
    *buffer = block->data();
    return static_cast<la_ssize_t>(block->size());
  }

  // A source may check itself at its end, where libarchive need not have read to.
  Result<void> drain() const {
    while (true) {
      ASSIGN_OR_RETURN(const ByteView block, source());
      if (block.empty()) return {};
    }
  }

  Error failure() const {
    if (source_failure) return *source_failure;
    const char* text = ::archive_error_string(handle.get());
    return Error(Code::kCorrupt, "the archive is damaged{}: {}", path.empty() ? "" : " after " + path,
                 text == nullptr ? "unknown" : text);
  }
};

ArchiveReader::ArchiveReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
ArchiveReader::~ArchiveReader() = default;

Result<std::unique_ptr<ArchiveReader>> ArchiveReader::open(std::function<Result<ByteView>()> source) {
  const CLocale c_locale;
  auto state = std::make_unique<State>();
  state->source = std::move(source);
  state->handle.reset(::archive_read_new());
  archive* handle = state->handle.get();
  if (handle == nullptr || ::archive_read_support_filter_zstd(handle) != ARCHIVE_OK ||
      ::archive_read_support_format_tar(handle) != ARCHIVE_OK ||
      ::archive_read_open(handle, state.get(), nullptr, &State::give, nullptr) != ARCHIVE_OK)
    return state->failure();
  return std::unique_ptr<ArchiveReader>(new ArchiveReader(std::move(state)));
}

Result<std::optional<ArchiveEntry>> ArchiveReader::next() {
  const CLocale c_locale;
  archive_entry* header = nullptr;
  const int result = ::archive_read_next_header(state_->handle.get(), &header);
  if (result == ARCHIVE_EOF) {
    RETURN_IF_ERROR(state_->drain());
    return std::optional<ArchiveEntry>{};
  }
  if (result != ARCHIVE_OK) return state_->failure();

  ArchiveEntry entry;
  entry.path = text_or_empty(::archive_entry_pathname(header));
  // The tar format marks directories by a trailing slash; a path of ours has none.
  if (entry.path.size() > 1 && entry.path.ends_with('/')) entry.path.pop_back();
  state_->path = entry.path;
  const char* hard_link = ::archive_entry_hardlink(header);
  const auto type = ::archive_entry_filetype(header);
  if (hard_link != nullptr) {
    entry.type = ArchiveEntry::Type::kHardLink;
    entry.target = hard_link;
  } else if (type == AE_IFDIR) {
    entry.type = ArchiveEntry::Type::kDirectory;
  } else if (type == AE_IFLNK) {
    entry.type = ArchiveEntry::Type::kLink;
    entry.target = text_or_empty(::archive_entry_symlink(header));
  } else if (type != AE_IFREG) {
    return Error(Code::kCorrupt, "the archive holds {}, which is neither file, directory nor link",
                 entry.path);
  }
  entry.mode = ::archive_entry_perm(header);
  entry.size = static_cast<uint64_t>(::archive_entry_size(header));
  entry.uid = ::archive_entry_uid(header);
  entry.gid = ::archive_entry_gid(header);
  entry.user = text_or_empty(::archive_entry_uname(header));
  entry.group = text_or_empty(::archive_entry_gname(header));
  entry.modified = {.tv_sec = ::archive_entry_mtime(header), .tv_nsec = ::archive_entry_mtime_nsec(header)};

  ::archive_entry_xattr_reset(header);
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  while (::archive_entry_xattr_next(header, &name, &value, &size) == ARCHIVE_OK)
    entry.attributes[name] = std::string(static_cast<const char*>(value), size);
  return std::optional(std::move(entry));
}

Result<void> ArchiveReader::read(const std::function<Result<void>(uint64_t, ByteView)>& consume) {
  while (true) {
    const void* buffer = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    const int result = ::archive_read_data_block(state_->handle.get(), &buffer, &size, &offset);
    if (result == ARCHIVE_EOF) return {};
    if (result != ARCHIVE_OK) return state_->failure();
    if (size > 0)
      RETURN_IF_ERROR(
          consume(static_cast<uint64_t>(offset), ByteView(static_cast<const std::byte*>(buffer), size)));
  }
}

}  // namespace summit::files
