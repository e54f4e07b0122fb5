#include "storage/object_store.h"

namespace summit::storage {

namespace {

constexpr size_t kMaxKey = 900;
constexpr size_t kMaxPart = 255;  // the longest file name of Linux's file systems

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-+=").find(c) != std::string_view::npos;
}

bool is_key_part(std::string_view part) {
  if (part.empty() || part.size() > kMaxPart || part == "." || part == "..") return false;
  for (const char c : part) {
    if (!is_key_character(c)) return false;
  }
  return true;
}

}  // namespace

Result<void> check_key(std::string_view key) {
  if (key.size() > kMaxKey) {
    return Error(Code::kUsage, "a key of {} bytes is longer than {}", key.size(), kMaxKey);
  }
  std::string_view rest = key;
  while (true) {
    const size_t slash = rest.find('/');
    if (!is_key_part(rest.substr(0, slash))) return Error(Code::kUsage, "\"{}\" is no key of an object", key);
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
  }
}

bool may_begin_key(std::string_view prefix) {
  // One more letter makes a whole last part of what may have none.
  return check_key(prefix).ok() || check_key(std::string(prefix) + "x").ok();
}

Result<std::string> get_whole(ObjectStore& store, std::string_view key, uint64_t limit,
                              const Cancellation& cancellation) {
  std::string content;
  const auto keep = [&](ByteView bytes) -> Result<void> {
    if (content.size() + bytes.size() > limit) {
      return Error(Code::kCorrupt, "{} in {} is larger than {}", key, store.describe(), human_bytes(limit));
    }
    content += as_text(bytes);
    return {};
  };
  RETURN_IF_ERROR(store.get(key, {}, keep, cancellation));
  return content;
}

}  // namespace summit::storage
