// "did you mean …?"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace summit::config {

// The candidate nearest to `word` within two edits (one for words under five letters); empty when none is.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// "did you mean `postgresql`?", or "known: a, b, c" when nothing is near.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

// "a, b, c"
std::string join(const std::vector<std::string>& words, std::string_view separator = ", ");

}  // namespace summit::config
