// A backup of one component that has one artifact, in memory.
#pragma once

#include <string>

#include "repository/backup_repository.h"

namespace summit::recovery {

class OneArtifact final : public repository::BackupReader {
 public:
  // The component has its kind's name.
  OneArtifact(const std::string& kind, const std::string& name, std::string bytes)
      : bytes_(std::move(bytes)) {
    data_.id = "summit-backup-full-20261121T031048Z";
    repository::ComponentRecord record;
    record.name = record.kind = kind;
    record.status = repository::Status::kComplete;
    record.artifacts.push_back({.name = name, .component = kind, .size = bytes_.size(), .sha256 = {}});
    data_.components.push_back(std::move(record));
  }
  const repository::BackupMetadata& metadata() const override { return data_; }
  const repository::ComponentRecord& component() const { return data_.components.front(); }
  Result<void> read(const std::string&, const std::function<Result<void>(ByteView)>& consume,
                    const Cancellation&) const override {
    return consume(as_bytes(bytes_));
  }
  Result<void> read_range(const std::string& artifact, uint64_t offset, uint64_t size,
                          const std::function<Result<void>(ByteView)>& consume,
                          const Cancellation&) const override {
    RETURN_IF_ERROR(check_range(data_, artifact, bytes_.size(), offset, size));
    return consume(as_bytes(bytes_).subspan(offset, size));
  }
  Result<fs::path> native_file(const std::string& artifact, const fs::path&) const override {
    return Error(Code::kNotFound, "there is no {}", artifact);
  }

 private:
  std::string bytes_;
  repository::BackupMetadata data_;
};

}  // namespace summit::recovery
