// The numbers of the RDB format: opcodes and value types. Format: docs/formats/rdb.md.
#pragma once

#include <cstdint>
#include <string_view>

namespace summit::rdb {

// The newest version that this reader knows (Redis 7.4); Redis 7.0 writes 10.
inline constexpr int kNewestVersion = 12;
// Files of this version and later end in a checksum.
inline constexpr int kFirstVersionWithChecksum = 5;

enum class Opcode : uint8_t {
  kSlotInfo = 244,
  kFunction = 245,
  kFunctionPreRelease = 246,  // release candidates of 7.0 only
  kModuleAux = 247,
  kIdle = 248,
  kFrequency = 249,
  kAux = 250,
  kResizeDb = 251,
  kExpireMilliseconds = 252,
  kExpireSeconds = 253,
  kSelectDb = 254,
  kEnd = 255,
};

enum class ValueType : uint8_t {
  kString = 0,
  kList = 1,
  kSet = 2,
  kSortedSet = 3,
  kHash = 4,
  kSortedSet2 = 5,
  kModule2 = 7,
  kHashZipmap = 9,
  kListZiplist = 10,
  kSetIntset = 11,
  kSortedSetZiplist = 12,
  kHashZiplist = 13,
  kListQuicklist = 14,
  kStreamListpacks = 15,
  kHashListpack = 16,
  kSortedSetListpack = 17,
  kListQuicklist2 = 18,
  kStreamListpacks2 = 19,
  kSetListpack = 20,
  kStreamListpacks3 = 21,
  kHashMetadataPreRelease = 22,
  kHashListpackExPreRelease = 23,
  kHashMetadata = 24,
  kHashListpackEx = 25,
};

// What a client sees, whatever the encoding.
enum class DataType : char {
  kString = 's',
  kList = 'l',
  kSet = 'S',
  kSortedSet = 'z',
  kHash = 'h',
  kStream = 'x',
  kModule = 'm',
};

// Parts of a module's value: each begins with one of these as a length.
enum class ModuleOpcode : uint8_t {
  kEnd = 0,
  kSigned = 1,
  kUnsigned = 2,
  kFloat = 3,
  kDouble = 4,
  kString = 5
};

// As in the answer of TYPE: "string", "zset"; "module" for every module's.
std::string_view name_of(DataType type);

// The name of the module type behind a module's 64-bit id: nine characters, such as "ReJSON-RL".
struct ModuleTypeName {
  char text[10];
};
ModuleTypeName module_type_name(uint64_t id);

}  // namespace summit::rdb
