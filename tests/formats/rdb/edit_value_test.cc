// Values that an editor changed read as what it made of them, and those that it left alone keep their bytes.
#include "formats/rdb/edit_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "formats/rdb/canonical.h"
#include "formats/rdb/encode.h"
#include "formats/rdb/packed.h"
#include "formats/rdb/value.h"
#include "rdb_builder.h"

namespace summit::rdb {
namespace {

// Applies functions to every text and every field.
class Editor final : public ValueEditor {
 public:
  std::function<Edit(std::string_view, std::string&)> on_text = [](std::string_view, std::string&) {
    return Edit::kKept;
  };
  std::function<bool(std::vector<EditedField>&)> on_fields = [](std::vector<EditedField>&) { return false; };
  std::vector<std::string> readers;

  Result<Edit> text(std::string_view text, std::string& out) override { return on_text(text, out); }
  Result<bool> fields(std::vector<EditedField>& fields) override { return on_fields(fields); }
  Result<void> reader_name(std::string_view name) override {
    readers.emplace_back(name);
    return {};
  }
};

// Says of everything that it was replaced, by itself.
Editor encode_anew() {
  Editor editor;
  editor.on_text = [](std::string_view text, std::string& out) {
    out = text;
    return Edit::kReplaced;
  };
  editor.on_fields = [](std::vector<EditedField>&) { return true; };
  return editor;
}

struct Edited {
  EditedValue value;
  Record::Kind kind = Record::Kind::kEnd;
  std::string digest;  // of the key with the edited value
};

// The only key of `file`.
Edited edited(std::string_view file, ValueEditor& editor) {
  Edited result;
  KeyDigester digester;
  Reader reader([&](const Record& record) -> Result<void> {
    if (record.kind != Record::Kind::kEntry) return {};
    ASSIGN_OR_RETURN(result.value, edit_value(record, editor));
    Record changed = record;
    if (result.value.edit == Edit::kReplaced) {
      changed.type = result.value.type;
      changed.value = as_bytes(result.value.bytes);
      changed.raw = changed.value;
    }
    ASSIGN_OR_RETURN(const auto digest, digester.digest(changed));
    result.digest = digest ? to_hex(*digest) : "";
    return {};
  });
  const auto fed = reader.feed(as_bytes(file));
  EXPECT_TRUE(fed.ok()) << fed.error().message();
  return result;
}

std::string file_with(ValueType type, std::string_view value) {
  return rdb_file(entry(type, "key", value), 12);
}

TEST(EditValue, EncodedAnewEveryTypeHasTheSameContent) {
  Editor editor = encode_anew();
  KeyDigester digester;
  int values = 0;
  Reader reader([&](const Record& record) -> Result<void> {
    if (record.kind != Record::Kind::kEntry) return {};
    const std::string key(record.key);
    ASSIGN_OR_RETURN(const auto value, edit_value(record, editor));
    EXPECT_EQ(value.edit, Edit::kReplaced) << key;
    Record changed = record;
    changed.type = value.type;
    changed.value = as_bytes(value.bytes);
    std::string raw;
    append_entry(raw, changed);
    changed.raw = as_bytes(raw);
    ASSIGN_OR_RETURN(const auto before, digester.digest(record));
    ASSIGN_OR_RETURN(const auto after, digester.digest(changed));
    EXPECT_EQ(before, after) << key;
    ++values;
    return {};
  });
  const auto fed = reader.feed(as_bytes(sample_file()));
  ASSERT_TRUE(fed.ok()) << fed.error().to_string();
  EXPECT_GT(values, 10);
}

TEST(EditValue, WhatIsLeftAloneIsKept) {
  Editor editor;
  const auto records = read_all(sample_file());
  ASSERT_TRUE(records.ok());
  for (const auto& record : *records) {
    if (record.kind != Record::Kind::kEntry) continue;
    const auto type = static_cast<ValueType>(record.type);
    EXPECT_EQ(edited(file_with(type, record.value), editor).value.edit, Edit::kKept) << record.key;
  }
}

TEST(EditValue, TextsAreReplacedAndRemoved) {
  Editor editor;
  editor.on_text = [](std::string_view text, std::string& out) {
    if (text == "go") return Edit::kRemoved;
    if (text != "old") return Edit::kKept;
    out = "new";
    return Edit::kReplaced;
  };
  const auto list =
      edited(file_with(ValueType::kListZiplist, text(ziplist({"a", "go", "old", "17"}))), editor);
  EXPECT_EQ(list.digest, digest_of_value(ValueType::kList, length(3) + text("a") + text("new") + text("17")));
  const auto gone = edited(file_with(ValueType::kSetListpack, text(listpack({"go"}))), editor);
  EXPECT_EQ(gone.value.edit, Edit::kRemoved);
  const auto string = edited(file_with(ValueType::kString, text("go")), editor);
  EXPECT_EQ(string.value.edit, Edit::kRemoved);
}

// The server refuses a set that holds a member twice.
TEST(EditValue, MembersThatBecomeEqualAreOne) {
  Editor editor;
  editor.on_text = [](std::string_view, std::string& out) {
    out = "x";
    return Edit::kReplaced;
  };
  const auto set = edited(file_with(ValueType::kSetListpack, text(listpack({"a", "b", "c"}))), editor);
  EXPECT_EQ(set.value.bytes, length(1) + text("x"));
  const auto sorted =
      edited(file_with(ValueType::kSortedSetListpack, text(listpack({"a", "1", "b", "2"}))), editor);
  EXPECT_EQ(sorted.digest, digest_of_value(ValueType::kSortedSetListpack, text(listpack({"x", "1"}))));
}

TEST(EditValue, FieldsOfAHashKeepTheirExpiries) {
  Editor editor;
  editor.on_fields = [](std::vector<EditedField>& fields) {
    for (auto& field : fields) {
      field.removed = field.name == "gone";
      if (field.name == "email") field.value = "masked";
    }
    return true;
  };
  const std::string before =
      fixed(1000, 8) + text(listpack({"gone", "x", "1000", "email", "a@b.c", "5000", "plain", "y", "0"}));
  const std::string after = fixed(5000, 8) + text(listpack({"email", "masked", "5000", "plain", "y", "0"}));
  EXPECT_EQ(edited(file_with(ValueType::kHashListpackEx, before), editor).digest,
            digest_of_value(ValueType::kHashListpackEx, after));
}

TEST(EditValue, AnEntryOfAStreamIsNeverWithoutFields) {
  Editor editor;
  editor.on_fields = [](std::vector<EditedField>& fields) {
    for (auto& field : fields) field.removed = true;
    return true;
  };
  const auto records = read_all(sample_file());
  ASSERT_TRUE(records.ok());
  for (const auto& record : *records) {
    if (record.kind != Record::Kind::kEntry || record.type < 15) continue;
    if (data_type_of(record.type).value() != DataType::kStream) continue;
    const auto changed = edited(file_with(static_cast<ValueType>(record.type), record.value), editor);
    EXPECT_EQ(changed.value.edit, Edit::kReplaced);
    EXPECT_EQ(changed.digest.size(), 64U) << "it can be read";
  }
}

TEST(Encode, ListpackElementsReadBack) {
  using Limits = std::numeric_limits<int64_t>;
  std::vector<int64_t> numbers{0, Limits::min(), Limits::max()};
  for (int bit = 0; bit < 63; ++bit) {
    for (const int64_t near : {-1, 0, 1}) {
      numbers.push_back((int64_t{1} << bit) + near);
      numbers.push_back(-(int64_t{1} << bit) + near);
    }
  }
  ListpackWriter writer;
  for (const int64_t number : numbers) writer.add(number);
  size_t at = 0;
  const std::string packed = writer.finish();
  const auto read = for_each_in_listpack(packed, 0, [&](const PackedElement& element) -> Result<void> {
    EXPECT_TRUE(element.is_integer());
    EXPECT_EQ(element.integer(), numbers[at++]);
    return {};
  });
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(at, numbers.size());

  for (const size_t size : {0, 63, 64, 125, 126, 127, 4095, 4096, 16377, 16378, 16379, 2097145, 2097146}) {
    writer.add(std::string(size, 't'));
    std::string scratch;
    const std::string one = writer.finish();
    EXPECT_TRUE(for_each_in_listpack(one, 0,
                                     [&](const PackedElement& element) -> Result<void> {
                                       EXPECT_EQ(element.text(scratch).size(), size);
                                       return {};
                                     })
                    .ok())
        << size;
  }
}

TEST(Encode, LengthsReadBack) {
  for (const uint64_t value : {0ULL, 63ULL, 64ULL, 16383ULL, 16384ULL, 0xffffffffULL, 0x100000000ULL}) {
    std::string bytes;
    append_length(bytes, value);
    EXPECT_EQ(bytes, length(value));
  }
}

}  // namespace
}  // namespace summit::rdb
