// Definitions that the server refuses, left out of a load so that the rows come back all the same.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "formats/pgarchive/contents.h"

namespace summit::postgres {

// Indexes, constraints, foreign keys, triggers and the rows of materialized views may be left out when the
// server refuses them, and whatever needs one that was left out. Nothing else, and nothing for an error that
// is not the definition's own: a lost connection, a full disk, a deadlock. Thread-safe.
class SkippedDefinitions {
 public:
  // kNever also leaves it to others to say how to go on: masked restores may not.
  enum class When { kNever, kSayHow, kFailed };
  // `contents` outlives it.
  SkippedDefinitions(When when, const pgarchive::Contents& contents) : when_(when), contents_(contents) {}

  bool may_skip() const { return when_ == When::kFailed; }

  // Whether `entry` needs what was left out; it is left out as well, then.
  bool leaves_out(const pgarchive::Entry& entry);

  // After an attempt to define `entry`: success when it is defined or may be left out. A failure that could
  // be left out has the hint how.
  Result<void> settle(const pgarchive::Entry& entry, Result<void> defined);

  // One sentence each, with the server's message, which must quote no rows.
  std::vector<std::string> sentences() const;

  // pg_dump writes a view that needs a primary key (GROUP BY) as a placeholder of one row of NULLs first, and
  // its query as a rule that follows the key. Whether such a placeholder is all that is there now. It is
  // among the sentences, and so are the views over it; what needs their rows is left out.
  bool has_placeholders() const;

  // Whether the server refused a definition, and not something around it failed.
  static bool is_refusal(const Error& error);
  // Whether `command` makes a definition that may be left out, as pg_dump writes it.
  static bool may_leave_out(std::string_view command);
  // For the failure of a definition that may be left out.
  static std::string hint();

 private:
  void add(const pgarchive::Entry& entry, const std::string& reason);
  void add_placeholder(const pgarchive::Entry& rule);
  bool needs_left_out(const pgarchive::Entry& entry) const;

  const When when_;
  const pgarchive::Contents& contents_;
  mutable std::mutex mutex_;  // guards what follows
  std::set<std::string> ids_;
  bool placeholders_ = false;
  std::vector<std::string> sentences_;
};

}  // namespace summit::postgres
