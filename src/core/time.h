// Instants and durations as this program writes them. All instants are UTC.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace summit {

using Instant = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;
using Seconds = std::chrono::duration<double>;

Instant now();

// "2026-11-21T03:10:48.123456Z" (RFC 3339) and back; nothing when the text is no such instant.
std::string to_rfc3339(Instant instant);
std::optional<Instant> from_rfc3339(std::string_view text);

// "20261121T031048Z", the form in backup ids, and back.
std::string to_compact(Instant instant);
std::optional<Instant> from_compact(std::string_view text);

// "850 ms", "12.3 s", "4 min 10 s", "2 h 05 min", "3 d 4 h": for people.
std::string human_duration(Seconds duration);

// "30 minutes", "15 min", "4h", "7 days", "90s", "850ms" to seconds; nothing when it is no duration.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// Time since its construction, from the monotonic clock.
class Stopwatch {
 public:
  Seconds elapsed() const { return std::chrono::steady_clock::now() - start_; }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace summit
