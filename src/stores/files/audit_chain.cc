#include "stores/files/audit_chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/digest.h"
#include "core/time.h"

namespace summit::files {
namespace {

constexpr size_t kLongestEvent = 16 * MiB;

struct Entry {
  uint64_t seq = 0;
  std::string prev_hash;
  std::string hash;  // as the line says
  std::string computed;
};

struct Outcome {
  std::optional<Entry> entry;
  std::string problem;
};

std::optional<std::string> canonical_value(const nlohmann::json& value) {
  const auto typed = [](char type, const std::string& text) {
    return fmt::format("{}{}:{}", type, text.size(), text);
  };
  if (value.is_string()) return typed('s', value.get_ref<const std::string&>());
  if (value.is_number_integer()) return typed('i', value.dump());
  if (value.is_boolean()) return typed('b', value.get<bool>() ? "true" : "false");
  if (value.is_null()) return typed('z', "");
  return std::nullopt;
}

// A name that occurs twice would let two readers see two different entries under one hash.
std::optional<nlohmann::json> parse_object(std::string_view line) {
  std::set<std::string> names;
  bool twice = false;
  const auto watch = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    if (event == nlohmann::json::parse_event_t::key && depth == 1)
      twice = twice || !names.insert(parsed.get<std::string>()).second;
    return true;
  };
  auto object = nlohmann::json::parse(line, watch, /*allow_exceptions=*/false);
  if (object.is_discarded() || !object.is_object() || twice) return std::nullopt;
  return object;
}

std::optional<std::string> text_member(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

bool is_hash(const std::string& text) {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Outcome read_entry(std::string_view line) {
  const auto object = parse_object(line);
  if (!object) return {{}, "not one JSON object with each name once"};
  Sha256 digest;
  for (const auto& [name, value] : object->items()) {  // in byte order of the names
    if (name == "hash") continue;
    const auto canonical = canonical_value(value);
    if (!canonical) return {{}, fmt::format("member `{}` is neither text, integer, boolean nor null", name)};
    digest.update(fmt::format("{}:{}={}\n", name.size(), name, *canonical));
  }
  Entry entry;
  entry.computed = to_hex(digest.finish());
  const auto seq = object->find("seq");
  if (seq == object->end() || !seq->is_number_unsigned())
    return {{}, "member `seq` is missing or no positive integer"};
  entry.seq = seq->get<uint64_t>();
  for (const char* name : {"ts", "actor", "action", "prev_hash"})
    if (!text_member(*object, name)) return {{}, fmt::format("member `{}` is missing or no text", name)};
  if (!from_rfc3339(*text_member(*object, "ts"))) return {{}, "member `ts` is no instant"};
  entry.prev_hash = *text_member(*object, "prev_hash");
  entry.hash = text_member(*object, "hash").value_or("");
  if (!is_hash(entry.prev_hash)) return {{}, "member `prev_hash` is no hash"};
  return {std::move(entry), {}};
}

}  // namespace

std::optional<std::string> hash_of_entry(std::string_view line) {
  auto outcome = read_entry(line);
  if (!outcome.entry) return std::nullopt;
  return std::move(outcome.entry->computed);
}

ChainChecker::ChainChecker(std::string path) { segment_.path = std::move(path); }

void ChainChecker::fail(std::string_view what) {
  if (segment_.problem.empty()) segment_.problem = fmt::format("{}:{}: {}", segment_.path, number_, what);
}

void ChainChecker::feed(std::string_view bytes) {
  while (!bytes.empty() && segment_.problem.empty()) {
    const size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (line_.size() + piece.size() > kLongestEvent) {
      ++number_;
      fail("the line is longer than 16 MiB");
      return;
    }
    line_ += piece;
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    ++number_;
    check_line(line_);
    line_.clear();
  }
}

void ChainChecker::check_line(std::string_view line) {
  const Outcome outcome = read_entry(line);
  if (!outcome.entry) return fail(outcome.problem);
  const Entry& entry = *outcome.entry;
  if (entry.hash != entry.computed) return fail("hash differs: the entry was changed");
  if (segment_.entries == 0) {
    segment_.first_seq = entry.seq;
    segment_.first_prev_hash = entry.prev_hash;
  } else if (entry.seq != segment_.last_seq + 1) {
    return fail(fmt::format("seq is {} after {}: entries are missing or in another order", entry.seq,
                            segment_.last_seq));
  } else if (entry.prev_hash != segment_.last_hash) {
    return fail("prev_hash is not the hash of the entry before");
  }
  ++segment_.entries;
  segment_.last_seq = entry.seq;
  segment_.last_hash = entry.hash;
}

ChainSegment ChainChecker::finish() {
  segment_.unfinished_line = segment_.problem.empty() && !line_.empty();
  return std::move(segment_);
}

ChainReport join_chain(std::vector<ChainSegment> segments) {
  ChainReport report;
  std::ranges::stable_sort(segments, {}, &ChainSegment::first_seq);
  const ChainSegment* before = nullptr;
  for (const auto& segment : segments) {
    report.entries += segment.entries;
    if (!segment.problem.empty() && !report.problem) report.problem = segment.problem;
    if (segment.unfinished_line)
      report.notes.push_back(fmt::format("{}: the last line was still being written", segment.path));
    if (segment.entries == 0) continue;
    if (before == nullptr && segment.first_seq != 1) {
      report.notes.push_back(
          fmt::format("the chain begins with seq {}: older entries are elsewhere", segment.first_seq));
    } else if (before == nullptr && segment.first_prev_hash != std::string(64, '0')) {
      if (!report.problem) report.problem = segment.path + ":1: the first entry's prev_hash is not zero";
    } else if (before != nullptr &&
               (segment.first_seq != before->last_seq + 1 || segment.first_prev_hash != before->last_hash)) {
      if (!report.problem)
        report.problem = fmt::format("{}:1: does not continue {} (seq {} after {})", segment.path,
                                     before->path, segment.first_seq, before->last_seq);
    }
    before = &segment;
  }
  if (before != nullptr) report.head = fmt::format("{} {}", before->last_seq, before->last_hash);
  return report;
}

}  // namespace summit::files
