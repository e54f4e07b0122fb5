// A PostgreSQL archive: its head is read and written again, and all of it is parsed, in one piece and in
// many.
#include <optional>
#include <string>

#include "formats/pgarchive/contents.h"
#include "formats/pgarchive/parser.h"
#include "tests/fuzz/input.h"

namespace summit::pgarchive {
namespace {

// Keeps everything it hears as one text, up to a limit that no seed comes near.
class Listener final : public Consumer {
 public:
  // With a sample every other frame is passed over, and the last ones come again.
  explicit Listener(bool samples) : samples_(samples) {}

  Result<void> on_contents(const Contents& contents) override {
    return note(fmt::format("{} entries", contents.entries.size()));
  }
  Result<void> on_table_begin(const Entry& entry) override { return note(fmt::format("<{}>", entry.id)); }
  Result<void> on_frame() override {
    wants_frame_ = !samples_ || !wants_frame_;
    return {};
  }
  bool wants_frame() const override { return wants_frame_; }
  bool wants_last_frames() const override { return samples_; }
  Result<void> on_rows(ByteView bytes) override { return note(as_text(bytes)); }
  Result<void> on_table_end() override { return note("</>"); }
  Result<void> on_large_object_begin(const Entry& entry, uint32_t oid) override {
    return note(fmt::format("<{} {}>", entry.id, oid));
  }
  Result<void> on_large_object(ByteView bytes) override { return note(as_text(bytes)); }
  Result<void> on_large_object_end() override { return note("</>"); }

  const std::string& heard() const { return heard_; }

 private:
  Result<void> note(std::string_view text) {
    heard_.append(text);
    if (heard_.size() > 16 * MiB) return Error(Code::kFailed, "the input says too much");
    return {};
  }
  const bool samples_;
  bool wants_frame_ = true;
  std::string heard_;
};

// What was heard, if the archive is whole.
std::optional<std::string> parsed(ByteView input, bool samples, bool in_one_piece) {
  Listener listener(samples);
  Parser parser(listener);
  bool good = true;
  if (in_one_piece) {
    good = parser.feed(input).ok();
  } else {
    fuzz::feed_in_blocks(input, [&](ByteView block) { return good = parser.feed(block).ok(); });
  }
  if (!good || !parser.finish().ok()) return std::nullopt;
  return listener.heard();
}

void try_head(std::string_view input) {
  const auto head = read_contents(input);
  if (!head.ok() || !*head) return;
  const Head& read = **head;
  const std::string written = write_contents(read.contents);
  fuzz::require(written.size() == read.length, "a head is as long written as it was read");
  const auto again = read_contents(written);
  fuzz::require(again.ok() && again->has_value(), "what is written can be read");
  fuzz::require(write_contents((*again)->contents) == written, "what was read is written as it was");
}

}  // namespace
}  // namespace summit::pgarchive

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace summit;
  pgarchive::try_head(fuzz::text_of(bytes, size));
  const ByteView input = fuzz::bytes_of(bytes, size);
  for (const bool samples : {false, true}) {
    fuzz::require(pgarchive::parsed(input, samples, true) == pgarchive::parsed(input, samples, false),
                  "blocks of any size give the same");
  }
  return 0;
}
