// Asks a person for a passphrase without showing it.
#pragma once

#include <optional>
#include <string_view>

#include "core/cancellation.h"
#include "core/result.h"
#include "core/secret.h"

namespace summit::cli {

// Writes `question` to the terminal `terminal`, and reads a line from it with the echo off; the terminal is
// as before afterwards, also on cancellation (kCancelled). Nothing when the line is empty or the terminal
// ends. kFailed when it is no terminal.
Result<std::optional<Secret>> read_secret(int terminal, std::string_view question,
                                          const Cancellation& cancellation);

// A new passphrase from the terminal of this process, asked for twice. kKeyMissing when nobody can answer or
// nothing is entered, kUsage when the two differ.
Result<Secret> read_new_secret(std::string_view question, const Cancellation& cancellation);

// The passphrase of what there is, from the terminal of this process; nothing when nobody can answer.
Result<std::optional<Secret>> read_known_secret(std::string_view question, const Cancellation& cancellation);

}  // namespace summit::cli
