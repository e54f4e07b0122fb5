#include "masking/leak/text_search.h"

#include <random>

#include "core/utf8.h"
#include "masking/leak/value_shape.h"
#include "tests/masking/leak/leak_world.h"

namespace summit::masking {
namespace {

TEST_F(LeakTest, FindsAValueWhateverStandsAroundIt) {
  replaced("ada@mail.org");
  seal();
  for (const char* text : {
           "ada@mail.org",
           "Write to Ada@Mail.org, please",
           "xada@mail.orgx",
           "{\"note\":{\"from\":\"ADA@MAIL.ORG\"}}",
           "{ada@mail.org,NULL}",
           "<ada@\nmail.org>",
           "session:ada@mail.org:7",
       })
    EXPECT_TRUE(holds(text)) << text;
  for (const char* text : {"", "ada@mail", "ada@mail.or g.com"})
    EXPECT_EQ(holds(text), std::string_view(text).find("or g") != std::string_view::npos) << text;
  EXPECT_FALSE(holds("bob@mail.org"));
}

TEST_F(LeakTest, FindsAValueInWhatATextEncodes) {
  replaced("ada@mail.org");
  replaced("Ada \"Countess\" Lovelace");
  seal();
  for (const char* text : {
           "https://x.org/?q=ada%40mail.org&r=1",
           R"({"a":"ada\u0040mail.org"})",
           R"({"a":"Ada \"Countess\" Lovelace"})",
           R"({\\"a\\":\\"Ada \\\\"Countess\\\\" Lovelace\\"})",
           R"(7	\\x616461406d61696c2e6f7267	x)",
           "0x616461406D61696C2E6F7267",
           "%61%64%61%2540mail.org",
           R"(Ada\n\"Countess\"\tLovelace)",
       })
    EXPECT_TRUE(holds(text)) << text;
}

TEST_F(LeakTest, FindsAValueAmongDoubledQuotesAndEntities) {
  replaced("Sean O'Brien");
  replaced("Ola \"Bear\" Nordmann");
  replaced("Tom & Sons <ltd>");
  seal();
  for (const char* text : {
           "COMMENT ON TABLE t IS 'of Sean O''Brien'",
           "SELECT 'INSERT INTO t VALUES (''Sean O''''Brien'')'",
           R"(1	("Ola ""Bear"" Nordmann",1)	x)",
           R"(("Ola ""Bear"" Nordmann","",1))",
           R"(("""{""a"": 1}"" Ola ""Bear"" Nordmann"))",
           "<name>Sean O&#39;Brien</name>",
           "<name>Sean O&#x27;Brien &amp; Co</name>",
           "<name>Sean&#10;O&apos;Brien</name>",
           "&lt;i&gt;Ola &quot;Bear&quot; Nordmann",
           "Tom &amp; Sons &lt;Ltd&gt;",
           "Tom &amp;amp; Sons &amp;lt;Ltd&amp;gt;",
       }) {
    EXPECT_TRUE(holds(text)) << text;
    EXPECT_TRUE(holds(text, Separators::kTabAndBreak)) << text;
    EXPECT_TRUE(holds(std::string(1000, '.') + text + std::string(1000, '.'))) << text;
  }
  EXPECT_FALSE(holds(R"({"a":"","b": "", "c":["",""]} Sean O&x;Brien & ; &#; &#x110000; '')"));
}

TEST_F(LeakTest, FindsAValueInHexadecimalDigitsWhereverTheyBegin) {
  replaced("jane.doe@mail.org");
  seal();
  const std::string digits = to_hex(as_bytes("jane.doe@mail.org"));
  for (size_t before = 0; before < 40; ++before) {
    EXPECT_TRUE(holds(std::string(before, '-') + digits)) << before;
    EXPECT_TRUE(
        holds("abc " + std::string(before, 'x') + " 0123456 " + digits + "\tdef", Separators::kTabAndBreak))
        << before;
    EXPECT_TRUE(holds("0123456789abcdef " + std::string(before, '-') + digits)) << before;
  }
}

TEST_F(LeakTest, ComparesLettersOfEveryAlphabetWithoutCase) {
  const std::vector<std::pair<std::string, std::string>> pairs = {
      {"Åse Ødegård", "hos ÅSE ØDEGÅRD i dag"},
      {"Анна Каренина", "АННА КАРЕНИНА"},
      {"ΟΔΥΣΣΕΥΣ Ω", "οδυσσευς ω"},
      {"Łukasz Żółć", "łUKASZ żÓŁĆ"},
      {"ŠKODA Jiří Ćuk", "škoda JIŘÍ ćUK"},
      {"İsmail Kılıç", "ismail KILIÇ"},
      {"Nguyễn Thị Ánh", "NGUYỄN THỊ ÁNH"},
      {"Արամ Խաչատրյան", "ԱՐԱՄ ԽԱՉԱՏՐՅԱՆ"},
      {"შოთა რუსთაველი", "ᲨᲝᲗᲐ ᲠᲣᲡᲗᲐᲕᲔᲚᲘ"},
      {"ＡＬＩＣＥ １", "ａｌｉｃｅ １"},
      {"ꭰꭱꭲꭳꭴ", "ᎠᎡᎢᎣᎤ"},
      {"𐐀𐐁𐐂𐐃", "𐐨𐐩𐐪𐐫"},
      {"ȺȾȺȾȺȾ", "ⱥⱦⱥⱦⱥⱦ"},
  };
  for (const auto& pair : pairs) replaced(pair.first);
  seal();
  for (const auto& [original, other] : pairs) {
    EXPECT_TRUE(holds(original)) << original;
    EXPECT_TRUE(holds(other)) << other;
  }
}

TEST_F(LeakTest, BlanksOfAnyWidthAndSignsWithoutAShapeDoNotCount) {
  replaced("Karin Nordmann");
  seal();
  for (const char* blank : {"\u00A0", "\u1680", "\u2003", "\u2009", "\u200B", "\u2028", "\u202F", "\u205F",
                            "\u3000", "\u00AD", "\u200F", "\uFEFF", "\u0085"}) {
    EXPECT_TRUE(holds(std::string("Karin") + blank + "Nordmann"));
    EXPECT_TRUE(holds(std::string("<") + blank + "Kar" + blank + "in" + "Nordmann" + blank + ">",
                      Separators::kTabAndBreak));
  }
}

// The normalised text has no more room than its original.
TEST_F(LeakTest, NoCharacterGrowsWhenItIsNormalised) {
  NormalizedText normalized;
  std::string all;
  for (uint32_t point = 1; point < 0x110000; ++point) {
    if (point >= 0xD800 && point < 0xE000) continue;
    std::string one;
    append_utf8(point, one);
    normalized.assign(one, Separators::kNone);
    ASSERT_LE(normalized.text().size(), one.size()) << point;
    all += one;
  }
  normalized.assign(all, Separators::kNone);
  EXPECT_LE(normalized.text().size(), all.size());
}

TEST_F(LeakTest, BytesThatAreNoTextStayAsTheyAre) {
  NormalizedText normalized;
  for (const std::string bytes :
       {"\xC3", "\xC0\x80", "\xE2\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\x80\xFF"}) {
    normalized.assign(bytes, Separators::kNone);
    EXPECT_EQ(normalized.text(), bytes);
  }
}

TEST_F(LeakTest, NumbersAreNotFoundInsideOfLongerOnes) {
  replaced("4791234567");
  replaced("10.20.30.40");
  replaced("81.20.30.4");
  seal();
  for (const char* text :
       {"tel 4791234567.", "a,4791234567,b", "5 4791234567 6", "ip=81.20.30.4:80", "{\"p\":4791234567}"})
    EXPECT_TRUE(holds(text)) << text;
  for (const char* text : {"14791234567", "47912345678", "a4791234567", "0.4791234567", "4791234567.5",
                           "181.20.30.4", "81.20.30.41"})
    EXPECT_FALSE(holds(text)) << text;
}

TEST_F(LeakTest, ShortNumbersAreNotFoundAmongTheNumbersOfADocument) {
  replaced("91234567");
  seal();
  EXPECT_TRUE(holds("call 91234567 now"));
  EXPECT_TRUE(holds(R"({"phone":"91234567"})"));
  EXPECT_FALSE(holds(R"({"id":91234567,"n":[1,91234567]})"));
}

TEST_F(LeakTest, AFractionOfZerosMakesNoOtherNumber) {
  replaced("4711471147");
  seal();
  for (const char* text : {"4711471147.00", "a 4711471147.0 b", "{\"p\":4711471147.000}", "4711471147."})
    EXPECT_TRUE(holds(text)) << text;
  for (const char* text : {"4711471147.01", "4711471147.10", "4711471147.001"})
    EXPECT_FALSE(holds(text)) << text;
}

TEST_F(LeakTest, AReplacedAmountIsFoundWithoutItsFractionOfZeros) {
  replaced("4711471147.00", "postgresql:public.users.phone");
  replaced("4711471148.50");
  seal();
  for (const char* text : {"4711471147", "4711471147.00", "tel 4711471147.", "4711471148.50"})
    EXPECT_TRUE(holds(text)) << text;
  for (const char* text : {"4711471147.5", "4711471148"}) EXPECT_FALSE(holds(text)) << text;
}

TEST_F(LeakTest, ANumberIsWholeAsAnElementOfAnArrayToo) {
  replaced("4711471147");
  seal();
  const auto whole = [&](std::string_view text) {
    bool all = false;
    text_search().search(text, Separators::kNone, [&](const LeakMatch& match) {
      all = match.whole;
      return true;
    });
    return all;
  };
  for (const char* text :
       {"4711471147", "4711471147.00", "{4711471147}", "{1,4711471147.00,NULL}", "{{1},{4711471147}}"})
    EXPECT_TRUE(whole(text)) << text;
  for (const char* text : {"{1-4711471147}", "x 4711471147", "{4711471147.5}", "4711471147-1"})
    EXPECT_FALSE(whole(text)) << text;
}

TEST_F(LeakTest, NoValueReachesAcrossFieldsAndRows) {
  replaced("AdaLovelace");
  seal();
  EXPECT_TRUE(holds("Ada Lovelace", Separators::kTabAndBreak));
  EXPECT_TRUE(holds("Ada\\tLovelace", Separators::kTabAndBreak));
  EXPECT_FALSE(holds("Ada\tLovelace", Separators::kTabAndBreak));
  EXPECT_FALSE(holds("Ada\nLovelace", Separators::kTabAndBreak));
}

TEST_F(LeakTest, ValuesThatMaskingWritesItselfAreNotSought) {
  replaced("dev_7@example.com", "postgresql:public.contacts.email", "aaaa@example.com");
  replaced("ada@mail.org", "postgresql:public.users.email", "dev_7@example.com");
  replaced("[REDACTED]", "postgresql:public.notes.text");
  const auto& table = seal({"[REDACTED FOR DEV/TEST]", "[REDACTED]"});
  EXPECT_EQ(table.counts().also_stand_in, 1U);
  EXPECT_FALSE(holds("dev_7@example.com"));
  EXPECT_FALSE(holds("[REDACTED FOR DEV/TEST]"));
  EXPECT_TRUE(holds("ada@mail.org"));
}

TEST_F(LeakTest, ShortAndCommonValuesAreSoughtInTheirOwnPlaceAlone) {
  replaced("secret7", "postgresql:public.users.pin");
  replaced("192.168.1.10", "postgresql:public.audit_logs.user_ip");
  replaced("1990-05-01", "postgresql:public.users.born");
  const auto& table = seal();
  EXPECT_EQ(table.counts(), (ReplacedCounts{.own_place = 2, .not_sought = 1}));
  const auto pin = table.place_number("postgresql:public.users.pin").value();
  const auto ip = table.place_number("postgresql:public.audit_logs.user_ip").value();
  EXPECT_NE(text_search().find_in_place(pin, "Secret7"), nullptr);
  EXPECT_EQ(text_search().find_in_place(ip, "secret7"), nullptr);
  EXPECT_NE(text_search().find_in_place(ip, "192.168.1.10"), nullptr);
  EXPECT_FALSE(holds("secret7 192.168.1.10 1990-05-01"));
}

TEST_F(LeakTest, TellsWhereAValueCameFromAndThatItIsAll) {
  replaced("ada@mail.org");
  replaced("4711471147114711", "redis:card:*");
  ASSERT_TRUE(log().add_canary("first", "canary-4c1f").ok());
  EXPECT_EQ(log().add_canary("second", "short").error().code(), Code::kUsage);
  const auto& table = seal();
  std::vector<std::tuple<std::string, bool, bool>> found;
  const auto keep = [&](const LeakMatch& match) {
    found.emplace_back(table.place(match.record->place), match.whole, match.digits_only);
    return true;
  };
  text_search().search("ADA@mail.org", Separators::kNone, keep);
  text_search().search("card 4711471147114711 and canary-4c1f", Separators::kNone, keep);
  EXPECT_THAT(found, testing::ElementsAre(std::tuple("postgresql:public.users.email", true, false),
                                          std::tuple("redis:card:*", false, true),
                                          std::tuple("canary:first", false, false)));
}

TEST_F(LeakTest, OfALongValueItsBeginningIsSought) {
  const std::string text(3000, 'x');
  std::string note = "Witness lives in Storgata 1. ";
  for (int i = 0; i < 400; ++i) note += fmt::format("{} ", i * 7919);
  replaced(note);
  seal();
  EXPECT_TRUE(holds(note));
  EXPECT_TRUE(holds("> " + note.substr(0, 2000)));
  EXPECT_FALSE(holds(note.substr(0, 500)));
}

// What this search must find, the slow way: every value in every text, normalised in place.
bool naive(const std::vector<std::string>& values, const std::string& text) {
  const auto normal = [](std::string_view from) {
    std::string to;
    for (const char c : from)
      if (c != ' ') to += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return to;
  };
  return std::any_of(values.begin(), values.end(), [&](const std::string& value) {
    return normal(text).find(normal(value)) != std::string::npos;
  });
}

TEST_F(LeakTest, FindsWhatANaiveSearchFindsInRandomTexts) {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same texts in every run
  const auto word = [&](size_t shortest, size_t longest) {
    std::string made(std::uniform_int_distribution<size_t>(shortest, longest)(random), 'a');
    for (char& c : made) c = "aAbB@ "[random() % 6];
    return made;
  };
  std::vector<std::string> values;
  for (int i = 0; i < 60; ++i) {
    auto value = word(10, i % 10 == 0 ? 90 : 16);
    NormalizedText normalized;
    normalized.assign(value, Separators::kNone);
    if (reach_of(normalized.text()) == Reach::kAnywhere) values.push_back(value);
  }
  for (const auto& value : values) replaced(value);
  seal();
  int found = 0;
  for (int i = 0; i < 20000; ++i) {
    auto text = word(0, 60);
    if (i % 4 == 0) text.insert(random() % (text.size() + 1), values[random() % values.size()]);
    ASSERT_EQ(holds(text), naive(values, text)) << text;
    found += holds(text) ? 1 : 0;
  }
  EXPECT_GT(found, 4000);
  EXPECT_LT(found, 16000);
}

TEST_F(LeakTest, FindsValuesOfEveryLength) {
  std::mt19937 random(11);  // NOLINT(cert-msc51-cpp): the same texts in every run
  std::vector<std::string> values;
  for (size_t length = kShortestAnywhere; length <= kLongestSearched; length += length < 80 ? 1 : 37) {
    std::string value(length, 'x');
    for (char& c : value) c = static_cast<char>('a' + random() % 26);
    values.push_back(value);
    replaced(value);
  }
  seal();
  for (const auto& value : values) {
    EXPECT_TRUE(holds("-" + value + "-")) << value.size();
    EXPECT_FALSE(holds(value.substr(1))) << value.size();
  }
}

TEST_F(LeakTest, FindsWhatLiesAcrossTheBlocksOfAStream) {
  replaced("ada@mail.org");
  seal();
  for (const size_t before : {0UL, 256 * KiB - 5, 268 * KiB - 3, 600 * KiB + 1}) {
    std::string content(before, '-');
    content += "ada@mail.org";
    content.append(300 * KiB, '-');
    StreamSearch stream(text_search());
    int found = 0;
    const auto count = [&found](const LeakMatch&) {
      ++found;
      return true;
    };
    for (size_t at = 0; at < content.size(); at += 65537)
      stream.write(as_bytes(std::string_view(content).substr(at, 65537)), count);
    stream.finish(count);
    EXPECT_GE(found, 1) << before;
  }
}

}  // namespace
}  // namespace summit::masking
