#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "stores/files/archive.h"
#include "stores/files/libarchive.h"

namespace summit::files {
namespace {

struct WriterDeleter {
  void operator()(archive* handle) const {
    const CLocale c_locale;
    ::archive_write_free(handle);
  }
};

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

mode_t file_type(ArchiveEntry::Type type) {
  switch (type) {
    case ArchiveEntry::Type::kDirectory:
      return AE_IFDIR;
    case ArchiveEntry::Type::kLink:
      return AE_IFLNK;
    case ArchiveEntry::Type::kFile:
    case ArchiveEntry::Type::kHardLink:
      return AE_IFREG;
  }
  return AE_IFREG;
}

void fill(archive_entry* to, const ArchiveEntry& from) {
  ::archive_entry_copy_pathname(to, from.path.c_str());
  ::archive_entry_set_filetype(to, file_type(from.type));
  ::archive_entry_set_perm(to, from.mode);
  ::archive_entry_set_uid(to, from.uid);
  ::archive_entry_set_gid(to, from.gid);
  if (!from.user.empty()) ::archive_entry_copy_uname(to, from.user.c_str());
  if (!from.group.empty()) ::archive_entry_copy_gname(to, from.group.c_str());
  ::archive_entry_set_mtime(to, from.modified.tv_sec, from.modified.tv_nsec);
  if (from.type == ArchiveEntry::Type::kLink) ::archive_entry_copy_symlink(to, from.target.c_str());
  if (from.type == ArchiveEntry::Type::kHardLink) ::archive_entry_copy_hardlink(to, from.target.c_str());
  ::archive_entry_set_size(to, from.type == ArchiveEntry::Type::kFile ? static_cast<int64_t>(from.size) : 0);
  for (const auto& [name, value] : from.attributes)
    ::archive_entry_xattr_add_entry(to, name.c_str(), value.data(), value.size());
  for (const auto& extent : from.data)
    ::archive_entry_sparse_add_entry(to, static_cast<int64_t>(extent.offset),
                                     static_cast<int64_t>(extent.size));
}

}  // namespace

struct ArchiveWriter::State {
  std::function<Result<void>(ByteView)> output;
  Result<void> output_failure;  // what `output` said, since libarchive only knows that it failed
  std::unique_ptr<archive, WriterDeleter> handle;
  std::string path;   // of the current entry
  uint64_t left = 0;  // bytes that it still needs

  static la_ssize_t take(archive* handle, void* client, const void* buffer, size_t size) {
    auto* state = static_cast<State*>(client);
    auto written = state->output(ByteView(static_cast<const std::byte*>(buffer), size));
    if (written.ok()) return static_cast<la_ssize_t>(size);
    ::archive_set_error(handle, EIO, "output failed");
    state->output_failure = std::move(written);
    return -1;
  }

  Error failure(std::string_view what) const {
    if (!output_failure.ok()) return output_failure.error();
    const char* text = ::archive_error_string(handle.get());
    return Error(Code::kFailed, "cannot {} {} in the archive: {}", what, path,
                 text == nullptr ? "unknown" : text);
  }
};

ArchiveWriter::ArchiveWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
ArchiveWriter::~ArchiveWriter() = default;

Result<std::unique_ptr<ArchiveWriter>> ArchiveWriter::create(std::function<Result<void>(ByteView)> output) {
  const CLocale c_locale;
  auto state = std::make_unique<State>();
  state->output = std::move(output);
  state->handle.reset(::archive_write_new());
  archive* handle = state->handle.get();
  // Only SCHILY's form of extended attributes: it is the one that GNU tar knows too.
  if (handle == nullptr || ::archive_write_add_filter_zstd(handle) != ARCHIVE_OK ||
      ::archive_write_set_format_pax(handle) != ARCHIVE_OK ||
      ::archive_write_set_options(handle, "zstd:compression-level=3,pax:xattrheader=SCHILY") != ARCHIVE_OK ||
      ::archive_write_set_bytes_in_last_block(handle, 1) != ARCHIVE_OK ||
      ::archive_write_open(handle, state.get(), nullptr, &State::take, nullptr) != ARCHIVE_OK)
    return state->failure("begin");
  return std::unique_ptr<ArchiveWriter>(new ArchiveWriter(std::move(state)));
}

Result<void> ArchiveWriter::begin(const ArchiveEntry& entry) {
  State& state = *state_;
  if (state.left > 0) return Error(Code::kFailed, "{} bytes of {} were not written", state.left, state.path);
  const CLocale c_locale;
  const EntryHandle header(::archive_entry_new2(state.handle.get()));
  fill(header.get(), entry);
  state.path = entry.path;
  state.left = entry.type == ArchiveEntry::Type::kFile ? entry.size : 0;
  const int result = ::archive_write_header(state.handle.get(), header.get());
  // The warning that a name cannot be translated means that its bytes are kept; any other means that
  // something is lost.
  const bool bytes_kept = result == ARCHIVE_WARN && !(is_ascii(entry.path) && is_ascii(entry.target) &&
                                                      is_ascii(entry.user) && is_ascii(entry.group));
  if (result != ARCHIVE_OK && !bytes_kept) return state.failure("describe");
  return {};
}

Result<void> ArchiveWriter::write(ByteView bytes) {
  State& state = *state_;
  if (bytes.size() > state.left) return Error(Code::kFailed, "more bytes than announced for {}", state.path);
  state.left -= bytes.size();
  while (!bytes.empty()) {
    const auto written = ::archive_write_data(state.handle.get(), bytes.data(), bytes.size());
    if (written <= 0) return state.failure("store");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return {};
}

Result<void> ArchiveWriter::finish() {
  State& state = *state_;
  if (state.left > 0) return Error(Code::kFailed, "{} bytes of {} were not written", state.left, state.path);
  const CLocale c_locale;
  if (::archive_write_close(state.handle.get()) != ARCHIVE_OK) return state.failure("end");
  return {};
}

}  // namespace summit::files
