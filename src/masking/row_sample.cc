#include "masking/row_sample.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>

#include "core/text.h"
#include "masking/eight_signs.h"
#include "masking/keyed_cipher.h"

namespace summit::masking {
namespace {

constexpr int kProbes = 7;

// Digits of a fixed width at `at`.
std::optional<int> number_at(std::string_view text, size_t at, size_t width) {
  if (at + width > text.size()) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(at, width)) {
    if (!is_digit(c)) return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

constexpr size_t kSeconds = std::string_view("2026-11-21 03:10:48").size();

// Whether each of eight signs lies between those of `lowest` and `highest`, all at once. Those are ASCII.
bool are_between(const char* eight, const char* lowest, const char* highest) {
  const uint64_t text = eight_at(eight);
  const uint64_t between = at_least(text, eight_at(lowest)) & at_least(eight_at(highest), text);
  return (between & ~text & kHighBits) == kHighBits;
}

// Of days and times that exist in every month; what looks so and is none is not of that form either.
bool is_plain_instant(std::string_view text) {
  constexpr char kLowest[] = "0000-00-00 00:00:00";
  constexpr char kHighest[] = "9999-19-29 29:59:59";
  static_assert(sizeof kLowest - 1 == kSeconds && sizeof kHighest - 1 == kSeconds);
  for (const size_t at : {size_t{0}, size_t{8}, kSeconds - 8})
    if (!are_between(text.data() + at, kLowest + at, kHighest + at)) return false;
  const auto number = [&](size_t at) { return (text[at] - '0') * 10 + text[at + 1] - '0'; };
  const auto within = [](int value, int least, int most) { return value >= least && value <= most; };
  return within(number(5), 1, 12) && within(number(8), 1, 28) && number(11) <= 23;
}

// "+05:30", "-08", "+00": minutes east of UTC.
std::optional<int> zone_of(std::string_view text) {
  if (text.empty()) return 0;
  if (text[0] != '+' && text[0] != '-') return std::nullopt;
  const auto hours = number_at(text, 1, 2);
  const auto minutes = text.size() > 3 ? number_at(text, 4, 2) : 0;
  if (!hours || !minutes) return std::nullopt;
  const int east = *hours * 60 + *minutes;
  return text[0] == '-' ? -east : east;
}

}  // namespace

Result<KeySampler> KeySampler::create(const Secret& key, unsigned percent) {
  ASSIGN_OR_RETURN(auto cipher, KeyedCipher::create(key, "sample"));
  KeyedCipher::Digest digest;
  std::array<uint64_t, 6> words{};
  if (!cipher.digest(0, "", digest)) return Error(Code::kFailed, "OpenSSL cannot derive a key");
  // SipHash takes two words; the others are for fingerprints, of which there are none here.
  std::memcpy(words.data(), digest.data(), 2 * sizeof words[0]);
  const DigestKey sample_key(words);
  ::OPENSSL_cleanse(digest.data(), digest.size());
  ::OPENSSL_cleanse(words.data(), sizeof words);
  return KeySampler(sample_key, percent);
}

template <typename Visit>
bool KeySet::all_bits(std::string_view key, Visit visit) {
  const uint64_t first = std::hash<std::string_view>{}(key);
  const uint64_t step = (first >> 29 | 1) * 0x9e3779b97f4a7c15U | 1;
  bool all = true;
  for (uint64_t probe = 0; probe < kProbes; ++probe) {
    const uint64_t bit = (first + probe * step) >> 38;
    all = visit(bit / 64, uint64_t{1} << (bit % 64)) && all;
  }
  return all;
}

bool KeySet::add(std::string_view key) {
  return !all_bits(key, [this](size_t word, uint64_t bit) {
    const bool was = (bits_[word] & bit) != 0;
    bits_[word] |= bit;
    return was;
  });
}

bool KeySet::contains(std::string_view key) const {
  return all_bits(key, [this](size_t word, uint64_t bit) { return (bits_[word] & bit) != 0; });
}

std::optional<Instant> instant_of(std::string_view text) {
  constexpr size_t kDate = 10;
  const auto year = number_at(text, 0, 4);
  const auto month = number_at(text, 5, 2);
  const auto day = number_at(text, 8, 2);
  if (!year || !month || !day || text[4] != '-' || text[7] != '-' || text.ends_with("BC"))
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  Instant instant{std::chrono::sys_days(date)};
  if (text.size() == kDate) return instant;
  const auto hour = number_at(text, 11, 2);
  const auto minute = number_at(text, 14, 2);
  const auto second = number_at(text, 17, 2);
  if (!hour || !minute || !second) return std::nullopt;
  size_t zone = std::min<size_t>(19, text.size());
  while (zone < text.size() && text[zone] != '+' && text[zone] != '-') ++zone;
  const auto east = zone_of(text.substr(zone));
  if (!east) return std::nullopt;
  return instant + std::chrono::hours(*hour) + std::chrono::minutes(*minute - *east) +
         std::chrono::seconds(*second);
}

InstantLimit::InstantLimit(Instant limit) : limit_(limit) {
  const auto second = std::chrono::ceil<std::chrono::seconds>(limit);
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{second - day};
  if (date.year() < std::chrono::year(0) || date.year() > std::chrono::year(9999)) return;
  text_ = fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                      time.hours().count(), time.minutes().count(), time.seconds().count());
}

bool InstantLimit::is_before(std::string_view text) const {
  // Texts of UTC stand in the order of their instants, so that most need no calendar.
  const bool utc = text.size() >= kSeconds + 3 && text.ends_with("+00") && text_.size() == kSeconds;
  if (utc && is_plain_instant(text)) return std::memcmp(text.data(), text_.data(), kSeconds) < 0;
  const auto instant = instant_of(text);
  return instant && *instant < limit_;
}

}  // namespace summit::masking
