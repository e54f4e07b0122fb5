#include "tests/repository/packed/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace summit::repository::packed::model {
namespace {

constexpr uint8_t kOwnPack = 0xfe;  // in a plan: the pack that the writer is about to upload

enum WriterPhase : uint8_t { kBegin, kPlan, kUpload, kCommit, kUncertain, kCommitted, kFailed };

enum CollectorPhase : uint8_t {
  kIdle,
  kRemove,
  kTombstone,
  kCopy,
  kRelocate,
  kFloor,
  kChoose,
  kDelete,
  kCollected,
  kCheckpoint,
  kChooseRecords,
  kEmpty,
  kRemoveCheckpoint
};

unsigned bit(unsigned index) { return 1U << index; }
bool has(unsigned set, unsigned index) { return (set & bit(index)) != 0; }
uint8_t lowest(unsigned set) { return static_cast<uint8_t>(std::countr_zero(set)); }

template <typename Set>
void add(Set& set, unsigned index) {
  set = static_cast<Set>(set | bit(index));
}
template <typename Set>
void drop(Set& set, unsigned index) {
  set = static_cast<Set>(set & ~bit(index));
}

uint8_t newest(RecordSet set) { return set == 0 ? 0 : static_cast<uint8_t>(15 - std::countl_zero(set)); }
uint8_t second_newest(RecordSet set) {
  if (set != 0) drop(set, newest(set));
  return newest(set);
}

Record commit_of(uint8_t backup, uint8_t author, const std::array<uint8_t, kChunks>& packs) {
  return {RecordKind::kCommit, author, backup, packs, 0, 0};
}
Record simple(RecordKind kind, uint8_t author, unsigned subject) {
  return {kind, author, static_cast<uint8_t>(subject), {}, 0, 0};
}

}  // namespace

std::string Step::operator()() const {
  return fmt::format("{}: {}", static_cast<char>('A' + process), fmt::format(fmt::runtime(what), subject));
}

PackSet LogState::referenced() const {
  PackSet set = 0;
  for (unsigned backup = 0; backup < kMaxBackups; ++backup) {
    for (const uint8_t pack : places[backup]) {
      if (has(live, backup) && pack != kNoPack) add(set, pack);
    }
  }
  return set;
}

// --- The log and what it says ---

State Protocol::initial() const {
  State state{};
  // One backup is there, of one of two chunks of its pack: the other may be taken over by a writer, or be
  // lost to a relocation.
  state.packs = 1;
  state.present = 1;
  state.chunks[0] = 0b11;
  create(state, 1, commit_of(0, 0xff, {0, kNoPack}));
  for (uint8_t i = 0; i < scope_.collectors; ++i) state.processes[scope_.writers + i].runs = scope_.runs;
  for (uint8_t i = 0; i < scope_.writers; ++i) state.processes[i].runs = 1;
  return state;
}

bool Protocol::create(State& state, uint8_t number, const Record& record) const {
  if (number <= state.length) {
    state.twice = number;
    return true;
  }
  if (state.length == scope_.max_records) return false;
  state.length = number;
  state.log[number] = record;
  add(state.full, number);
  return true;
}

LogState Protocol::fold(const State& state, uint8_t records) const {
  LogState log;
  std::array<uint8_t, kMaxPacks> moved{};
  moved.fill(kNoPack);
  for (uint8_t number = 1; number <= records; ++number) {
    const Record& record = state.log[number];
    switch (record.kind) {
      case RecordKind::kCommit:
        add(log.live, record.subject);
        ++log.commits[record.subject];
        log.commit_record[record.subject] = number;
        log.places[record.subject] = record.packs;
        for (const uint8_t pack : record.packs) {
          if (pack == kNoPack) continue;
          add(log.known, pack);
          log.last_commit[pack] = number;
        }
        break;
      case RecordKind::kRemove:
        drop(log.live, record.subject);
        break;
      case RecordKind::kTombstone:
        log.known = static_cast<PackSet>(log.known & ~record.subject);
        log.tombstoned = static_cast<PackSet>(log.tombstoned | record.subject);
        for (unsigned pack = 0; pack < kMaxPacks; ++pack) {
          if (has(record.subject, pack)) log.tombstone_record[pack] = number;
        }
        break;
      case RecordKind::kRelocate:
        add(log.known, record.to);
        log.last_relocation[record.to] = number;
        moved[record.subject] = record.to;
        if (!rules_.relocation_is_a_tombstone) break;
        drop(log.known, record.subject);
        add(log.tombstoned, record.subject);
        log.tombstone_record[record.subject] = number;
        break;
      case RecordKind::kCollected:
        log.tombstoned = static_cast<PackSet>(log.tombstoned & ~record.subject);
        break;
      case RecordKind::kFloor:
        log.floor = record.subject;
        break;
    }
  }
  for (auto& places : log.places) {
    for (uint8_t& pack : places) {
      for (unsigned hops = 0; hops < kMaxPacks && pack != kNoPack && moved[pack] != kNoPack; ++hops)
        pack = moved[pack];
    }
  }
  return log;
}

bool Protocol::may_reference(const State& state, const LogState& log, uint8_t pack) const {
  if (has(log.known, pack)) return true;
  if (has(log.tombstoned, pack)) return !rules_.tombstone_bars_references;
  return state.epoch[pack] >= log.floor || !rules_.floor_bars_unknown_packs;
}

// As far as a reader gets that has read `view` records.
uint8_t Protocol::read_to_end(const State& state, uint8_t view) const {
  while (view < state.length) {
    if (has(state.full, view + 1U)) {
      ++view;
    } else if (has(state.emptied, view + 1U) && newest(state.checkpoints) > view) {
      view = newest(state.checkpoints);
    } else {
      break;  // it looks like the end
    }
  }
  return view;
}

void Protocol::append(const State& state, uint8_t process, Record record, uint8_t phase, const Take& take,
                      const Step& step) const {
  State next = state;
  const uint8_t end = read_to_end(state, state.processes[process].view);
  if (!create(next, static_cast<uint8_t>(end + 1), record)) return;
  next.processes[process].view = static_cast<uint8_t>(end + 1);
  next.processes[process].phase = phase;
  take(next, step);
}

void Protocol::for_each_step(const State& state, const Take& take) const {
  for (uint8_t process = 0; process < scope_.writers; ++process) writer_steps(state, process, take);
  for (uint8_t i = 0; i < scope_.collectors; ++i) {
    collector_steps(state, static_cast<uint8_t>(scope_.writers + i), take);
  }
}

// --- Writers ---

void Protocol::writer_steps(const State& state, uint8_t process, const Take& take) const {
  switch (state.processes[process].phase) {
    case kBegin: {
      State next = state;
      Process& self = next.processes[process];
      self.phase = kPlan;
      self.begin = self.view = read_to_end(state, 0);
      take(next, {process, "begins after record {0}", self.view});
      break;
    }
    case kPlan:
      return plan(state, process, take);
    case kUpload:
      return upload(state, process, take);
    case kCommit:
      return commit(state, process, take);
    case kUncertain:
      return resolve(state, process, take);
    default:
      break;
  }
}

// Each chunk lies in a pack of the writer's own, or in any that it finds in the storage and believes it may
// reference: one of an older backup, or one of a crashed or running writer.
void Protocol::plan(const State& state, uint8_t process, const Take& take) const {
  const LogState log = fold(state, state.processes[process].view);
  std::array<std::array<uint8_t, kMaxPacks + 1>, kChunks> choices{};
  std::array<unsigned, kChunks> count{};
  for (unsigned chunk = 0; chunk < kChunks; ++chunk) {
    // Writers want the second chunk first: it is the one that no live backup holds in the first pack.
    if (chunk + scope_.writer_chunks[process] < kChunks) {
      choices[chunk][count[chunk]++] = kNoPack;
      continue;
    }
    if (state.packs < kMaxPacks) choices[chunk][count[chunk]++] = kOwnPack;
    for (uint8_t pack = 0; pack < state.packs; ++pack) {
      if (has(state.present, pack) && has(state.chunks[pack], chunk) && may_reference(state, log, pack))
        choices[chunk][count[chunk]++] = pack;
    }
  }
  for (unsigned first = 0; first < count[0]; ++first) {
    for (unsigned second = 0; second < count[1]; ++second) {
      State next = state;
      Process& self = next.processes[process];
      self.packs = {choices[0][first], choices[1][second]};
      const bool own = std::ranges::find(self.packs, kOwnPack) != self.packs.end();
      self.phase = own ? kUpload : kCommit;
      take(next, own ? Step{process, "plans a pack of its own"}
                     : Step{process, "takes over pack {0}", self.packs[1]});
    }
  }
}

void Protocol::upload(const State& state, uint8_t process, const Take& take) const {
  if (state.packs == kMaxPacks) return;
  State next = state;
  Process& self = next.processes[process];
  const uint8_t pack = next.packs++;
  next.epoch[pack] = self.begin;
  for (unsigned chunk = 0; chunk < kChunks; ++chunk) {
    if (self.packs[chunk] != kOwnPack) continue;
    add(next.chunks[pack], chunk);
    self.packs[chunk] = pack;
  }
  add(next.present, pack);
  self.phase = kCommit;
  take(next, {process, "uploads pack {0}", pack});
}

void Protocol::commit(const State& state, uint8_t process, const Take& take) const {
  const Process& before = state.processes[process];
  const uint8_t end = read_to_end(state, before.view);
  const LogState log = fold(state, rules_.checked_again_after_lost_race ? end : before.view);
  const bool allowed = std::ranges::all_of(
      before.packs, [&](uint8_t pack) { return pack == kNoPack || may_reference(state, log, pack); });
  State next = state;
  Process& self = next.processes[process];
  if (!allowed) {
    self.view = end;
    self.phase = kFailed;
    take(next, {process, "may not commit, and fails"});
    if (self.runs == 0) return;
    --self.runs;
    self.begin = end;
    self.phase = kPlan;
    take(next, {process, "may not commit, and copies what it may not reference"});
    return;
  }
  const auto number = static_cast<uint8_t>(end + 1);
  if (!create(next, number, commit_of(static_cast<uint8_t>(process + 1), process, before.packs))) return;
  self.view = number;
  self.phase = kCommitted;
  take(next, {process, "commits with record {0}", number});
  if (!scope_.uncertain_creates) return;
  self.view = end;
  self.number = number;
  self.phase = kUncertain;
  take(next, {process, "commits with record {0}, and does not learn it", number});
}

// The create is tried again, and meets whatever is there now.
void Protocol::resolve(const State& state, uint8_t process, const Take& take) const {
  State next = state;
  Process& self = next.processes[process];
  if (has(state.full, self.number) ||
      (has(state.emptied, self.number) && rules_.emptied_record_names_what_it_was)) {
    self.phase = kCommitted;
    take(next, {process, "recognises record {0} as its own", self.number});
  } else if (has(state.emptied, self.number)) {
    self.view = read_to_end(state, self.view);
    const bool seen = has(fold(state, self.view).live, process + 1U);
    self.phase = seen ? kCommitted : kCommit;
    take(next, {process, "finds record {0} empty", self.number});
  } else {
    create(next, self.number, state.log[self.number]);
    take(next, {process, "creates record {0} again", self.number});
  }
}

// --- Collectors ---

void Protocol::collector_steps(const State& state, uint8_t process, const Take& take) const {
  const Process& self = state.processes[process];
  if (self.runs > 0) {
    State next = state;
    Process& fresh = next.processes[process];
    fresh = Process{};
    fresh.phase = kRemove;
    fresh.runs = static_cast<uint8_t>(self.runs - 1);
    fresh.begin = fresh.view = read_to_end(state, self.view);
    take(next, {process, "begins a collection after record {0}", fresh.view});
  }
  switch (self.phase) {
    case kIdle:
      return;
    case kRelocate:
      return relocate(state, process, take);
    case kDelete:
      return delete_next(state, process, take);
    case kEmpty:
      return empty_next(state, process, take);
    default:
      break;
  }
  // Every other phase may be left out.
  if (self.phase <= kRemove) remove(state, process, take);
  if (self.phase <= kTombstone) tombstone(state, process, take);
  if (self.phase <= kCopy && scope_.relocates) copy(state, process, take);
  if (self.phase <= kFloor && scope_.floors) raise_floor(state, process, take);
  if (self.phase <= kChoose) choose_deletions(state, process, take);
  if (self.phase <= kCollected) forget_collected(state, process, take);
  if (!scope_.compacts) return;
  if (self.phase <= kCheckpoint) write_checkpoint(state, process, take);
  if (self.phase <= kChooseRecords) choose_records(state, process, take);
  if (self.phase <= kRemoveCheckpoint) remove_checkpoint(state, process, take);
}

void Protocol::remove(const State& state, uint8_t process, const Take& take) const {
  const LogState log = fold(state, read_to_end(state, state.processes[process].view));
  for (uint8_t backup = 0; backup < kMaxBackups; ++backup) {
    if (!has(log.live, backup) || !(scope_.removes_any || (scope_.removes && backup == 0))) continue;
    append(state, process, simple(RecordKind::kRemove, process, backup), kTombstone, take,
           {process, "removes backup {0}", backup});
  }
}

void Protocol::tombstone(const State& state, uint8_t process, const Take& take) const {
  const Process& self = state.processes[process];
  const bool fresh = rules_.tombstone_only_without_references && rules_.checked_again_after_lost_race;
  const LogState log = fold(state, fresh ? read_to_end(state, self.view) : self.view);
  const unsigned unreferenced = log.known & ~unsigned{log.referenced()};
  if (unreferenced == 0) return;
  append(state, process, simple(RecordKind::kTombstone, process, unreferenced), kCopy, take,
         {process, "writes tombstones of packs (bits) {0:#b}", unreferenced});
}

// The live chunks of a pack are written to another, unless some pack that may be referenced holds them
// already.
void Protocol::copy(const State& state, uint8_t process, const Take& take) const {
  const uint8_t end = read_to_end(state, state.processes[process].view);
  const LogState log = fold(state, end);
  const PackSet referenced = log.referenced();
  for (uint8_t from = 0; from < state.packs; ++from) {
    if (!has(log.known, from) || !has(referenced, from) || !has(state.present, from)) continue;
    uint8_t alive = 0;
    for (unsigned backup = 0; backup < kMaxBackups; ++backup) {
      for (unsigned chunk = 0; chunk < kChunks; ++chunk) {
        if (has(log.live, backup) && log.places[backup][chunk] == from) add(alive, chunk);
      }
    }
    if (alive == state.chunks[from]) continue;
    const auto mark = [&](State next, uint8_t target, const char* what) {
      Process& self = next.processes[process];
      self.phase = kRelocate;
      self.view = self.number = end;
      self.subject = from;
      self.target = target;
      take(next, {process, what, target});
    };
    for (uint8_t target = 0; target < state.packs; ++target) {
      if (target != from && has(state.present, target) && (state.chunks[target] & alive) == alive &&
          may_reference(state, log, target))
        mark(state, target, "finds the live chunks of a pack in pack {0} too");
    }
    if (state.packs == kMaxPacks) continue;
    State next = state;
    const uint8_t target = next.packs++;
    next.epoch[target] = state.processes[process].begin;
    next.chunks[target] = alive;
    add(next.present, target);
    mark(next, target, "copies the live chunks of a pack to pack {0}");
  }
}

void Protocol::relocate(const State& state, uint8_t process, const Take& take) const {
  const Process& self = state.processes[process];
  const uint8_t end = read_to_end(state, self.view);
  const LogState log = fold(state, rules_.checked_again_after_lost_race ? end : self.view);
  const bool committed =
      rules_.relocation_refused_after_newer_commit && log.last_commit[self.subject] > self.number;
  const bool relocated =
      rules_.relocation_refused_after_newer_relocation && log.last_relocation[self.subject] > self.number;
  const bool target = !rules_.relocation_targets_checked || may_reference(state, log, self.target);
  if (!has(log.known, self.subject) || committed || relocated || !target) {
    State next = state;
    next.processes[process].phase = kFloor;
    next.processes[process].view = end;
    take(next, {process, "may not relocate pack {0}", self.subject});
    return;
  }
  append(state, process, {RecordKind::kRelocate, process, self.subject, {}, self.target, self.number}, kFloor,
         take, {process, "relocates pack {0}", self.subject});
}

void Protocol::raise_floor(const State& state, uint8_t process, const Take& take) const {
  const uint8_t end = read_to_end(state, state.processes[process].view);
  const auto highest = static_cast<uint8_t>(rules_.floor_below_the_end ? end : end + 2);
  for (auto epoch = static_cast<uint8_t>(fold(state, end).floor + 1); epoch <= highest; ++epoch) {
    append(state, process, simple(RecordKind::kFloor, process, epoch), kChoose, take,
           {process, "raises the floor to {0}", epoch});
  }
}

void Protocol::choose_deletions(const State& state, uint8_t process, const Take& take) const {
  const Process& self = state.processes[process];
  // From what it read last, or from what it can read now.
  for (const uint8_t view : {self.view, read_to_end(state, self.view)}) {
    const LogState log = fold(state, view);
    PackSet doomed = 0;
    for (uint8_t pack = 0; pack < state.packs; ++pack) {
      if (!has(state.present, pack)) continue;
      const bool known = has(log.known, pack);
      const bool tombstoned = has(log.tombstoned, pack);
      const uint8_t floor = rules_.orphans_only_below_recorded_floor ? log.floor : view;
      if (tombstoned && log.tombstone_record[pack] <= self.begin) add(doomed, pack);
      if (!known && !tombstoned && state.epoch[pack] < floor) add(doomed, pack);
      if (!rules_.deletion_only_after_tombstone && known && !has(log.referenced(), pack)) add(doomed, pack);
    }
    if (doomed == 0) continue;
    State next = state;
    next.processes[process].phase = kDelete;
    next.processes[process].set = doomed;
    next.processes[process].view = view;
    take(next, {process, "decides to delete packs (bits) {0:#b}", doomed});
  }
}

void Protocol::delete_next(const State& state, uint8_t process, const Take& take) const {
  State next = state;
  Process& self = next.processes[process];
  const uint8_t pack = lowest(self.set);
  drop(self.set, pack);
  drop(next.present, pack);
  if (self.set == 0) self.phase = kCollected;
  take(next, {process, "deletes pack {0}", pack});
}

void Protocol::forget_collected(const State& state, uint8_t process, const Take& take) const {
  const LogState log = fold(state, read_to_end(state, state.processes[process].view));
  PackSet gone = 0;
  for (uint8_t pack = 0; pack < state.packs; ++pack) {
    const bool below = state.epoch[pack] < log.floor || !rules_.collected_only_below_floor;
    if (has(log.tombstoned, pack) && !has(state.present, pack) && below) add(gone, pack);
  }
  if (gone == 0) return;
  append(state, process, simple(RecordKind::kCollected, process, gone), kCheckpoint, take,
         {process, "records as collected packs (bits) {0:#b}", gone});
}

void Protocol::write_checkpoint(const State& state, uint8_t process, const Take& take) const {
  const uint8_t view = state.processes[process].view;
  for (const uint8_t number : {view, read_to_end(state, view)}) {
    State next = state;
    next.processes[process].phase = kChooseRecords;
    next.processes[process].view = number;
    add(next.checkpoints, number);
    take(next, {process, "writes checkpoint {0}", number});
  }
}

void Protocol::choose_records(const State& state, uint8_t process, const Take& take) const {
  const Process& before = state.processes[process];
  const uint8_t until = rules_.compaction_spares_the_newest_checkpoint ? second_newest(state.checkpoints)
                                                                       : newest(state.checkpoints);
  const LogState log = fold(state, before.view);
  State next = state;
  Process& self = next.processes[process];
  for (uint8_t number = 1; number <= std::min(until, before.view); ++number) {
    if (!has(state.full, number)) continue;
    const Record& record = state.log[number];
    const bool commits_live = record.kind == RecordKind::kCommit && has(log.live, record.subject);
    if (!commits_live || !rules_.compaction_keeps_live_commits) add(self.records, number);
  }
  if (self.records == 0) return;
  self.phase = kEmpty;
  take(next, {process, "decides to empty records (bits) {0:#b}", self.records});
}

void Protocol::empty_next(const State& state, uint8_t process, const Take& take) const {
  State next = state;
  Process& self = next.processes[process];
  const uint8_t number = lowest(self.records);
  drop(self.records, number);
  drop(next.full, number);
  if (rules_.record_emptied_not_removed) add(next.emptied, number);
  if (self.records == 0) self.phase = kRemoveCheckpoint;
  take(next, {process, "empties record {0}", number});
}

void Protocol::remove_checkpoint(const State& state, uint8_t process, const Take& take) const {
  if (std::popcount(state.checkpoints) <= 2) return;
  State next = state;
  const uint8_t number = lowest(state.checkpoints);
  drop(next.checkpoints, number);
  next.processes[process].phase = kRemoveCheckpoint;
  take(next, {process, "removes checkpoint {0}", number});
}

// --- What must never happen ---

std::optional<std::string> Protocol::violation(const State& state) const {
  if (state.twice != 0) return fmt::format("record {} was created twice: the log forked", state.twice);
  const LogState log = fold(state, state.length);
  if (log.floor > state.length) return "whoever begins now is below the floor";
  for (const uint8_t checkpoint : {newest(state.checkpoints), second_newest(state.checkpoints)}) {
    for (unsigned number = checkpoint + 1U; number <= state.length; ++number) {
      if (!has(state.full, number))
        return fmt::format("nobody who reads checkpoint {} can read record {}", checkpoint, number);
    }
  }
  for (unsigned backup = 0; backup < kMaxBackups; ++backup) {
    if (log.commits[backup] > 1) return fmt::format("backup {} was committed twice", backup);
    if (!has(log.live, backup)) continue;
    if (!has(state.full, log.commit_record[backup]))
      return fmt::format("the record of backup {} is gone", backup);
    for (unsigned chunk = 0; chunk < kChunks; ++chunk) {
      const uint8_t pack = log.places[backup][chunk];
      if (pack == kNoPack) continue;
      if (!has(state.present, pack))
        return fmt::format("backup {} needs pack {}, which is gone", backup, pack);
      if (!has(state.chunks[pack], chunk))
        return fmt::format("chunk {} of backup {} is not in pack {}", chunk, backup, pack);
    }
  }
  for (unsigned writer = 0; writer < scope_.writers; ++writer) {
    if (state.processes[writer].phase == kCommitted && log.commits[writer + 1] == 0)
      return fmt::format("writer {} believes in a commit that is not in the log",
                         static_cast<char>('A' + writer));
  }
  return std::nullopt;
}

}  // namespace summit::repository::packed::model
