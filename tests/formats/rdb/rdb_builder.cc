#include "rdb_builder.h"

#include <charconv>

#include "core/files.h"
#include "formats/rdb/canonical.h"
#include "formats/rdb/crc64.h"

namespace summit::rdb {

namespace {

std::optional<int64_t> as_number(const std::string& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || std::to_string(number) != text) return {};
  return number;
}

std::string listpack_element(const std::string& element) {
  const auto number = as_number(element);
  if (number && *number >= 0 && *number < 128) return std::string(1, static_cast<char>(*number));
  if (number && *number >= -4096 && *number < 4096) {
    const auto bits = static_cast<uint64_t>(*number) & 0x1fff;
    return {static_cast<char>(0xc0 | bits >> 8), static_cast<char>(bits & 0xff)};
  }
  if (number && *number >= -32768 && *number < 32768)
    return "\xf1" + fixed(static_cast<uint64_t>(*number), 2);
  if (number && *number >= -8388608 && *number < 8388608)
    return "\xf2" + fixed(static_cast<uint64_t>(*number), 3);
  if (number && *number >= INT32_MIN && *number <= INT32_MAX)
    return "\xf3" + fixed(static_cast<uint64_t>(*number), 4);
  if (number) return "\xf4" + fixed(static_cast<uint64_t>(*number), 8);
  if (element.size() < 64) return static_cast<char>(0x80 | element.size()) + element;
  if (element.size() < 4096)
    return std::string{static_cast<char>(0xe0 | element.size() >> 8),
                       static_cast<char>(element.size() & 0xff)} +
           element;
  return "\xf0" + fixed(element.size(), 4) + element;
}

std::string back_length(size_t size) {
  if (size <= 127) return std::string(1, static_cast<char>(size));
  if (size < 16383) return {static_cast<char>(size >> 7), static_cast<char>((size & 127) | 128)};
  return {static_cast<char>(size >> 14), static_cast<char>((size >> 7 & 127) | 128),
          static_cast<char>((size & 127) | 128)};
}

std::string ziplist_element(const std::string& element) {
  const auto number = as_number(element);
  if (number && *number >= 0 && *number <= 12) return std::string(1, static_cast<char>(0xf1 + *number));
  if (number && *number >= INT8_MIN && *number <= INT8_MAX)
    return "\xfe" + fixed(static_cast<uint64_t>(*number), 1);
  if (number && *number >= INT16_MIN && *number <= INT16_MAX)
    return "\xc0" + fixed(static_cast<uint64_t>(*number), 2);
  if (number && *number >= -8388608 && *number < 8388608)
    return "\xf0" + fixed(static_cast<uint64_t>(*number), 3);
  if (number && *number >= INT32_MIN && *number <= INT32_MAX)
    return "\xd0" + fixed(static_cast<uint64_t>(*number), 4);
  if (number) return "\xe0" + fixed(static_cast<uint64_t>(*number), 8);
  if (element.size() < 64) return static_cast<char>(element.size()) + element;
  if (element.size() < 16384)
    return std::string{static_cast<char>(0x40 | element.size() >> 8),
                       static_cast<char>(element.size() & 0xff)} +
           element;
  return "\x80" + big_endian(element.size(), 4) + element;
}

}  // namespace

std::string fixed(uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  return bytes;
}

std::string big_endian(uint64_t value, int size) {
  const std::string bytes = fixed(value, size);
  return {bytes.rbegin(), bytes.rend()};
}

std::string length(uint64_t value) {
  if (value < 64) return std::string(1, static_cast<char>(value));
  if (value < 16384) return {static_cast<char>(0x40 | value >> 8), static_cast<char>(value & 0xff)};
  if (value <= UINT32_MAX) return "\x80" + big_endian(value, 4);
  return "\x81" + big_endian(value, 8);
}

std::string text(std::string_view bytes) { return length(bytes.size()) + std::string(bytes); }

std::string listpack(const std::vector<std::string>& elements) {
  std::string body;
  for (const auto& element : elements) {
    const std::string encoded = listpack_element(element);
    body += encoded + back_length(encoded.size());
  }
  return fixed(body.size() + 7, 4) + fixed(elements.size(), 2) + body + "\xff";
}

std::string ziplist(const std::vector<std::string>& elements) {
  std::string body;
  size_t previous = 0;
  size_t tail = 10;
  for (const auto& element : elements) {
    tail = 10 + body.size();
    const std::string back = previous < 254 ? fixed(previous, 1) : "\xfe" + fixed(previous, 4);
    const std::string encoded = back + ziplist_element(element);
    body += encoded;
    previous = encoded.size();
  }
  return fixed(body.size() + 11, 4) + fixed(tail, 4) + fixed(elements.size(), 2) + body + "\xff";
}

std::string zipmap(const std::vector<std::pair<std::string, std::string>>& fields) {
  const auto size_of = [](const std::string& text) {
    return text.size() < 254 ? fixed(text.size(), 1) : "\xfe" + fixed(text.size(), 4);
  };
  std::string bytes = fixed(fields.size(), 1);
  for (const auto& [name, value] : fields) {
    // Two bytes behind the value are free, as after a shorter value was set.
    bytes += size_of(name) + name + size_of(value) + "\x02" + value + "zz";
  }
  return bytes + "\xff";
}

std::string intset(const std::vector<int64_t>& members, uint32_t width) {
  std::string bytes = fixed(width, 4) + fixed(members.size(), 4);
  for (const int64_t member : members) bytes += fixed(static_cast<uint64_t>(member), static_cast<int>(width));
  return bytes;
}

std::string rdb_file(std::string_view records, int version) {
  std::string file = fmt::format("REDIS{:04}", version) + std::string(records) + "\xff";
  if (version < kFirstVersionWithChecksum) return file;
  return file + fixed(crc64(0, as_bytes(file)), 8);
}

std::string entry(ValueType type, std::string_view key, std::string_view value) {
  return std::string(1, static_cast<char>(type)) + text(key) + std::string(value);
}

Result<std::vector<SeenRecord>> read_all(std::string_view file, size_t block) {
  std::vector<SeenRecord> records;
  Reader reader([&](const Record& record) -> Result<void> {
    records.push_back({record.kind, record.db, std::string(as_text(record.raw)), std::string(record.name),
                       std::string(record.text), std::string(record.key), std::string(as_text(record.value)),
                       record.type, record.expires_at_ms, record.idle_seconds, record.frequency});
    return {};
  });
  for (size_t at = 0; at < file.size(); at += block)
    RETURN_IF_ERROR(reader.feed(as_bytes(file.substr(at, block))));
  RETURN_IF_ERROR(reader.finish());
  return records;
}

std::string digest_of(std::string_view file, std::optional<int64_t> not_expired_at_ms) {
  KeyDigester digester(not_expired_at_ms);
  std::string found = "no key";
  Reader reader([&](const Record& record) -> Result<void> {
    if (record.kind != Record::Kind::kEntry) return {};
    ASSIGN_OR_RETURN(const auto digest, digester.digest(record));
    found = digest ? to_hex(*digest) : "not there";
    return {};
  });
  auto fed = reader.feed(as_bytes(file));
  if (fed.ok()) fed = reader.finish();
  return fed.ok() ? found : fed.error().message();
}

std::string digest_of_value(ValueType type, std::string_view value) {
  return digest_of(rdb_file(entry(type, "key", value), kNewestVersion));
}

std::string sample_file() {
  return read_file(SUMMIT_SOURCE_DIR "/tests/fuzz/corpus/rdb/redis-7.0-all-types.rdb")
      .value_or("the sample is missing");
}

}  // namespace summit::rdb
