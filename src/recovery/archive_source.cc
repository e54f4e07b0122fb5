#include "recovery/archive_source.h"

#include <vector>

namespace summit::recovery {
namespace {

constexpr size_t kBlock = 256 * KiB;

class FileSource {
 public:
  static Result<std::shared_ptr<FileSource>> open(const RestoreContext& context,
                                                  const std::string& artifact) {
    ASSIGN_OR_RETURN(const fs::path path, context.backup.native_file(artifact, context.workspace));
    ASSIGN_OR_RETURN(UniqueFd fd, open_for_reading(path));
    return std::make_shared<FileSource>(std::move(fd), path, context.cancellation);
  }
  FileSource(UniqueFd fd, fs::path path, Cancellation cancellation)
      : fd_(std::move(fd)), path_(std::move(path)), cancellation_(std::move(cancellation)), buffer_(kBlock) {}

  Result<ByteView> next() {
    RETURN_IF_ERROR(cancellation_.check());
    ASSIGN_OR_RETURN(const size_t size, read_some(fd_.get(), buffer_.data(), buffer_.size(), path_));
    return ByteView(buffer_.data(), size);
  }

 private:
  UniqueFd fd_;
  const fs::path path_;
  const Cancellation cancellation_;
  std::vector<std::byte> buffer_;
};

class SealedSource {
 public:
  SealedSource(std::shared_ptr<FileSource> file, const repository::SealingKey& key)
      : file_(std::move(file)), reader_(key, [this](ByteView plain) -> Result<void> {
          plain_.insert(plain_.end(), plain.begin(), plain.end());
          return {};
        }) {}

  // One block of the file gives at most a few frames, so the buffer stays small.
  Result<ByteView> next() {
    plain_.clear();
    while (plain_.empty() && !ended_) {
      ASSIGN_OR_RETURN(const ByteView sealed, file_->next());
      if (sealed.empty()) {
        RETURN_IF_ERROR(reader_.finish());
        ended_ = true;
      } else {
        RETURN_IF_ERROR(reader_.write(sealed));
      }
    }
    return ByteView(plain_);
  }

 private:
  std::shared_ptr<FileSource> file_;
  std::vector<std::byte> plain_;
  bool ended_ = false;
  repository::SealReader reader_;
};

}  // namespace

Result<std::unique_ptr<files::ArchiveReader>> open_archive(const RestoreContext& context,
                                                           const std::string& artifact) {
  ASSIGN_OR_RETURN(auto file, FileSource::open(context, artifact));
  auto reader = files::ArchiveReader::open([file] { return file->next(); });
  if (!reader.ok()) return std::move(reader).error().at(artifact);
  return reader;
}

Result<std::unique_ptr<files::ArchiveReader>> open_sealed_archive(const RestoreContext& context,
                                                                  const std::string& artifact) {
  if (!context.sealing_key)
    return Error(Code::kKeyMissing, "{} is sealed and no encryption key is set", artifact)
        .hint("set BACKUP_ENCRYPTION_KEY_FILE to the key with which the backup was made");
  ASSIGN_OR_RETURN(auto file, FileSource::open(context, artifact));
  auto source = std::make_shared<SealedSource>(std::move(file), *context.sealing_key);
  auto reader = files::ArchiveReader::open([source] { return source->next(); });
  if (!reader.ok()) return std::move(reader).error().at(artifact);
  return reader;
}

}  // namespace summit::recovery
