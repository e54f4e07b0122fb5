// The files inside the archives of a backup, read as a stream: nothing is unpacked, and memory does not grow
// with the archive. Format of the archives: docs/formats/files-archive.md.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/cancellation.h"
#include "core/result.h"
#include "core/time.h"
#include "repository/backup_repository.h"
#include "stores/files/archive.h"

namespace summit::recovery {

// Whether an artifact of this name is an archive of files.
bool is_file_archive(std::string_view artifact);

// Gives every member in the archive's order. kUsage when the artifact is no archive of files; kCorrupt when
// it is damaged, which may show only after some members.
Result<void> list_members(const repository::BackupReader& backup, const std::string& artifact,
                          const std::function<Result<void>(const files::ArchiveEntry&)>& visit,
                          const Cancellation& cancellation = {});

// Gives the bytes of the file at `path` in the archive, its holes as zeros; of a hard link those of the file
// that it is. Reads the archive to its end, so that bytes given are proven when this succeeds. kNotFound when
// there is no such member, kUsage when it is a directory or a symbolic link.
Result<void> read_member(const repository::BackupReader& backup, const std::string& artifact,
                         const std::string& path, const std::function<Result<void>(ByteView)>& consume,
                         const Cancellation& cancellation = {});

// "file", "directory", "link", "hard_link".
std::string_view name_of(files::ArchiveEntry::Type type);
Instant modified_of(const files::ArchiveEntry& entry);

}  // namespace summit::recovery
