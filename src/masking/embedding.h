// Embeddings of texts, as databases print them: lists of many fractions.
#pragma once

#include <string_view>
#include <vector>

namespace summit::masking {

// True for a list of 64 numbers and more of which each has one digit before its point, which addresses,
// places on earth and amounts hardly ever have throughout, and most are fractions. A single number says
// nothing of anybody, so `pieces` are 32 neighbours each, as they stand in `value`, the last ones with the
// rest. False for anything else; `pieces` hold nothing of use then.
bool split_embedding(std::string_view value, std::vector<std::string_view>& pieces);

}  // namespace summit::masking
