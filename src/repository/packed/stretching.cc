#include "repository/packed/stretching.h"

#include <argon2.h>

namespace summit::repository::packed {
namespace {

constexpr uint32_t kMostPasses = 64;
constexpr uint32_t kMostLanes = 64;
constexpr uint32_t kMostMemoryKib = 4 * 1024 * 1024;
constexpr size_t kKeySize = 32;

std::string_view without_end_space(std::string_view text) {
  const size_t last = text.find_last_not_of(" \t\r\n");
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

// libargon2 only reads what these point to; its interface is not const-correct.
uint8_t* readable(const void* bytes) { return static_cast<uint8_t*>(const_cast<void*>(bytes)); }

}  // namespace

Result<void> check_cost(const Argon2Cost& cost) {
  if (cost.passes == 0 || cost.passes > kMostPasses || cost.lanes == 0 || cost.lanes > kMostLanes ||
      cost.memory_kib < 8 * cost.lanes || cost.memory_kib > kMostMemoryKib)
    return Error(Code::kRefused, "Argon2id with {} passes over {} in {} lanes is out of range", cost.passes,
                 human_bytes(cost.memory_kib * KiB), cost.lanes);
  return {};
}

Result<Secret> stretch(const Secret& passphrase, ByteView salt, const Argon2Cost& cost) {
  RETURN_IF_ERROR(check_cost(cost));
  const std::string_view text = without_end_space(passphrase.reveal());
  if (text.empty()) return Error(Code::kKeyMissing, "the passphrase is empty");
  std::string key(kKeySize, '\0');
  argon2_context context{};
  context.out = reinterpret_cast<uint8_t*>(key.data());
  context.outlen = static_cast<uint32_t>(key.size());
  context.pwd = readable(text.data());
  context.pwdlen = static_cast<uint32_t>(text.size());
  context.salt = readable(salt.data());
  context.saltlen = static_cast<uint32_t>(salt.size());
  context.t_cost = cost.passes;
  context.m_cost = cost.memory_kib;
  context.lanes = cost.lanes;
  // The result does not depend on it; threads outside our task groups would not end with them.
  context.threads = 1;
  context.version = ARGON2_VERSION_13;
  const int result = ::argon2id_ctx(&context);
  if (result == ARGON2_MEMORY_ALLOCATION_ERROR)
    return Error(Code::kFailed, "stretching the passphrase needs {} of memory",
                 human_bytes(cost.memory_kib * KiB))
        .hint("free memory, or raise the memory limit of the container, and run the same command again");
  if (result != ARGON2_OK)
    return Error(Code::kFailed, "cannot stretch the passphrase: {}", ::argon2_error_message(result));
  return Secret(std::move(key));
}

}  // namespace summit::repository::packed
