#include "formats/rdb/types.h"

namespace summit::rdb {

std::string_view name_of(DataType type) {
  switch (type) {
    case DataType::kString:
      return "string";
    case DataType::kList:
      return "list";
    case DataType::kSet:
      return "set";
    case DataType::kSortedSet:
      return "zset";
    case DataType::kHash:
      return "hash";
    case DataType::kStream:
      return "stream";
    case DataType::kModule:
      return "module";
  }
  return "unknown";
}

ModuleTypeName module_type_name(uint64_t id) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  ModuleTypeName name{};
  // The lowest ten bits are the version of the encoding; six bits a character above them.
  id >>= 10;
  for (int i = 8; i >= 0; --i, id >>= 6) name.text[i] = kAlphabet[id & 63];
  return name;
}

}  // namespace summit::rdb
