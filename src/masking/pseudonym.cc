#include "masking/pseudonym.h"

#include <arpa/inet.h>

#include <array>

#include "core/text.h"
#include "masking/number_text.h"

namespace summit::masking {
namespace {

using config::Pseudonym;

// Domains of permutations under the key of one kind.
constexpr uint32_t kSpelledPhone = 1000;
constexpr uint32_t kIban = 2000;
constexpr uint32_t kIpv4 = 3000;

constexpr std::array<const char*, 32> kGiven = {
    "Alex",   "Robin",  "Kim",    "Sam",    "Jo",    "Chris", "Pat",    "Lee",   "Toni",  "Nikita", "Sascha",
    "Andrea", "Jamie",  "Casey",  "Morgan", "Riley", "Quinn", "Avery",  "Rowan", "Sage",  "Skyler", "Reese",
    "Emery",  "Finley", "Hayden", "Jules",  "Kai",   "Logan", "Marlow", "Noa",   "Ocean", "Parker"};
constexpr std::array<const char*, 32> kFamily = {
    "Ashdown",   "Birch",   "Cedarholm", "Dale",     "Elmwood", "Fernsby", "Grove",      "Hazelton",
    "Ivory",     "Juniper", "Kestrel",   "Larkspur", "Meadows", "Northam", "Oakley",     "Pinehurst",
    "Quillfort", "Reed",    "Sedgewick", "Thorne",   "Upland",  "Vale",    "Willowmere", "Yarrow",
    "Ambler",    "Brook",   "Cliff",     "Dune",     "Estuary", "Field",   "Glen",       "Heath"};

constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";

void append_base32(std::string_view bytes, std::string& out) {
  unsigned pending = 0;
  unsigned bits = 0;
  for (const char c : bytes) {
    pending = (pending << 8 | static_cast<unsigned char>(c)) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) out += kBase32[pending >> (bits - 5) & 31];
  }
  if (bits > 0) out += kBase32[pending << (5 - bits) & 31];
}

std::string_view text_of(const KeyedCipher::Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// 2 to 64 characters. The length of a permuted text tells the length of the text, and one more byte than
// those have is left to the digests, so the two never meet.
bool append_token(KeyedCipher& cipher, std::string_view text, std::string& out) {
  std::string bytes;
  if (text.size() <= kLongestPermutedText) {
    if (!permute_text(cipher, text, bytes)) return false;
  } else {
    KeyedCipher::Digest first;
    KeyedCipher::Digest second;
    if (!cipher.digest(0, text, first) || !cipher.digest(1, text, second)) return false;
    bytes =
        std::string(text_of(first)) + std::string(text_of(second).substr(0, kLongestPermutedText + 1 - 32));
  }
  append_base32(bytes, out);
  return true;
}

// 39 digits, which hold 128 bits.
bool append_digest_digits(KeyedCipher& cipher, std::string_view text, std::string& out) {
  KeyedCipher::Digest digest;
  if (!cipher.digest(0, text, digest)) return false;
  Wide value = 0;
  for (size_t i = 0; i < 16; ++i) value = value << 8 | digest[i];
  append_number(value, 39, out);
  return true;
}

bool append_email(KeyedCipher& cipher, std::string_view text, std::string& out) {
  if (!append_token(cipher, text, out)) return false;
  out += "@example.com";
  return true;
}

// +?digits. Up to eight digits share one range, so that never seven digits come out, as documented ones have.
bool append_plain_phone(KeyedCipher& cipher, bool plus, std::string_view digits, std::string& out) {
  constexpr size_t kShared = 8;
  const size_t width = std::max(digits.size(), kShared);
  Wide value = number_of(digits) + (plus ? power_of_ten(digits.size()) : 0);
  Wide size = 2 * power_of_ten(width);
  if (digits.size() <= kShared) {
    size = 0;
    for (size_t length = 0; length <= kShared; ++length) {
      if (length < digits.size()) value += 2 * power_of_ten(length);
      size += 2 * power_of_ten(length);
    }
  }
  const auto mapped = permute(cipher, static_cast<uint32_t>(width), value, size);
  if (!mapped) return false;
  append_number(*mapped, width + 1, out);
  return true;
}

// Digits with separators: sixteen signs, so the spelling is a number of base 16, and comes out as decimal
// digits after a 9, which no other form begins with.
bool append_spelled_phone(KeyedCipher& cipher, std::string_view text, std::string_view signs,
                          std::string& out) {
  Wide value = 0;
  for (const char c : text) value = value << 4 | signs.find(c);
  const auto mapped = permute(cipher, kSpelledPhone + static_cast<uint32_t>(text.size()), value,
                              Wide{1} << (4 * text.size()));
  if (!mapped) return false;
  out += '9';
  // 16^n has this many digits, and each further sign makes more of them.
  append_number(*mapped, (text.size() * 12042 + 9999) / 10000, out);
  return true;
}

bool append_phone(KeyedCipher& cipher, std::string_view text, std::string& out) {
  constexpr std::string_view kSigns = "0123456789+ -().";
  constexpr size_t kLongestPlain = 20;
  constexpr size_t kLongestSpelled = 24;
  out += "+1-555-";
  const bool plus = text.starts_with('+');
  const auto digits = text.substr(plus ? 1 : 0);
  if (digits.size() <= kLongestPlain && all_digits(digits))
    return append_plain_phone(cipher, plus, digits, out);
  if (text.size() <= kLongestSpelled && text.find_first_not_of(kSigns) == std::string_view::npos)
    return append_spelled_phone(cipher, text, kSigns, out);
  out += '8';
  return append_digest_digits(cipher, text, out);
}

bool append_card(KeyedCipher& cipher, std::string_view text, std::string& out) {
  const auto digits = compact(text);
  const bool card = digits.size() >= 12 && digits.size() <= 19 && is_luhn_right(digits) && digits[0] >= '2' &&
                    digits[0] <= '6';
  if (!card) {
    out += "0000-";
    return append_digest_digits(cipher, text, out);
  }
  // Banks' cards begin with 2 to 6, and the last digit follows from the others.
  const size_t middle = digits.size() - 2;
  const Wide value = static_cast<unsigned>(digits[0] - '2') * power_of_ten(middle) +
                     number_of(std::string_view(digits).substr(1, middle));
  const auto mapped = permute(cipher, static_cast<uint32_t>(digits.size()), value, 5 * power_of_ten(middle));
  if (!mapped) return false;
  std::string made(1, "01789"[static_cast<size_t>(*mapped / power_of_ten(middle))]);
  append_number(*mapped % power_of_ten(middle), middle, made);
  made += luhn_digit(made);
  size_t next = 0;
  for (const char c : text) out += is_digit(c) ? made[next++] : c;
  return true;
}

// Country and account, letters to letters and digits to digits; the check digits follow from them.
std::optional<std::string> permuted_iban(KeyedCipher& cipher, std::string_view iban, bool& failed) {
  std::string inner = std::string(iban.substr(0, 2)) + std::string(iban.substr(4));
  Wide size = 1;
  Wide value = 0;
  uint32_t pattern = 0;
  for (const char c : inner) {
    const unsigned base = is_digit(c) ? 10 : 26;
    if (size > (Wide{1} << 120) / base) return std::nullopt;
    value = value * base + static_cast<unsigned>(is_digit(c) ? c - '0' : c - 'A');
    size *= base;
    pattern = pattern * 2 + (is_digit(c) ? 0 : 1);
  }
  const auto mapped = permute(cipher, kIban + pattern, value, size);
  failed = !mapped;
  if (failed) return std::nullopt;
  Wide rest = *mapped;
  for (size_t i = inner.size(); i-- > 0;) {
    const unsigned base = is_digit(inner[i]) ? 10 : 26;
    inner[i] = static_cast<char>((base == 10 ? '0' : 'A') + static_cast<int>(rest % base));
    rest /= base;
  }
  std::string made = "XX00" + inner;
  const unsigned check = 98 - iban_remainder(made);
  made[2] = static_cast<char>('0' + check / 10);
  made[3] = static_cast<char>('0' + check % 10);
  return made;
}

std::string in_fours(std::string_view text) {
  std::string grouped;
  for (size_t i = 0; i < text.size(); i += 4) {
    if (i > 0) grouped += ' ';
    grouped += text.substr(i, 4);
  }
  return grouped;
}

bool append_iban(KeyedCipher& cipher, std::string_view text, std::string& out) {
  const auto joined = compact(text);
  const bool grouped = text == in_fours(joined);
  if (is_iban(joined) && (grouped || joined == text)) {
    bool failed = false;
    const auto made = permuted_iban(cipher, joined, failed);
    if (failed) return false;
    if (made) {
      out += grouped ? in_fours(*made) : *made;
      return true;
    }
  }
  // 00 is no check digit that comes out right.
  out += "XX00";
  return append_digest_digits(cipher, text, out);
}

// The prefix length behind an address, 255 when there is none; nothing when it is no such number.
std::optional<uint32_t> prefix_length(std::string_view text, uint32_t highest) {
  if (text.empty()) return 255;
  const auto length = parse_number<uint32_t>(text.substr(1));
  if (!length || *length > highest || (text.size() > 2 && text[1] == '0')) return std::nullopt;
  return length;
}

// As PostgreSQL writes an inet: a run of zeros may have to be left out.
bool append_ipv6(const std::array<unsigned, 8>& words, std::string& out) {
  in6_addr address{};
  for (size_t i = 0; i < words.size(); ++i) {
    address.s6_addr[2 * i] = static_cast<unsigned char>(words[i] >> 8);
    address.s6_addr[2 * i + 1] = static_cast<unsigned char>(words[i] & 0xff);
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_ntop(AF_INET6, &address, text.data(), text.size()) == nullptr) return false;
  out += text.data();
  return true;
}

bool append_ip(KeyedCipher& cipher, std::string_view text, std::string& out) {
  const size_t slash = std::min(text.find('/'), text.size());
  const std::string address(text.substr(0, slash));
  in_addr v4{};
  const auto length = prefix_length(text.substr(slash), 32);
  if (length && address.find('\0') == std::string::npos && ::inet_pton(AF_INET, address.c_str(), &v4) == 1) {
    const auto mapped = permute(cipher, kIpv4 + *length, ntohl(v4.s_addr), Wide{1} << 32);
    if (!mapped) return false;
    const auto value = static_cast<uint32_t>(*mapped);
    return append_ipv6({0x2001, 0xdb8, 4, *length, 0, 0, value >> 16, value & 0xffff}, out);
  }
  KeyedCipher::Digest digest;
  if (!cipher.digest(0, text, digest)) return false;
  std::array<unsigned, 8> words{0x2001, 0xdb8, 6};
  for (size_t i = 0; i < 5; ++i) words[3 + i] = static_cast<unsigned>(digest[2 * i]) << 8 | digest[2 * i + 1];
  return append_ipv6(words, out);
}

bool append_name(KeyedCipher& cipher, std::string_view text, std::string& out) {
  std::string token;
  if (!append_token(cipher, text, token)) return false;
  const auto index = [&](size_t at) { return kBase32.find(token[at]); };
  fmt::format_to(std::back_inserter(out), "{} {} {}", kGiven[index(0)], kFamily[index(1)], token);
  return true;
}

}  // namespace

Result<PseudonymMaker> PseudonymMaker::create(const Secret& key, Pseudonym kind) {
  ASSIGN_OR_RETURN(auto cipher, KeyedCipher::create(key, name_of(kind)));
  return PseudonymMaker(std::move(cipher), kind);
}

bool PseudonymMaker::append(std::string_view text, std::string& out) {
  if (text.empty()) return true;
  switch (kind_) {
    case Pseudonym::kEmail:
      return append_email(cipher_, text, out);
    case Pseudonym::kPhone:
      return append_phone(cipher_, text, out);
    case Pseudonym::kCard:
      return append_card(cipher_, text, out);
    case Pseudonym::kIban:
      return append_iban(cipher_, text, out);
    case Pseudonym::kIp:
      return append_ip(cipher_, text, out);
    case Pseudonym::kName:
      return append_name(cipher_, text, out);
  }
  return false;
}

}  // namespace summit::masking
