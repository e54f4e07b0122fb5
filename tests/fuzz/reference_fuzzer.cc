// What people type after `restore`, and the names of directories in BACKUP_BASE: an id never leaves it.
#include "repository/backup_id.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace summit;
  const auto text = fuzz::text_of(bytes, size);
  const auto is_plain_name = [](std::string_view id) {
    return !id.empty() && !id.starts_with('.') && id.find('/') == std::string_view::npos &&
           id.find('\0') == std::string_view::npos;
  };
  if (repository::parse_backup_id(text).ok())
    fuzz::require(is_plain_name(text), "an id is a plain file name");
  if (const auto reference = repository::parse_reference(text); reference.ok()) {
    fuzz::require(is_plain_name(reference->id), "the id of a reference is a plain file name");
    fuzz::require(repository::parse_backup_id(reference->id).ok(), "the id of a reference is one of ours");
  }
  return 0;
}
