#include "formats/pgarchive/parser.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "formats/pgarchive/contents_reader.h"
#include "formats/pgarchive/decompressor.h"
#include "formats/pgarchive/primitives.h"

namespace summit::pgarchive {

namespace {

constexpr int64_t kLargestChunk = int64_t{GiB};
// Of a frame of zstd: what is decompressed before the consumer is asked again.
constexpr size_t kPiece = 64 * KiB;
// The mark that closes the rows is a frame of its own, and the one before may be short.
constexpr size_t kLastFrames = 3;
constexpr size_t kLongestKept = 4 * MiB;
constexpr std::string_view kFrameMagic = "\x28\xb5\x2f\xfd";  // RFC 8878, 3.1.1

// Passes on rows, less the mark that closes them: holds back the bytes that may turn out to be it.
class RowsWithoutEnd {
 public:
  explicit RowsWithoutEnd(Consumer& consumer) : consumer_(consumer) {}

  void begin(bool marked) {
    marked_ = marked;
    held_ = 0;
    at_row_begin_ = true;
  }

  Result<void> pass(std::string_view rows) {
    if (!marked_) return give(rows);
    if (held_ > 0) {
      for (; held_ < kEndOfRows.size() && rows.starts_with(kEndOfRows[held_]); ++held_) rows.remove_prefix(1);
      if (rows.empty()) return {};
      RETURN_IF_ERROR(give(kEndOfRows.substr(0, std::exchange(held_, 0))));
    }
    held_ = std::min(rows.size(), kEndOfRows.size());
    while (!rows.ends_with(kEndOfRows.substr(0, held_))) --held_;
    // A value may end like this too, but its backslash is doubled.
    const size_t begin = rows.size() - held_;
    if (!(begin == 0 ? at_row_begin_ : rows[begin - 1] == '\n')) held_ = 0;
    return give(rows.substr(0, rows.size() - held_));
  }

  Result<void> end() {
    if (held_ == kEndOfRows.size()) return {};
    return give(kEndOfRows.substr(0, held_));
  }

 private:
  Result<void> give(std::string_view rows) {
    if (rows.empty()) return {};
    at_row_begin_ = rows.ends_with('\n');
    return consumer_.on_rows(as_bytes(rows));
  }

  Consumer& consumer_;
  bool marked_ = false;
  size_t held_ = 0;  // bytes of kEndOfRows that came last
  bool at_row_begin_ = true;
};

}  // namespace

// What comes next in the archive decides what happens with the bytes: each state but kContents and kChunk
// waits for a field of fixed size.
struct Parser::State {
  enum class Expect { kContents, kBlock, kLargeObject, kChunkLength, kChunk };

  explicit State(Consumer& to) : consumer(to), rows(to) {}

  Result<void> feed(std::string_view bytes);
  Result<void> feed_contents(std::string_view& bytes);
  Result<void> begin_data(Contents&& read);
  Result<void> prepare_decompressor();
  Result<void> feed_chunk(std::string_view& bytes);
  Result<void> feed_head(std::string_view& bytes);
  Result<void> take_data(std::string_view data);
  Result<void> begin_frame();
  void keep(std::string_view data);
  Result<void> pass_over_frame();
  Result<void> give_last_frames();
  Result<void> feed_field(std::string_view& bytes);

  size_t field_size() const {
    return static_cast<size_t>(contents->integer_size) + (expect == Expect::kBlock ? 2 : 1);
  }
  Result<void> take_field(std::string_view field);
  Result<void> begin_block(std::string_view field);
  Result<void> begin_large_object(int64_t oid);
  Result<void> begin_chunk(int64_t length);
  Result<void> end_data();

  bool has_frames() const { return contents->compression == Compression::kZstd && large_object == 0; }

  Result<void> finish();
  Error corrupt(std::string_view what) const;
  Error located(Error error) const;

  Consumer& consumer;
  RowsWithoutEnd rows;
  ContentsReader head;
  Contents own;
  const Contents* contents = &own;  // or known before
  std::set<int64_t> left_out;
  std::unordered_map<int64_t, const Entry*> awaited;  // entries whose block has not come yet
  std::unique_ptr<Decompressor> decompressor;

  Expect expect = Expect::kContents;
  uint64_t offset = 0;           // of the next byte
  std::string field;             // the part of a field at the end of the last bytes fed
  const Entry* entry = nullptr;  // of the block in hand
  uint32_t large_object = 0;     // in hand; 0 in a table
  bool passed_over = false;      // the rest of the table in hand
  bool frame_passed_over = false;
  std::vector<std::string> last_frames;  // of the table, compressed, where they are wanted
  uint64_t chunk_left = 0;
  size_t head_left = 0;          // of the chunk's first bytes, which tell whether it begins like a frame
  bool consumer_failed = false;  // of the last call
};

Result<void> Parser::State::feed(std::string_view bytes) {
  if (expect == Expect::kContents) {
    RETURN_IF_ERROR(feed_contents(bytes));
  } else {
    RETURN_IF_ERROR(prepare_decompressor());
  }
  while (!bytes.empty()) {
    if (expect == Expect::kChunk) {
      RETURN_IF_ERROR(feed_chunk(bytes));
    } else {
      RETURN_IF_ERROR(feed_field(bytes));
    }
  }
  return {};
}

// Takes all bytes; those after the table of contents come back through the reader.
Result<void> Parser::State::feed_contents(std::string_view& bytes) {
  ASSIGN_OR_RETURN(const bool complete, head.feed(bytes));
  bytes = {};
  if (!complete) return {};
  offset = head.length();
  RETURN_IF_ERROR(begin_data(std::move(head.contents())));
  const ContentsReader read = std::move(head);
  return feed(read.rest());
}

Result<void> Parser::State::begin_data(Contents&& read) {
  own = std::move(read);
  expect = Expect::kBlock;
  for (const Entry& each : own.entries) {
    if (!each.has_block() || left_out.contains(each.id)) continue;
    if (!awaited.emplace(each.id, &each).second)
      return corrupt(fmt::format("two entries have the number {}", each.id));
  }
  RETURN_IF_ERROR(prepare_decompressor());
  return consumer.on_contents(own);
}

Result<void> Parser::State::prepare_decompressor() {
  if (decompressor) return {};
  ASSIGN_OR_RETURN(decompressor, Decompressor::create(contents->compression, [this](ByteView plain) {
                     auto taken =
                         large_object == 0 ? rows.pass(as_text(plain)) : consumer.on_large_object(plain);
                     consumer_failed = !taken.ok();
                     return taken;
                   }));
  return {};
}

Result<void> Parser::State::feed_chunk(std::string_view& bytes) {
  if (head_left > 0) return feed_head(bytes);
  const size_t most = has_frames() ? kPiece : bytes.size();
  const size_t size = static_cast<size_t>(std::min<uint64_t>({chunk_left, bytes.size(), most}));
  RETURN_IF_ERROR(take_data(bytes.substr(0, size)));
  bytes.remove_prefix(size);
  offset += size;
  chunk_left -= size;
  if (chunk_left == 0) expect = Expect::kChunkLength;
  return {};
}

Result<void> Parser::State::feed_head(std::string_view& bytes) {
  const std::string_view part = bytes.substr(0, head_left);
  field += part;
  bytes.remove_prefix(part.size());
  offset += part.size();
  chunk_left -= part.size();
  head_left -= part.size();
  if (head_left > 0) return {};
  const std::string beginning = std::exchange(field, {});
  if (chunk_left == 0) expect = Expect::kChunkLength;
  passed_over = passed_over || !consumer.wants_rows();
  if (beginning == kFrameMagic && !passed_over) RETURN_IF_ERROR(begin_frame());
  return take_data(beginning);
}

Result<void> Parser::State::begin_frame() {
  frame_passed_over = false;
  RETURN_IF_ERROR(consumer.on_frame());
  if (!consumer.wants_last_frames()) {
    last_frames.clear();
    return {};
  }
  if (last_frames.size() < kLastFrames) {
    last_frames.emplace_back();
  } else {
    // The oldest gives its room.
    std::rotate(last_frames.begin(), last_frames.begin() + 1, last_frames.end());
    last_frames.back().clear();
  }
  return {};
}

Result<void> Parser::State::take_data(std::string_view data) {
  passed_over = passed_over || (large_object == 0 && !consumer.wants_rows());
  if (passed_over) return {};
  if (!last_frames.empty()) keep(data);
  if (frame_passed_over) return {};
  if (large_object == 0 && !consumer.wants_frame()) return pass_over_frame();
  auto written = decompressor->write(as_bytes(data));
  if (!written.ok()) return located(std::move(written).error());
  return {};
}

// The next frame begins as the first one did.
Result<void> Parser::State::pass_over_frame() {
  frame_passed_over = true;
  rows.begin(entry->copy.has_value());
  return decompressor->begin();
}

void Parser::State::keep(std::string_view data) {
  if (last_frames.back().size() + data.size() > kLongestKept) {
    last_frames.clear();
  } else {
    last_frames.back() += data;
  }
}

Result<void> Parser::State::give_last_frames() {
  RETURN_IF_ERROR(pass_over_frame());
  RETURN_IF_ERROR(consumer.on_last_frames());
  for (const auto& frame : last_frames) {
    auto written = decompressor->write(as_bytes(frame));
    if (!written.ok()) return located(std::move(written).error());
  }
  return {};
}

Result<void> Parser::State::feed_field(std::string_view& bytes) {
  const size_t missing = field_size() - field.size();
  const std::string_view part = bytes.substr(0, missing);
  bytes.remove_prefix(part.size());
  offset += part.size();
  if (field.empty() && part.size() == missing) return take_field(part);
  field.append(part);
  if (part.size() < missing) return {};
  const std::string whole = std::exchange(field, {});
  return take_field(whole);
}

Result<void> Parser::State::take_field(std::string_view whole) {
  if (expect == Expect::kBlock) return begin_block(whole);
  Cursor cursor(whole, 0, contents->integer_size);
  const int64_t value = cursor.integer();
  if (!cursor.damage().empty()) return corrupt(cursor.damage());
  return expect == Expect::kLargeObject ? begin_large_object(value) : begin_chunk(value);
}

Result<void> Parser::State::begin_block(std::string_view whole) {
  Cursor cursor(whole, 0, contents->integer_size);
  const uint8_t type = cursor.byte();
  const int64_t id = cursor.integer();
  if (!cursor.damage().empty()) return corrupt(cursor.damage());
  if (type != kTableBlock && type != kLargeObjectsBlock)
    return corrupt(fmt::format("a block has the unknown type {}", type));
  const auto found = awaited.find(id);
  if (found == awaited.end())
    return corrupt(fmt::format("a block is that of entry {}, which has none or had it before", id));
  entry = found->second;
  awaited.erase(found);
  if (entry->is("BLOBS") != (type == kLargeObjectsBlock))
    return corrupt("its block has the type of another kind of entry");
  if (type == kLargeObjectsBlock) {
    expect = Expect::kLargeObject;
    return {};
  }
  expect = Expect::kChunkLength;
  large_object = 0;
  passed_over = false;
  frame_passed_over = false;
  last_frames.clear();
  rows.begin(entry->copy.has_value());
  RETURN_IF_ERROR(decompressor->begin());
  return consumer.on_table_begin(*entry);
}

Result<void> Parser::State::begin_large_object(int64_t oid) {
  if (oid == 0) {
    expect = Expect::kBlock;
    entry = nullptr;
    return {};
  }
  // pg_dump writes an oid as a signed integer of its own size.
  if (oid < INT32_MIN || oid > UINT32_MAX) return corrupt("the oid of a large object is out of range");
  large_object = static_cast<uint32_t>(oid);
  passed_over = false;
  frame_passed_over = false;
  last_frames.clear();
  expect = Expect::kChunkLength;
  RETURN_IF_ERROR(decompressor->begin());
  return consumer.on_large_object_begin(*entry, large_object);
}

Result<void> Parser::State::begin_chunk(int64_t length) {
  if (length == 0) return end_data();
  if (length < 0 || length > kLargestChunk) return corrupt("a chunk of data has an impossible length");
  chunk_left = static_cast<uint64_t>(length);
  head_left = has_frames() && chunk_left >= kFrameMagic.size() ? kFrameMagic.size() : 0;
  expect = Expect::kChunk;
  return {};
}

Result<void> Parser::State::end_data() {
  if (!passed_over) {
    if (!last_frames.empty() && consumer.wants_rows()) RETURN_IF_ERROR(give_last_frames());
    auto ended = decompressor->end();
    if (!ended.ok()) return located(std::move(ended).error());
    if (large_object != 0) {
      expect = Expect::kLargeObject;
      return consumer.on_large_object_end();
    }
    RETURN_IF_ERROR(rows.end());
  }
  expect = Expect::kBlock;
  entry = nullptr;
  return consumer.on_table_end();
}

Result<void> Parser::State::finish() {
  if (expect == Expect::kContents) return corrupt("it ends within its table of contents");
  if (expect != Expect::kBlock || !field.empty()) return corrupt("it ends within a block");
  if (awaited.empty()) return {};
  for (const Entry& each : contents->entries) {
    if (awaited.contains(each.id)) {
      entry = &each;
      return corrupt("its data are missing");
    }
  }
  return {};
}

Error Parser::State::corrupt(std::string_view what) const {
  return located(Error(Code::kCorrupt, "{}", what));
}

// Only what the parser itself found gets a place: a consumer's error tells its own story.
Error Parser::State::located(Error error) const {
  if (consumer_failed) return error;
  std::string where = fmt::format("the archive is damaged near byte {}", offset);
  if (entry != nullptr) {
    where += fmt::format(", in {} {}", entry->description.value_or("entry"), entry->tag.value_or(""));
    if (large_object != 0) where += fmt::format(", large object {}", large_object);
  }
  return std::move(error).at(where).hint("run `summit-dr verify` on this backup, or take another one");
}

Parser::Parser(Consumer& consumer, std::set<int64_t> left_out) : state_(std::make_unique<State>(consumer)) {
  state_->left_out = std::move(left_out);
}
Parser::Parser(Consumer& consumer, const Contents& contents) : state_(std::make_unique<State>(consumer)) {
  state_->contents = &contents;
  state_->expect = State::Expect::kBlock;
}
Parser::~Parser() = default;

Result<void> Parser::feed(ByteView bytes) { return state_->feed(as_text(bytes)); }
Result<void> Parser::finish() { return state_->finish(); }

void Parser::expect(const Entry& entry, uint64_t offset) {
  state_->offset = offset;
  state_->awaited = {{entry.id, &entry}};
}

const Contents* Parser::contents() const {
  return state_->expect == State::Expect::kContents ? nullptr : state_->contents;
}

Result<bool> Parser::leave_table(uint64_t offset) {
  State& state = *state_;
  if (!state.passed_over || state.entry == nullptr) return false;
  state.offset = offset;
  state.field.clear();
  RETURN_IF_ERROR(state.end_data());
  return true;
}

}  // namespace summit::pgarchive
