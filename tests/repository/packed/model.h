// The protocol of docs/formats/repository.md in the small: writers and collectors on one log and one storage,
// every step of theirs interleaved in every order. A process that crashes is one that takes no further step,
// or a collector that begins anew.
//
// The log is kept as a history, so what a reader makes of its first n records can be computed from n alone. A
// backup needs up to two chunks; a pack holds some of them. Clocks do not occur: what a clock would decide
// may happen at any time.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "tests/repository/packed/explorer.h"

namespace summit::repository::packed::model {

// The protocol's rules. All hold in the protocol; a mutation leaves one out.
struct Rules {
  bool floor_bars_unknown_packs = true;
  bool tombstone_bars_references = true;
  bool checked_again_after_lost_race = true;
  bool record_emptied_not_removed = true;
  bool emptied_record_names_what_it_was = true;
  bool relocation_refused_after_newer_commit = true;
  bool relocation_refused_after_newer_relocation = true;
  bool relocation_is_a_tombstone = true;
  bool relocation_targets_checked = true;
  bool tombstone_only_without_references = true;
  bool deletion_only_after_tombstone = true;
  bool orphans_only_below_recorded_floor = true;
  bool collected_only_below_floor = true;
  bool floor_below_the_end = true;
  bool compaction_keeps_live_commits = true;
  bool compaction_spares_the_newest_checkpoint = true;
};

// Who takes part, and what they may do.
struct Scope {
  uint8_t writers = 1;
  uint8_t collectors = 1;
  uint8_t runs = 1;         // of each collector; a run may be broken off by the next
  uint8_t max_records = 8;  // the log grows no further
  bool removes = false;     // collectors give up the first backup
  bool removes_any = false;
  bool relocates = false;
  bool floors = false;
  bool compacts = false;
  bool uncertain_creates = false;                 // a writer may not learn whether its record was created
  std::array<uint8_t, 3> writer_chunks{1, 1, 1};  // how many chunks each writer's backup needs
};

inline constexpr uint8_t kMaxRecords = 12;
inline constexpr uint8_t kMaxPacks = 8;
inline constexpr uint8_t kChunks = 2;
inline constexpr uint8_t kMaxProcesses = 5;
inline constexpr uint8_t kMaxBackups = 4;
inline constexpr uint8_t kNoPack = 0xff;

// Bit i for pack i; bit n for record n.
using PackSet = uint8_t;
using RecordSet = uint16_t;

enum class RecordKind : uint8_t { kCommit, kRemove, kTombstone, kRelocate, kCollected, kFloor };

struct Record {
  RecordKind kind;
  uint8_t author;                      // process
  uint8_t subject;                     // backup, pack `from`, set of packs, or epoch
  std::array<uint8_t, kChunks> packs;  // of a commit: where each chunk lies
  uint8_t to;                          // of a relocation
  uint8_t marked_at;
};

struct Process {
  uint8_t phase;
  uint8_t view;     // the last record that it read
  uint8_t begin;    // the last record when it began
  uint8_t runs;     // left, of a collector
  uint8_t number;   // of a create whose outcome is not known; else `marked_at` of a relocation
  uint8_t subject;  // pack that it relocates
  uint8_t target;   // pack that it made
  uint8_t set;      // packs still to delete
  std::array<uint8_t, kChunks> packs;  // of the backup that it makes
  RecordSet records;                   // still to empty
};

struct State {
  uint8_t length;   // the number of the last record
  uint8_t packs;    // that were ever made
  PackSet present;  // in the storage
  uint8_t twice;    // a record number that was created a second time
  RecordSet full;   // records that are whole; the others were emptied or removed
  RecordSet emptied;
  RecordSet checkpoints;
  std::array<uint8_t, kMaxPacks> epoch;
  std::array<uint8_t, kMaxPacks> chunks;    // bit c for chunk c
  std::array<Record, kMaxRecords + 1> log;  // from 1
  uint8_t unused;                           // no padding: states are compared by their bytes
  std::array<Process, kMaxProcesses> processes;
};

// What the first records say.
struct LogState {
  PackSet known = 0;
  PackSet tombstoned = 0;
  uint8_t floor = 0;
  uint8_t live = 0;                            // bit b for backup b
  std::array<uint8_t, kMaxBackups> commits{};  // how often each was committed
  std::array<uint8_t, kMaxBackups> commit_record{};
  std::array<std::array<uint8_t, kChunks>, kMaxBackups> places{};  // relocations followed
  std::array<uint8_t, kMaxPacks> tombstone_record{};
  std::array<uint8_t, kMaxPacks> last_commit{};      // that references the pack
  std::array<uint8_t, kMaxPacks> last_relocation{};  // to the pack

  PackSet referenced() const;
};

// What a process did, for a trace.
struct Step {
  uint8_t process;
  const char* what;  // may name {0}
  unsigned subject = 0;

  std::string operator()() const;
};

class Protocol {
 public:
  using State = model::State;
  using Take = std::function<void(const State&, const Step&)>;

  Protocol(const Scope& scope, const Rules& rules) : scope_(scope), rules_(rules) {}

  State initial() const;
  void for_each_step(const State& state, const Take& take) const;
  std::optional<std::string> violation(const State& state) const;

 private:
  LogState fold(const State& state, uint8_t records) const;
  bool may_reference(const State& state, const LogState& log, uint8_t pack) const;
  uint8_t read_to_end(const State& state, uint8_t view) const;
  // Record `number`, on condition that it is absent. False when the log may grow no further.
  bool create(State& state, uint8_t number, const Record& record) const;
  // Appends at the log's end what is allowed there, and goes on to `phase`.
  void append(const State& state, uint8_t process, Record record, uint8_t phase, const Take& take,
              const Step& step) const;

  void writer_steps(const State& state, uint8_t process, const Take& take) const;
  void plan(const State& state, uint8_t process, const Take& take) const;
  void upload(const State& state, uint8_t process, const Take& take) const;
  void commit(const State& state, uint8_t process, const Take& take) const;
  void resolve(const State& state, uint8_t process, const Take& take) const;

  void collector_steps(const State& state, uint8_t process, const Take& take) const;
  void remove(const State& state, uint8_t process, const Take& take) const;
  void tombstone(const State& state, uint8_t process, const Take& take) const;
  void copy(const State& state, uint8_t process, const Take& take) const;
  void relocate(const State& state, uint8_t process, const Take& take) const;
  void raise_floor(const State& state, uint8_t process, const Take& take) const;
  void choose_deletions(const State& state, uint8_t process, const Take& take) const;
  void delete_next(const State& state, uint8_t process, const Take& take) const;
  void forget_collected(const State& state, uint8_t process, const Take& take) const;
  void write_checkpoint(const State& state, uint8_t process, const Take& take) const;
  void choose_records(const State& state, uint8_t process, const Take& take) const;
  void empty_next(const State& state, uint8_t process, const Take& take) const;
  void remove_checkpoint(const State& state, uint8_t process, const Take& take) const;

  Scope scope_;
  Rules rules_;
};

}  // namespace summit::repository::packed::model
