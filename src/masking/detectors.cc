#include "masking/detectors.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "core/bytes.h"
#include "core/text.h"
#include "masking/number_text.h"

namespace summit::masking {
namespace {

constexpr size_t kLongestLook = 64 * KiB;

bool is_word(char c) { return is_letter(c) || is_digit(c); }

// contactEmail2 and CONTACT-EMAIL_2 to "contact", "email", "2".
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  char before = ' ';
  for (const char c : name) {
    const bool capital = c >= 'A' && c <= 'Z' && !(before >= 'A' && before <= 'Z');
    const bool starts = !is_word(before) || capital || is_digit(c) != is_digit(before);
    if (is_word(c)) {
      if (starts || words.empty()) words.emplace_back();
      words.back() += to_lower(c);
    }
    before = c;
  }
  return words;
}

struct NamedSuspicion {
  std::string_view words;  // in this order, next to one another
  Suspicion suspicion;
};
constexpr auto kNames = std::to_array<NamedSuspicion>({
    {"email", Suspicion::kEmail},
    {"e mail", Suspicion::kEmail},
    {"mail", Suspicion::kEmail},
    {"emailaddress", Suspicion::kEmail},
    {"phone", Suspicion::kPhone},
    {"phonenumber", Suspicion::kPhone},
    {"mobilenumber", Suspicion::kPhone},
    {"mobileno", Suspicion::kPhone},
    {"mobile", Suspicion::kPhone},
    {"telephone", Suspicion::kPhone},
    {"tel", Suspicion::kPhone},
    {"msisdn", Suspicion::kPhone},
    {"fax", Suspicion::kPhone},
    {"card", Suspicion::kCard},
    {"creditcard", Suspicion::kCard},
    {"cardnumber", Suspicion::kCard},
    {"cvv", Suspicion::kCard},
    {"pan", Suspicion::kCard},
    {"iban", Suspicion::kIban},
    {"bank account", Suspicion::kIban},
    {"account number", Suspicion::kIban},
    {"bankaccount", Suspicion::kIban},
    {"accountnumber", Suspicion::kIban},
    {"ip", Suspicion::kIp},
    {"ip address", Suspicion::kIp},
    {"ipaddress", Suspicion::kIp},
    {"ssn", Suspicion::kNationalId},
    {"social security", Suspicion::kNationalId},
    {"national id", Suspicion::kNationalId},
    {"nationalid", Suspicion::kNationalId},
    {"fnr", Suspicion::kNationalId},
    {"passportno", Suspicion::kNationalId},
    {"passportnumber", Suspicion::kNationalId},
    {"passport", Suspicion::kNationalId},
    {"tax id", Suspicion::kNationalId},
    {"personnummer", Suspicion::kNationalId},
    {"jwt", Suspicion::kJwt},
    {"private key", Suspicion::kPrivateKey},
    {"access key", Suspicion::kCloudKey},
    {"api key", Suspicion::kCloudKey},
    {"apikey", Suspicion::kCloudKey},
    {"password", Suspicion::kSecret},
    {"passwd", Suspicion::kSecret},
    {"pwd", Suspicion::kSecret},
    {"passphrase", Suspicion::kSecret},
    {"passwordhash", Suspicion::kSecret},
    {"otp", Suspicion::kSecret},
    {"accesstoken", Suspicion::kSecret},
    {"apitoken", Suspicion::kSecret},
    {"sessionid", Suspicion::kSecret},
    {"secret", Suspicion::kSecret},
    {"token", Suspicion::kSecret},
    {"credential", Suspicion::kSecret},
    {"credentials", Suspicion::kSecret},
    {"session", Suspicion::kSecret},
    {"first name", Suspicion::kPersonName},
    {"last name", Suspicion::kPersonName},
    {"full name", Suspicion::kPersonName},
    {"given name", Suspicion::kPersonName},
    {"family name", Suspicion::kPersonName},
    {"surname", Suspicion::kPersonName},
    {"maiden name", Suspicion::kPersonName},
    {"firstname", Suspicion::kPersonName},
    {"lastname", Suspicion::kPersonName},
    {"fullname", Suspicion::kPersonName},
    {"givenname", Suspicion::kPersonName},
    {"familyname", Suspicion::kPersonName},
    {"display name", Suspicion::kPersonName},
    {"displayname", Suspicion::kPersonName},
    {"customer name", Suspicion::kPersonName},
    {"customername", Suspicion::kPersonName},
    {"contact name", Suspicion::kPersonName},
    {"contactname", Suspicion::kPersonName},
    {"birth", Suspicion::kBirthDate},
    {"birthday", Suspicion::kBirthDate},
    {"birthdate", Suspicion::kBirthDate},
    {"dateofbirth", Suspicion::kBirthDate},
    {"born", Suspicion::kBirthDate},
    {"dob", Suspicion::kBirthDate},
    {"address", Suspicion::kAddress},
    {"street", Suspicion::kAddress},
    {"postcode", Suspicion::kAddress},
    {"zip", Suspicion::kAddress},
    {"zipcode", Suspicion::kAddress},
    {"postal code", Suspicion::kAddress},
    {"postalcode", Suspicion::kAddress},
    {"streetaddress", Suspicion::kAddress},
    {"embedding", Suspicion::kEmbedding},
    {"embeddings", Suspicion::kEmbedding},
});

// Letters of other alphabets too: their bytes are from 0x80 on.
bool is_letter_of_any(char c) { return is_letter(c) || static_cast<unsigned char>(c) >= 0x80; }

bool has_plain_email(std::string_view text) {
  const auto local = [](char c) {
    return is_digit(c) || is_letter_of_any(c) || std::string_view("._%+-").find(c) != std::string_view::npos;
  };
  const auto of_domain = [](char c) { return is_digit(c) || is_letter_of_any(c) || c == '-' || c == '.'; };
  for (size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    if (at == 0 || !local(text[at - 1])) continue;
    size_t end = at + 1;
    while (end < text.size() && of_domain(text[end])) ++end;
    const auto domain = text.substr(at + 1, end - at - 1);
    const size_t dot = domain.rfind('.', domain.empty() ? 0 : domain.size() - 2);
    if (dot != std::string_view::npos && dot > 0 && domain.size() - dot >= 3 &&
        is_letter_of_any(domain[dot + 1]))
      return true;
  }
  return false;
}

bool has_email(std::string_view text) {
  constexpr std::string_view kSignInUrls = "%40";
  if (has_plain_email(text)) return true;
  size_t at = text.find(kSignInUrls);
  if (at == std::string_view::npos) return false;
  std::string plain(text);
  for (; at != std::string::npos; at = plain.find(kSignInUrls, at))
    plain.replace(at, kSignInUrls.size(), "@");
  return has_plain_email(plain);
}

// The longest runs of digits that blanks and hyphens may part, one at a time, with what stands around them.
template <typename Visit>
bool any_number(std::string_view text, Visit visit) {
  for (size_t at = 0; at < text.size();) {
    if (!is_digit(text[at])) {
      ++at;
      continue;
    }
    const size_t begin = at;
    size_t end = at;
    while (at < text.size() && (is_digit(text[at]) || ((text[at] == ' ' || text[at] == '-') &&
                                                       at + 1 < text.size() && is_digit(text[at + 1])))) {
      end = ++at;
    }
    const char before = begin == 0 ? ' ' : text[begin - 1];
    const char after = end == text.size() ? ' ' : text[end];
    if (visit(text.substr(begin, end - begin), before, after)) return true;
  }
  return false;
}

// 4111.1111.1111.1111
bool has_card_with_dots(std::string_view text) {
  constexpr size_t kLength = 19;
  constexpr size_t kGroup = 5;  // with its dot
  for (size_t dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.', dot + 1)) {
    if (dot + 1 < kGroup || dot + 1 - kGroup + kLength > text.size()) continue;
    const size_t begin = dot + 1 - kGroup;
    const auto whole = text.substr(begin, kLength);
    const char before = begin == 0 ? ' ' : text[begin - 1];
    const char after = begin + kLength == text.size() ? ' ' : text[begin + kLength];
    std::string digits;
    for (size_t i = 0; i < kLength; ++i) {
      if ((whole[i] == '.') != (i % kGroup == kGroup - 1)) break;
      if (whole[i] != '.') digits += whole[i];
    }
    if (digits.size() == 16 && digits[0] >= '2' && digits[0] <= '6' && is_luhn_right(digits) &&
        !is_word(before) && !is_word(after))
      return true;
  }
  return false;
}

// As the groups of UUIDs are, which may be digits alone: cards have four to six between hyphens.
bool has_long_group(std::string_view run) {
  constexpr size_t kLongest = 6;
  if (run.find('-') == std::string_view::npos) return false;
  for (size_t begin = 0; begin < run.size();) {
    const size_t end = std::min(run.find('-', begin), run.size());
    if (end - begin > kLongest) return true;
    begin = end + 1;
  }
  return false;
}

bool has_card(std::string_view text) {
  return has_card_with_dots(text) || any_number(text, [](std::string_view run, char before, char after) {
           if (run.size() < 13) return false;
           const auto digits = compact(run);
           return !has_long_group(run) && digits.size() >= 13 && digits.size() <= 19 && digits[0] >= '2' &&
                  digits[0] <= '6' && !is_word(before) && before != '.' && !is_word(after) && after != '.' &&
                  is_luhn_right(digits);
         });
}

// 0047 912 34 567: with something that parts the digits, as ids are padded with zeros, too.
bool is_international_number(std::string_view run, char before, char after) {
  if (run[0] != '0') return false;
  const auto digits = compact(run);
  return digits.size() < run.size() && digits.size() >= 10 && digits.size() <= 15 &&
         digits.starts_with("00") && digits[2] != '0' && !is_word(before) && !is_word(after) &&
         before != '-' && after != '-' && before != '.' && before != ':' && after != ':';
}

// +47 912 34 567, 0047 912 34 567, (415) 555-2671, 415-555-2671.
bool has_phone(std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    const bool plus = text[at] == '+';
    if ((!plus && text[at] != '(') || (at > 0 && is_word(text[at - 1]))) continue;
    size_t digits = 0;
    size_t end = at + 1;
    while (end < text.size() &&
           (is_digit(text[end]) || std::string_view(" -().").find(text[end]) != std::string_view::npos))
      digits += is_digit(text[end++]) ? 1 : 0;
    if (digits >= (plus ? 8U : 10U) && digits <= 15) return true;
  }
  return any_number(text, [](std::string_view run, char before, char after) {
    const bool american = run.size() == 12 && run[3] == '-' && run[7] == '-';
    return (american && !is_word(before) && !is_word(after)) || is_international_number(run, before, after);
  });
}

// 123-45-6789 of the United States.
bool has_national_id(std::string_view text) {
  return any_number(text, [](std::string_view run, char before, char after) {
    return run.size() == 11 && run[3] == '-' && run[6] == '-' && run.substr(0, 3) != "000" && run[0] != '9' &&
           !is_word(before) && !is_word(after);
  });
}

// Runs of characters that `belongs` takes.
template <typename Belongs, typename Visit>
bool any_run(std::string_view text, Belongs belongs, Visit visit) {
  for (size_t at = 0; at < text.size(); ++at) {
    const size_t begin = at;
    while (at < text.size() && belongs(text[at])) ++at;
    if (at > begin && visit(text.substr(begin, at - begin))) return true;
  }
  return false;
}

// In small letters many a digest begins like an account: one of a country that is known, as long as those
// are.
bool is_small_iban(std::string account) {
  struct Country {
    std::string_view code;
    size_t length;
  };
  constexpr auto kCountries = std::to_array<Country>({{"no", 15},
                                                      {"be", 16},
                                                      {"dk", 18},
                                                      {"fi", 18},
                                                      {"nl", 18},
                                                      {"at", 20},
                                                      {"ch", 21},
                                                      {"de", 22},
                                                      {"gb", 22},
                                                      {"ie", 22},
                                                      {"es", 24},
                                                      {"se", 24},
                                                      {"pt", 25},
                                                      {"fr", 27},
                                                      {"it", 27},
                                                      {"pl", 28}});
  constexpr size_t kDigitsAtEnd = 8;
  const bool known = std::any_of(kCountries.begin(), kCountries.end(), [&](const Country& country) {
    return account.size() == country.length && account.starts_with(country.code);
  });
  if (!known || !all_digits(std::string_view(account).substr(account.size() - kDigitsAtEnd))) return false;
  for (char& c : account) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return is_iban(account);
}

// Two letters and two digits, whatever blanks are between them.
bool may_begin_account(std::string_view run) {
  size_t seen = 0;
  for (const char c : run) {
    if (c == ' ') continue;
    if (is_digit(c) != (seen >= 2)) return false;
    if (++seen == 4) return true;
  }
  return false;
}

template <typename Belongs, typename IsAccount>
bool has_account(std::string_view text, Belongs belongs, IsAccount is_account) {
  return any_run(text, belongs, [&](std::string_view run) {
    // Words before and after may belong to the run: tried from the start of each word, until it comes out
    // right.
    for (size_t start = 0; start < run.size(); ++start) {
      if ((start > 0 && run[start - 1] != ' ') || !may_begin_account(run.substr(start))) continue;
      std::string account;
      for (size_t i = start; i < run.size() && account.size() < 34; ++i) {
        if (run[i] != ' ') account += run[i];
        if ((i + 1 == run.size() || run[i + 1] == ' ') && is_account(account)) return true;
      }
    }
    return false;
  });
}

bool has_iban(std::string_view text) {
  const auto great = [](char c) { return is_digit(c) || (c >= 'A' && c <= 'Z') || c == ' '; };
  const auto small = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == ' '; };
  return has_account(text, great, is_iban) || has_account(text, small, is_small_iban);
}

bool is_address(std::string_view run) {
  constexpr std::string_view kMapped = "::ffff:";  // in front of an address of IPv4
  while (!run.empty() && (run.back() == '.' || run.back() == ':')) run.remove_suffix(1);
  if (run.find('.') != std::string_view::npos && equals_ignoring_case(run.substr(0, kMapped.size()), kMapped))
    run.remove_prefix(kMapped.size());
  if (run.find('.') != std::string_view::npos) run = run.substr(0, run.find(':'));  // a port
  if (run.size() < 7 || run.size() > 45) return false;
  const std::string text(run);
  // This machine, or any: nobody's address.
  if (text.starts_with("127.") || text == "0.0.0.0") return false;
  std::array<unsigned char, 16> bytes{};
  const bool v4 =
      std::count(run.begin(), run.end(), '.') == 3 && ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1;
  // Times have two colons; addresses that matter have more.
  const bool v6 =
      std::count(run.begin(), run.end(), ':') >= 3 && ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
  return v4 || v6;
}

bool has_ip(std::string_view text) {
  const auto belongs = [](char c) { return hex_value(c) >= 0 || c == '.' || c == ':'; };
  return any_run(text, belongs, is_address);
}

bool is_token_character(char c) {
  return is_word(c) || std::string_view("+/=_-").find(c) != std::string_view::npos;
}

bool is_hex(std::string_view run) {
  return std::all_of(run.begin(), run.end(), [](char c) { return hex_value(c) >= 0 || c == '-'; });
}

double bits_per_character(std::string_view text) {
  std::array<size_t, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const size_t count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(text.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

// Random texts of letters of both cases and digits. Hexadecimal ones are mostly digests and ids: those are
// left to the name of the place.
bool is_random(std::string_view run) {
  if (run.size() < 20 || run.size() > 512 || is_hex(run)) return false;
  const auto has = [&](auto belongs) { return std::any_of(run.begin(), run.end(), belongs); };
  const bool mixed = has([](char c) { return is_digit(c); }) &&
                     has([](char c) { return c >= 'a' && c <= 'z'; }) &&
                     has([](char c) { return c >= 'A' && c <= 'Z'; });
  return mixed && bits_per_character(run) > 4.0;
}

bool has_cloud_key(std::string_view text) {
  constexpr auto kFronts =
      std::to_array<std::string_view>({"AKIA", "ASIA", "AIza", "ghp_", "gho_", "ghs_", "github_pat_",
                                       "glpat-", "sk_live_", "rk_live_", "xoxb-", "xoxp-"});
  return any_run(text, is_token_character, [&](std::string_view run) {
    return std::any_of(kFronts.begin(), kFronts.end(), [&](std::string_view front) {
      return run.starts_with(front) && run.size() >= front.size() + 12;
    });
  });
}

bool has_jwt(std::string_view text) {
  for (size_t at = text.find("eyJ"); at != std::string_view::npos; at = text.find("eyJ", at + 1)) {
    const size_t first = text.find('.', at);
    if (first != std::string_view::npos && first - at > 10 && first + 10 < text.size() &&
        std::all_of(text.begin() + static_cast<ptrdiff_t>(at), text.begin() + static_cast<ptrdiff_t>(first),
                    is_token_character) &&
        text.find('.', first + 1) != std::string_view::npos)
      return true;
  }
  return false;
}

bool has_private_key(std::string_view text) {
  const size_t at = text.find("-----BEGIN ");
  return at != std::string_view::npos && text.find("PRIVATE KEY", at) != std::string_view::npos;
}

// postgres://user:password@host
bool has_password_in_url(std::string_view text) {
  for (size_t at = text.find("://"); at != std::string_view::npos; at = text.find("://", at + 1)) {
    const auto authority = text.substr(at + 3, text.find_first_of("/ \t\r\n\"'<>", at + 3) - at - 3);
    const size_t sign = authority.rfind('@');
    const size_t colon = authority.substr(0, sign).find(':');
    // ${PASSWORD} and the like are put in elsewhere.
    const bool given = sign != std::string_view::npos && colon != std::string_view::npos &&
                       sign > colon + 1 && authority[colon + 1] != '$' && authority[colon + 1] != '{';
    if (given) return true;
  }
  return false;
}

bool has_secret(std::string_view text) {
  return has_password_in_url(text) || any_run(text, is_token_character, is_random);
}

struct Detector {
  bool (*finds)(std::string_view);
  Suspicion suspicion;
};
// The surest first: a text may be of several kinds.
constexpr auto kDetectors = std::to_array<Detector>({{has_private_key, Suspicion::kPrivateKey},
                                                     {has_jwt, Suspicion::kJwt},
                                                     {has_cloud_key, Suspicion::kCloudKey},
                                                     {has_email, Suspicion::kEmail},
                                                     {has_iban, Suspicion::kIban},
                                                     {has_card, Suspicion::kCard},
                                                     {has_national_id, Suspicion::kNationalId},
                                                     {has_phone, Suspicion::kPhone},
                                                     {has_ip, Suspicion::kIp},
                                                     {has_secret, Suspicion::kSecret}});

}  // namespace

std::string_view name_of(Suspicion suspicion) {
  constexpr auto kTexts = std::to_array<std::string_view>(
      {"e-mail address", "phone number", "payment card", "bank account", "IP address", "national id",
       "JSON web token", "private key", "cloud key", "secret", "person's name", "birth date",
       "postal address", "embedding"});
  return kTexts[static_cast<size_t>(suspicion)];
}

namespace {

// Phones and addresses are suspect as one phone is.
std::string singular_of(std::string word) {
  if (word.ends_with("sses")) return word.substr(0, word.size() - 2);
  const bool plural = word.size() > 2 && word.ends_with('s') && !word.ends_with("ss");
  return plural ? word.substr(0, word.size() - 1) : word;
}

// In `words`, which begin and end with a blank.
bool has_words(std::string_view words, std::string_view wanted) {
  for (size_t at = words.find(wanted); at != std::string_view::npos; at = words.find(wanted, at + 1)) {
    if (words[at - 1] == ' ' && words[at + wanted.size()] == ' ') return true;
  }
  return false;
}

}  // namespace

std::optional<Suspicion> suspect_name(std::string_view name) {
  std::string words = " ";
  std::string singular = " ";
  for (const auto& word : words_of(name)) {
    words += word + " ";
    singular += singular_of(word) + " ";
  }
  const auto has = [&](std::string_view wanted) {
    return has_words(words, wanted) || has_words(singular, wanted);
  };
  std::optional<Suspicion> found;
  size_t longest = 0;
  for (const auto& [wanted, suspicion] : kNames) {
    // The longest one tells most: an IP address is no postal one.
    if (wanted.size() <= longest || !has(wanted)) continue;
    found = suspicion;
    longest = wanted.size();
  }
  return found;
}

namespace {

std::optional<Suspicion> suspect_text(std::string_view text) {
  for (const auto& [finds, suspicion] : kDetectors) {
    if (finds(text)) return suspicion;
  }
  return std::nullopt;
}

// JSON may escape any sign: \u0040 is @.
std::string without_ascii_escapes(std::string_view text) {
  constexpr std::string_view kEscape = "\\u00";
  constexpr size_t kLength = 6;
  std::string plain;
  for (size_t at = 0; at < text.size();) {
    std::string sign;
    const bool escape = text.substr(at).starts_with(kEscape) && at + kLength <= text.size() &&
                        from_hex(text.substr(at + kEscape.size(), 2), sign);
    plain += escape ? sign : std::string(1, text[at]);
    at += escape ? kLength : 1;
  }
  return plain;
}

}  // namespace

std::optional<Suspicion> suspect_value(std::string_view value) {
  const auto look = value.substr(0, kLongestLook);
  const auto found = suspect_text(look);
  if (found || look.find("\\u00") == std::string_view::npos) return found;
  return suspect_text(without_ascii_escapes(look));
}

namespace {

std::string_view name_before(std::string_view text, size_t sign) {
  const auto skipped = [](char c) { return c == ' ' || c == '\t' || c == '"' || c == '\''; };
  size_t end = sign;
  while (end > 0 && skipped(text[end - 1])) --end;
  size_t begin = end;
  while (begin > 0 && (is_word(text[begin - 1]) || text[begin - 1] == '_' || text[begin - 1] == '-')) --begin;
  return text.substr(begin, end - begin);
}

std::string_view value_behind(std::string_view text, size_t sign) {
  const size_t begin = text.find_first_not_of(" \t\"'", sign + 1);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_first_of(" \t\r\n\"',;}", begin) - begin);
}

bool says_something(std::string_view value) {
  constexpr auto kSwitches =
      std::to_array<std::string_view>({"true", "false", "null", "none", "yes", "no", "on", "off", "~"});
  if (value.empty() || std::string_view("\r\n${[(<&*|>!#=").find(value.front()) != std::string_view::npos)
    return false;
  if (value.find_first_not_of("0123456789.") == std::string_view::npos) return false;
  return std::none_of(kSwitches.begin(), kSwitches.end(),
                      [&](std::string_view word) { return equals_ignoring_case(value, word); });
}

}  // namespace

std::optional<Suspicion> suspect_identifier(std::string_view name) {
  const auto found = suspect_value(name);
  return found == Suspicion::kSecret ? std::nullopt : found;
}

std::optional<Suspicion> suspect_settings(std::string_view text) {
  constexpr size_t kLongestName = 64;
  for (size_t sign = text.find_first_of(":="); sign != std::string_view::npos;
       sign = text.find_first_of(":=", sign + 1)) {
    const auto name = name_before(text, sign);
    if (name.empty() || name.size() > kLongestName || !says_something(value_behind(text, sign))) continue;
    if (const auto found = suspect_name(name)) return found;
  }
  return std::nullopt;
}

}  // namespace summit::masking
