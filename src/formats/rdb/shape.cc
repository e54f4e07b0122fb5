#include "formats/rdb/shape.h"

#include <algorithm>

#include "formats/rdb/cursor.h"
#include "formats/rdb/types.h"

namespace summit::rdb {

namespace {

using Kind = Step::Kind;

constexpr Step kString{Kind::kString};
constexpr Step kLength{Kind::kLength};
constexpr Step fixed(uint8_t size) { return {Kind::kFixed, size}; }
constexpr Step repeat(Shape body) { return {Kind::kRepeat, 0, body}; }

constexpr Step kOneString[] = {kString};
constexpr Step kTwoStrings[] = {kString, kString};
constexpr Step kLengthAndString[] = {kLength, kString};
constexpr Step kOneLength[] = {kLength};
constexpr Step kTwoLengths[] = {kLength, kLength};
constexpr Step kThreeLengths[] = {kLength, kLength, kLength};
constexpr Step kOneByte[] = {fixed(1)};
constexpr Step kFourBytes[] = {fixed(4)};
constexpr Step kEightBytes[] = {fixed(8)};

constexpr Step kStrings[] = {repeat(kOneString)};
constexpr Step kPairs[] = {repeat(kTwoStrings)};
constexpr Step kQuicklist2[] = {repeat(kLengthAndString)};
constexpr Step kMemberAndText[] = {kString, {Kind::kTextDouble}};
constexpr Step kSortedSet[] = {repeat(kMemberAndText)};
constexpr Step kMemberAndDouble[] = {kString, fixed(8)};
constexpr Step kSortedSet2[] = {repeat(kMemberAndDouble)};
constexpr Step kExpiringField[] = {kLength, kString, kString};
constexpr Step kHashMetadataPreRelease[] = {repeat(kExpiringField)};
constexpr Step kHashMetadata[] = {fixed(8), repeat(kExpiringField)};
constexpr Step kHashListpackEx[] = {fixed(8), kString};
constexpr Step kModule[] = {kLength, {Kind::kModule}};

constexpr Step kPending[] = {fixed(16), fixed(8), kLength};
constexpr Step kPendingId[] = {fixed(16)};
constexpr Step kConsumer[] = {kString, fixed(8), repeat(kPendingId)};
constexpr Step kConsumer3[] = {kString, fixed(8), fixed(8), repeat(kPendingId)};
constexpr Step kGroup[] = {kString, kLength, kLength, repeat(kPending), repeat(kConsumer)};
constexpr Step kGroup2[] = {kString, kLength, kLength, kLength, repeat(kPending), repeat(kConsumer)};
constexpr Step kGroup3[] = {kString, kLength, kLength, kLength, repeat(kPending), repeat(kConsumer3)};
constexpr Step kStream[] = {repeat(kTwoStrings), kLength, kLength, kLength, repeat(kGroup)};
constexpr Step kStream2[] = {
    repeat(kTwoStrings), kLength, kLength, kLength, kLength, kLength, kLength, kLength, kLength,
    repeat(kGroup2)};
constexpr Step kStream3[] = {
    repeat(kTwoStrings), kLength, kLength, kLength, kLength, kLength, kLength, kLength, kLength,
    repeat(kGroup3)};

// A value or a length claims more than the file can hold.
Error too_long(uint64_t size, size_t position) {
  return Error(Code::kCorrupt,
               "the rdb data are damaged: a length of {} is more than what is left, {} bytes into the record",
               size, position);
}

}  // namespace

std::optional<Shape> shape_of_value(uint8_t type) {
  switch (static_cast<ValueType>(type)) {
    case ValueType::kString:
    case ValueType::kHashZipmap:
    case ValueType::kListZiplist:
    case ValueType::kSetIntset:
    case ValueType::kSortedSetZiplist:
    case ValueType::kHashZiplist:
    case ValueType::kHashListpack:
    case ValueType::kSortedSetListpack:
    case ValueType::kSetListpack:
    case ValueType::kHashListpackExPreRelease:
      return kOneString;
    case ValueType::kList:
    case ValueType::kSet:
    case ValueType::kListQuicklist:
      return kStrings;
    case ValueType::kHash:
      return kPairs;
    case ValueType::kSortedSet:
      return kSortedSet;
    case ValueType::kSortedSet2:
      return kSortedSet2;
    case ValueType::kListQuicklist2:
      return kQuicklist2;
    case ValueType::kHashMetadataPreRelease:
      return kHashMetadataPreRelease;
    case ValueType::kHashMetadata:
      return kHashMetadata;
    case ValueType::kHashListpackEx:
      return kHashListpackEx;
    case ValueType::kStreamListpacks:
      return kStream;
    case ValueType::kStreamListpacks2:
      return kStream2;
    case ValueType::kStreamListpacks3:
      return kStream3;
    case ValueType::kModule2:
      return kModule;
  }
  return {};
}

std::optional<Shape> shape_of_operands(uint8_t opcode) {
  switch (static_cast<Opcode>(opcode)) {
    case Opcode::kSlotInfo:
      return kThreeLengths;
    case Opcode::kFunction:
      return kOneString;
    case Opcode::kModuleAux:
      return kModule;
    case Opcode::kIdle:
    case Opcode::kSelectDb:
      return kOneLength;
    case Opcode::kFrequency:
      return kOneByte;
    case Opcode::kAux:
      return kTwoStrings;
    case Opcode::kResizeDb:
      return kTwoLengths;
    case Opcode::kExpireMilliseconds:
      return kEightBytes;
    case Opcode::kExpireSeconds:
      return kFourBytes;
    case Opcode::kEnd:
      return Shape{};
    case Opcode::kFunctionPreRelease:
      return {};
  }
  return {};
}

Shape shape_of_key() { return kOneString; }

void Scanner::start(Shape first, Shape second) {
  stack_.clear();
  skip_ = 0;
  stack_.push_back({second});
  stack_.push_back({first});
}

Result<bool> Scanner::advance(ByteView record, size_t& position, uint64_t limit) {
  while (true) {
    const uint64_t here = std::min<uint64_t>(skip_, record.size() - position);
    position += here;
    skip_ -= here;
    if (skip_ > 0) return false;
    if (stack_.empty()) return true;

    Frame& frame = stack_.back();
    if (frame.next == frame.steps.size()) {
      frame.next = 0;
      if (--frame.repetitions == 0) stack_.pop_back();
      continue;
    }
    const Step& step = frame.steps[frame.next];
    const size_t depth = stack_.size();
    ASSIGN_OR_RETURN(const Outcome outcome, run(step, record, position, limit));
    if (outcome == Outcome::kMore) return false;
    // A module's parts are one step, run again until the end tag. run() may have pushed a frame, so `frame`
    // may be gone.
    if (outcome == Outcome::kDone) stack_[depth - 1].next += 1;
  }
}

Result<void> Scanner::skip(uint64_t size, size_t position, uint64_t limit) {
  if (position > limit || size > limit - position) return too_long(size, position);
  skip_ = size;
  return {};
}

Result<Scanner::Outcome> Scanner::run(const Step& step, ByteView record, size_t& position, uint64_t limit) {
  if (step.kind == Kind::kFixed) {
    RETURN_IF_ERROR(skip(step.size, position, limit));
    return Outcome::kDone;
  }

  // The widest head of a field is that of a compressed string: a tag and two lengths of nine bytes.
  constexpr size_t kWidestHead = 19;
  const ByteView rest = record.subspan(position);
  Cursor cursor(rest.first(std::min(rest.size(), kWidestHead)), position);

  if (step.kind == Kind::kTextDouble) {
    if (rest.empty()) return Outcome::kMore;
    const auto first = std::to_integer<uint8_t>(rest[0]);
    position += 1;
    RETURN_IF_ERROR(skip(first >= 253 ? 0 : first, position, limit));
    return Outcome::kDone;
  }
  if (step.kind == Kind::kString) {
    auto header = cursor.string_header("a string");
    if (cursor.ran_out()) return Outcome::kMore;
    RETURN_IF_ERROR(header);
    position += cursor.position();
    RETURN_IF_ERROR(skip(header->stored, position, limit));
    return Outcome::kDone;
  }
  auto length = cursor.length("a length");
  if (cursor.ran_out()) return Outcome::kMore;
  RETURN_IF_ERROR(length);
  position += cursor.position();
  return begin(step, *length, position, limit);
}

// What follows a length that has been read.
Result<Scanner::Outcome> Scanner::begin(const Step& step, uint64_t length, size_t position, uint64_t limit) {
  if (step.kind == Kind::kRepeat) {
    // Each repetition takes a byte at least.
    if (length > limit) return too_long(length, position);
    if (length > 0) stack_.push_back({step.body, 0, length});
  }
  if (step.kind != Kind::kModule) return Outcome::kDone;

  switch (static_cast<ModuleOpcode>(std::min<uint64_t>(length, 255))) {
    case ModuleOpcode::kEnd:
      return Outcome::kDone;
    case ModuleOpcode::kSigned:
    case ModuleOpcode::kUnsigned:
      stack_.push_back({kOneLength});
      break;
    case ModuleOpcode::kFloat:
      stack_.push_back({kFourBytes});
      break;
    case ModuleOpcode::kDouble:
      stack_.push_back({kEightBytes});
      break;
    case ModuleOpcode::kString:
      stack_.push_back({kOneString});
      break;
    default:
      return Error(
          Code::kCorrupt,
          "the rdb data are damaged: {} begins no part of a module's value, {} bytes into the record", length,
          position);
  }
  return Outcome::kAgain;
}

}  // namespace summit::rdb
