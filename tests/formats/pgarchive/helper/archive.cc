#include "tests/formats/pgarchive/helper/archive.h"

#include <algorithm>

#include "formats/pgarchive/primitives.h"

namespace summit::pgarchive {

namespace {

Entry entry(int64_t id, std::string_view description, std::string_view tag, Section section) {
  Entry made;
  made.id = id;
  made.catalog_oid = "1259";
  made.oid = std::to_string(16000 + id);
  made.tag = tag;
  made.description = description;
  made.section = section;
  made.definition = "";
  made.drop = "";
  made.schema = "public";
  made.owner = "summit";
  made.with_oids = "false";
  made.offset_state = Entry::kNoData;
  made.offset.assign(8, 0);
  return made;
}

Entry with_data(Entry made) {
  made.has_data = true;
  made.offset_state = 1;
  return made;
}

void must(const Result<void>& result) {
  if (!result.ok()) std::abort();
}

using End = std::string (*)(const CompressionChoice&, const PartChecksum&);

std::vector<std::string> compressed(const CompressionChoice& choice, std::string_view plain, size_t part,
                                    End end) {
  std::vector<std::string> pieces{stream_begin(choice)};
  PartChecksum total;
  for (; !plain.empty(); plain.remove_prefix(std::min(part, plain.size()))) {
    auto compressor = std::move(PartCompressor::create(choice)).value();
    pieces.emplace_back();
    total = combine(total, compressor->compress(as_bytes(plain.substr(0, part)), &pieces.back()).value());
  }
  pieces.push_back(end(choice, total));
  return pieces;
}

}  // namespace

Contents sample_contents(Compression compression) {
  Contents contents;
  contents.compression = compression;
  contents.created = {56, 34, 12, 21, 10, 126, 0};
  contents.database = "summit";
  contents.server_version = "16.15 (Debian 16.15-1)";
  contents.tool_version = "16.15";
  contents.entries.push_back(entry(1, "ENCODING", "ENCODING", Section::kPreData));
  contents.entries.back().schema.reset();
  contents.entries.push_back(entry(2, "EXTENSION", "hstore", Section::kPreData));
  contents.entries.push_back(entry(3, "TABLE", "users", Section::kPreData));
  contents.entries.back().definition = "CREATE TABLE public.users (id integer, name text);\n";
  contents.entries.back().access_method = "heap";
  contents.entries.back().dependencies = {"2", "1"};
  contents.entries.push_back(with_data(entry(11, "TABLE DATA", "users", Section::kData)));
  contents.entries.back().copy = "COPY public.users (id, name) FROM stdin;\n";
  contents.entries.back().dependencies = {"3"};
  contents.entries.push_back(with_data(entry(12, "TABLE DATA", "empty", Section::kData)));
  contents.entries.back().copy = "COPY public.empty (id) FROM stdin;\n";
  contents.entries.push_back(with_data(entry(13, "BLOBS", "BLOBS", Section::kData)));
  return contents;
}

std::string sample_archive(Compression compression, const SampleData& data, size_t part) {
  const CompressionChoice choice{compression, 3};
  const Contents contents = sample_contents(compression);
  std::string archive;
  ArchiveWriter writer([&](ByteView bytes) -> Result<void> {
    archive.append(as_text(bytes));
    return {};
  });
  const auto write = [&](const std::vector<std::string>& pieces) {
    for (const auto& piece : pieces) must(writer.piece(as_bytes(piece)));
  };
  must(writer.write_contents(contents));
  must(writer.begin_table(*contents.find(11)));
  write(compressed_table(choice, data.users, part));
  must(writer.end_table());
  must(writer.begin_table(*contents.find(12)));
  write(compressed_table(choice, "", part));
  must(writer.end_table());
  must(writer.begin_large_objects(*contents.find(13)));
  for (const auto& [oid, bytes] : data.large_objects) {
    must(writer.begin_large_object(oid));
    write(compressed_large_object(choice, bytes, part));
    must(writer.end_large_object());
  }
  must(writer.end_large_objects());
  return archive;
}

std::vector<std::string> compressed_table(const CompressionChoice& choice, std::string_view rows,
                                          size_t part) {
  return compressed(choice, rows, part, table_end);
}

std::vector<std::string> compressed_large_object(const CompressionChoice& choice, std::string_view bytes,
                                                 size_t part) {
  return compressed(choice, bytes, part, large_object_end);
}

std::string integer(int64_t value) {
  std::string stored;
  write_integer(stored, value, 4);
  return stored;
}

std::string block(uint8_t type, int64_t id) { return std::string(1, static_cast<char>(type)) + integer(id); }

std::string chunk(std::string_view bytes) {
  return integer(static_cast<int64_t>(bytes.size())) + std::string(bytes);
}

Result<void> Recorder::on_contents(const Contents& /*contents*/) {
  calls.emplace_back("contents");
  return {};
}

Result<void> Recorder::on_table_begin(const Entry& entry) {
  table_ = entry.tag.value_or("");
  rows[table_];
  calls.push_back("begin " + table_);
  frames = 0;
  return {};
}

Result<void> Recorder::on_frame() {
  ++frames;
  return {};
}

Result<void> Recorder::on_last_frames() {
  calls.emplace_back("last frames");
  return {};
}

Result<void> Recorder::on_rows(ByteView bytes) {
  views.push_back(bytes.size());
  if (keep) rows[table_].append(as_text(bytes));
  return {};
}

Result<void> Recorder::on_table_end() {
  calls.emplace_back("end");
  return {};
}

Result<void> Recorder::on_large_object_begin(const Entry& /*entry*/, uint32_t oid) {
  oid_ = oid;
  large_objects[oid];
  calls.push_back("begin " + std::to_string(oid));
  return {};
}

Result<void> Recorder::on_large_object(ByteView bytes) {
  large_objects[oid_].append(as_text(bytes));
  return {};
}

Result<void> Recorder::on_large_object_end() {
  calls.emplace_back("end");
  return {};
}

Result<void> parse(std::string_view archive, Consumer& consumer, size_t block) {
  Parser parser(consumer);
  for (; !archive.empty(); archive.remove_prefix(std::min(block, archive.size())))
    RETURN_IF_ERROR(parser.feed(as_bytes(archive.substr(0, block))));
  return parser.finish();
}

}  // namespace summit::pgarchive
