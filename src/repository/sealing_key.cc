// Where the sealing key comes from.
#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "repository/sealing.h"

namespace summit::repository {
namespace {

constexpr uint64_t kLargestKeyFile = 64 * KiB;

// Links resolved as far as the path exists. Not normalized before: `link/../key` is beside the link's target.
fs::path resolved(const fs::path& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  const fs::path canonical = fs::weakly_canonical(absolute, error);
  return error ? absolute.lexically_normal() : canonical;
}

// Resolved, so that a link out of (or into) BACKUP_BASE hides nothing.
bool lies_inside(const fs::path& path, const fs::path& directory) {
  if (directory.empty()) return false;
  const fs::path relative = resolved(path).lexically_relative(resolved(directory));
  return !relative.empty() && *relative.begin() != "..";
}

Result<void> refuse_inside(const fs::path& path, const fs::path& backup_base) {
  if (!lies_inside(path, backup_base)) return {};
  return Error(Code::kRefused, "the key file {} lies with the backups in {}", path.string(),
               backup_base.string())
      .hint(
          "move it elsewhere and set BACKUP_ENCRYPTION_KEY_FILE: a key stored with the backups protects "
          "nothing");
}

}  // namespace

Result<SealingKey> read_key_file(const fs::path& path, const fs::path& backup_base) {
  RETURN_IF_ERROR(refuse_inside(path, backup_base));
  ASSIGN_OR_RETURN(const UniqueFd fd, open_for_reading(path), "while reading the encryption key");
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0)
    return errno_error(errno, fmt::format("cannot look at {}", path.string()));
  if (!S_ISREG(status.st_mode))
    return Error(Code::kRefused, "the key file {} is not a regular file", path.string());
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return Error(Code::kRefused, "the key file {} may be read by others (mode {:04o})", path.string(),
                 status.st_mode & 07777u)
        .hint(fmt::format("chmod 600 {} (in Kubernetes: defaultMode: 0400 of the volume)", path.string()));

  std::string text(kLargestKeyFile + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    ASSIGN_OR_RETURN(const size_t got, read_some(fd.get(), text.data() + size, text.size() - size, path));
    if (got == 0) break;
    size += got;
  }
  if (size > kLargestKeyFile) return Error(Code::kRefused, "{} is too large for a key file", path.string());
  text.resize(size);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty())
    return Error(Code::kKeyMissing, "the key file {} is empty", path.string())
        .hint(fmt::format("remove it and run `summit-dr key init`"));
  return SealingKey{Secret(std::move(text)), path.string()};
}

Result<fs::path> default_key_file(const VariableLookup& variable) {
  if (const auto directory = variable("XDG_CONFIG_HOME"); directory && fs::path(*directory).is_absolute())
    return fs::path(*directory) / "summit-dr" / "key";
  if (const auto home = variable("HOME"); home && !home->empty())
    return fs::path(*home) / ".config" / "summit-dr" / "key";
  return Error(Code::kConfig, "neither XDG_CONFIG_HOME nor HOME is set, so there is no place for a key file")
      .hint("set BACKUP_ENCRYPTION_KEY_FILE to a file of your own");
}

Result<std::optional<SealingKey>> find_sealing_key(const VariableLookup& variable,
                                                   const fs::path& backup_base) {
  for (const std::string name : {"ENCRYPTION_KEY", "BACKUP_ENCRYPTION_KEY"}) {
    if (auto value = variable(name); value && !value->empty())
      return std::optional(SealingKey{Secret(*std::move(value)), name});
    if (const auto file = variable(name + "_FILE"); file && !file->empty()) {
      ASSIGN_OR_RETURN(auto key, read_key_file(*file, backup_base), "{}_FILE", name);
      return std::optional(std::move(key));
    }
  }
  const auto file = default_key_file(variable);
  if (!file.ok()) return std::optional<SealingKey>{};
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(*file, ignored))) return std::optional<SealingKey>{};
  ASSIGN_OR_RETURN(auto key, read_key_file(*file, backup_base));
  return std::optional(std::move(key));
}

Result<fs::path> create_key_file(const VariableLookup& variable, const fs::path& backup_base) {
  ASSIGN_OR_RETURN(const fs::path path, default_key_file(variable));
  RETURN_IF_ERROR(refuse_inside(path, backup_base));
  const auto exists = [&] {
    return Error(Code::kAlreadyExists, "there is a key already: {}", path.string())
        .hint("keep it: the backups made with it cannot be opened without it");
  };
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(path, ignored))) return exists();
  RETURN_IF_ERROR(make_directories(path.parent_path(), 0700), "while creating the encryption key");

  std::array<std::byte, 32> random{};
  if (::RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), random.size()) != 1)
    return Error(Code::kFailed, "OpenSSL cannot give random bytes");
  const Secret text(to_hex(ByteView(random)) + "\n");

  // Written whole under another name and then linked: nobody ever sees half a key, and a link never replaces
  // one.
  const fs::path fresh = fs::path(path.string() + fmt::format(".new-{}", ::getpid()));
  RETURN_IF_ERROR(write_file_durably(fresh, text.reveal(), 0600), "while creating the encryption key");
  const int linked = ::link(fresh.c_str(), path.c_str());
  const int number = errno;
  ::unlink(fresh.c_str());
  if (linked != 0 && number == EEXIST) return exists();
  if (linked != 0) return errno_error(number, fmt::format("cannot create {}", path.string()));
  RETURN_IF_ERROR(fsync_directory(path.parent_path()));
  return path;
}

}  // namespace summit::repository
