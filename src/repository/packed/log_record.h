// The sealed objects of the log: records, checkpoints, and the voids that compaction leaves in place of
// records. Format: docs/formats/repository.md, "The log".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/digest.h"
#include "core/result.h"
#include "repository/packed/keyring.h"
#include "repository/packed/repository_id.h"

namespace summit::repository::packed {

inline constexpr std::string_view kLogPrefix = "repository/log/";
inline constexpr std::string_view kCheckpointsPrefix = "repository/checkpoints/";
inline constexpr size_t kLogHeaderSize = 104;
// Of a void, and of nothing else in the log: every record has a body.
inline constexpr uint64_t kVoidSize = kLogHeaderSize + 16;
inline constexpr uint64_t kMaxRecordNumber = 999'999'999'999;

std::string log_key(uint64_t number);
std::string checkpoint_key(uint64_t number);
// The number in such a key; nothing when it is none of ours.
std::optional<uint64_t> number_of_key(std::string_view prefix, std::string_view key);

enum class LogObjectKind { kRecord, kCheckpoint, kVoid };

struct LogHeader {
  LogObjectKind kind = LogObjectKind::kRecord;
  RepositoryId repository;
  uint64_t number = 0;
  Sha256Digest hash{};  // of the record before; of a checkpoint or void: of record `number` itself
  uint32_t generation = 0;
  std::array<std::byte, 32> salt{};
};

// kCorrupt when the bytes do not begin with such a header.
Result<LogHeader> parse_log_header(ByteView object);

// The whole object, under the keyring's newest generation and a key of its own. A void has no body.
Result<std::string> seal_log_object(const Keyring& keyring, LogObjectKind kind, uint64_t number,
                                    const Sha256Digest& hash, ByteView body = {});

struct LogObject {
  LogHeader header;
  std::string body;       // CBOR; empty for a void
  Sha256Digest digest{};  // of the whole object
};

// The mirror of the above. `key` names the object in errors. kCorrupt when it is not authentic, or is not
// what belongs under that key; kWrongKey when the keyring has no key of its generation.
Result<LogObject> open_log_object(const Keyring& keyring, std::string_view key, ByteView object);

}  // namespace summit::repository::packed
