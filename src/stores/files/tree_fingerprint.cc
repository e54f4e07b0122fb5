#include "stores/files/tree_fingerprint.h"

#include <fmt/format.h>

namespace summit::files {
namespace {
constexpr mode_t kPermissions = 07777;
}

void TreeFingerprint::add(std::string_view path, char type, std::string_view mode, std::string_view size,
                          std::string_view content) {
  Sha256 digest;
  for (const std::string_view field : {path, std::string_view(&type, 1), mode, size, content})
    digest.update(fmt::format("{}:{},", field.size(), field));
  set_.add(digest.finish());
}

void TreeFingerprint::add_file(std::string_view path, mode_t mode, uint64_t size,
                               const Sha256Digest& content) {
  add(path, 'f', fmt::format("{:o}", mode & kPermissions), fmt::format("{}", size), to_hex(content));
}
void TreeFingerprint::add_directory(std::string_view path, mode_t mode) {
  add(path, 'd', fmt::format("{:o}", mode & kPermissions), "", "");
}
void TreeFingerprint::add_link(std::string_view path, std::string_view target) {
  add(path, 'l', "", "", target);
}

}  // namespace summit::files
