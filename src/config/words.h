// A command line in one text, split as a shell would split it, and nothing more: no shell ever runs it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace summit::config {

// 'single', "double" and \escaped as in a POSIX shell. kConfig for an open quote, and for what only a shell
// could do (| ; & < > $( ` outside quotes), with the form that works as hint.
Result<std::vector<std::string>> split_words(std::string_view text);

}  // namespace summit::config
