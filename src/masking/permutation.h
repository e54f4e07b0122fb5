// Keyed permutations: what comes in is mapped one to one onto a range, so two inputs never meet.
//
// Small ranges: a Feistel network with AES as round function, walked until the value lies in the range
// (as NIST SP 800-38G does; Black and Rogaway, "Ciphers with arbitrary finite domains"). Texts: the same over
// the halves of their bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "masking/keyed_cipher.h"

namespace summit::masking {

__extension__ using Wide = unsigned __int128;

// A permutation of [0, size): nothing when the library fails. `size` is 1 to 2^126; `value` is below it.
// Other domains give independent permutations.
std::optional<Wide> permute(KeyedCipher& cipher, uint32_t domain, Wide value, Wide size);

inline constexpr size_t kLongestPermutedText = 39;

// A permutation of the texts of 1 to kLongestPermutedText bytes that keeps the length. False when the library
// fails.
[[nodiscard]] bool permute_text(KeyedCipher& cipher, std::string_view text, std::string& permuted);

}  // namespace summit::masking
