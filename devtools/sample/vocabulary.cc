#include "devtools/sample/vocabulary.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/bytes.h"
#include "core/time.h"

namespace summit::sample {

namespace {

const std::vector<std::string> kFirstNames{
    "Ada",  "Björk",  "Chiara",     "Dmitri", "Elif",  "Fatima", "Goran", "Hana",   "Ines",  "Jürgen",
    "Kofi", "Lucía",  "Małgorzata", "Noor",   "Oisín", "Priya",  "Quinn", "Renée",  "Søren", "Thảo",
    "Uma",  "Viktor", "Wanjiru",    "Xiù",    "Yusuf", "Zoë",    "李",    "さくら", "محمد",  "שירה"};
const std::vector<std::string> kLastNames{
    "Anders",  "Bianchi", "Castro",     "Dvořák",  "Eriksen",     "Fischer",      "García",  "Haddad",
    "Ivanova", "Jansen",  "Kaya",       "Lefèvre", "Mbeki",       "Nguyễn",       "O'Brien", "Petrov",
    "Quispe",  "Rossi",   "Sato",       "Tanaka",  "Ünal",        "van der Berg", "Weiß",    "Xu",
    "Yılmaz",  "Zhang",   "de la Cruz", "김",      "Smith-Jones", "Łukasik"};
const std::vector<std::string> kWords{
    "account", "analyst",  "archive", "border",   "cargo",   "case",     "chain",    "channel", "claim",
    "contact", "courier",  "customs", "deposit",  "device",  "document", "evidence", "export",  "finding",
    "freight", "graph",    "harbour", "identity", "invoice", "journal",  "ledger",   "lead",    "letter",
    "link",    "manifest", "meeting", "message",  "network", "notice",   "office",   "order",   "pattern",
    "payment", "permit",   "phone",   "port",     "profile", "question", "receipt",  "record",  "report",
    "route",   "sample",   "shell",   "signal",   "source",  "trace",    "transfer", "vehicle", "vessel",
    "visit",   "warrant",  "witness", "zone"};
const std::vector<std::string> kForms{"Ltd", "GmbH", "S.A.", "LLC", "& Sons", "Holding", "N.V.", "合同会社"};
const std::vector<std::string> kStreets{"Main Street", "Lindenallee", "Rue de l'Église", "Calle Mayor",
                                        "Улица Мира",  "King's Road", "中山路"};

std::string long_line() {
  std::string line;
  while (line.size() < 20000) line += "all work and no play makes a dull backup; ";
  return line;
}

}  // namespace

std::string person_name(Random& random) { return random.pick(kFirstNames) + " " + random.pick(kLastNames); }

std::string organisation_name(Random& random) {
  std::string word = random.pick(kWords);
  word[0] = static_cast<char>(word[0] - 'a' + 'A');
  return fmt::format("{} {} {}", random.pick(kLastNames), word, random.pick(kForms));
}

std::string sentence(Random& random) {
  std::string text;
  const uint64_t words = 4 + random.below(12);
  for (uint64_t i = 0; i < words; ++i) {
    if (i != 0) text += ' ';
    text += random.pick(kWords);
  }
  text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text + ".";
}

std::string paragraph(Random& random, size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += sentence(random) + (random.chance(0.1) ? "\n" : " ");
  return text;
}

std::string street_address(Random& random) {
  return fmt::format("{} {}\n{:05} {}", 1 + random.below(250), random.pick(kStreets), random.below(99999),
                     random.pick(kLastNames) + "ville");
}

std::string phone_number(Random& random) {
  return fmt::format("+{} {} {:07}", 1 + random.below(98), 100 + random.below(900), random.below(10000000));
}

std::string ip_address(Random& random) {
  if (random.chance(0.2))
    return fmt::format("2001:db8:{:x}:{:x}::{:x}", random.below(65536), random.below(65536),
                       1 + random.below(65535));
  return fmt::format("198.51.{}.{}", random.below(256), random.below(256));
}

std::string hex(Random& random, size_t digits) {
  std::string text;
  while (text.size() < digits) text += fmt::format("{:016x}", random.next());
  text.resize(digits);
  return text;
}

std::string uuid(Random& random) {
  const std::string digits = hex(random, 32);
  return fmt::format("{}-{}-4{}-a{}-{}", digits.substr(0, 8), digits.substr(8, 4), digits.substr(13, 3),
                     digits.substr(17, 3), digits.substr(20));
}

std::string bytes(Random& random, size_t count) {
  std::string text(count, '\0');
  for (char& c : text) c = static_cast<char>(random.below(256));
  return text;
}

const std::vector<std::string>& awkward_texts() {
  static const std::vector<std::string> texts{
      "",
      " ",
      "  leading and trailing  ",
      "it's a 'quoted' \"value\"",
      "tab\there, newline\nthere, return\r\nand form feed\f",
      "back\\slash, \\n that is none, \\x41, \\.",
      "\\N",
      "\\.",
      "NULL",
      "null",
      "$$dollar$$ $1 ${HOME} `id`",
      "'; DROP TABLE users; --",
      "{\"json\": [1, null, \"x\"]}",
      "<a href=\"x\">&amp;</a>",
      "comma,semicolon;pipe|equals=hash#percent%",
      "emoji 🚢🕵️‍♀️👨‍👩‍👧‍👦 flag 🇺🇳",
      "עברית ואז English ואז עברית",
      "العربية مع ١٢٣ أرقام",
      "zero\u200bwidth, no\u00a0break, bidi \u202eoverride\u202c, bom \ufeff",
      "combining e\u0301 is not \u00e9",
      "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈 beyond the basic plane",
      "control \x01\x02\x1b[31mred\x1b[0m \x7f",
      "日本語、中文、한국어",
      "ßẞ İi Iı ŉ ǆ",
      long_line(),
  };
  return texts;
}

std::string some_text(Random& random) {
  return random.chance(0.03) ? random.pick(awkward_texts()) : sentence(random);
}

std::string timestamp(int64_t at) { return to_rfc3339(Instant(std::chrono::microseconds(at))); }

std::string date(int64_t at) { return timestamp(at).substr(0, 10); }

std::string json_string(const std::string& text) { return nlohmann::json(text).dump(); }

}  // namespace summit::sample
