#include "masking/yaml_text.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <vector>

#include "masking/path_progress.h"

namespace summit::masking {
namespace {

constexpr int kDeepest = 200;
constexpr size_t kMostValues = 1'000'000;
constexpr std::string_view kBlanks = " \t";

struct Replacement {
  size_t begin = 0;  // of the original in the text, behind its tag and anchor
  size_t end = 0;
  bool null = false;  // else `made`
  std::string made;
};
using Replacements = std::map<size_t, Replacement>;  // by the place of the original in the text

// Behind a bracket that closes nothing yaml-cpp 0.7 finds empty documents without end, all in one place.
class DocumentsEnd final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (mark.pos <= latest_) throw YAML::ParserException(mark, "a document without content");
    latest_ = mark.pos;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}

 private:
  int latest_ = -1;
};

// Throws for what is no YAML.
std::vector<YAML::Node> documents_of(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentsEnd check;
  while (parser.HandleNextDocument(check)) {
  }
  return YAML::LoadAll(text);
}

size_t line_end(std::string_view text, size_t at) { return std::min(text.find('\n', at), text.size()); }

// Behind tags and anchors that stand before a value.
size_t past_properties(std::string_view text, size_t at) {
  while (at < text.size() && (text[at] == '!' || text[at] == '&')) {
    at = std::min(text.find_first_of(" \t\r\n", at), text.size());
    at = std::min(text.find_first_not_of(kBlanks, at), text.size());
  }
  return at;
}

std::optional<size_t> quoted_end(std::string_view text, size_t at) {
  const char quote = text[at];
  for (++at; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      if (quote == '"' || text.substr(at + 1, 1) != "'") return at + 1;
      ++at;
    }
  }
  return std::nullopt;
}

// Of a text behind | or >: up to the first line that stands further left than its own first one. The last
// newline belongs to what follows.
size_t block_end(std::string_view text, size_t at) {
  size_t end = line_end(text, at);
  std::optional<size_t> indent;
  for (size_t line = end; line < text.size();) {
    const size_t begin = line + 1;
    const size_t stop = line_end(text, begin);
    const size_t first = std::min(text.find_first_not_of(' ', begin), text.size());
    const bool blank = first >= stop || text.substr(first, stop - first) == "\r";
    if (!blank && !indent) indent = first - begin;
    if (!blank && (*indent == 0 || first - begin < *indent)) break;
    if (!blank) end = stop;
    line = stop;
  }
  return end;
}

// Where the value ends that begins at `at`; nothing when that is not certain.
std::optional<size_t> value_end(std::string_view text, size_t at, const std::string& value) {
  if (at >= text.size()) return std::nullopt;
  const char first = text[at];
  if (first == '"' || first == '\'') return quoted_end(text, at);
  if (first == '|' || first == '>') return block_end(text, at);
  // A plain value stands as it is, unless it goes over several lines.
  if (value.empty() || text.substr(at, value.size()) != value) return std::nullopt;
  return at + value.size();
}

class Rewriter {
 public:
  Rewriter(std::string_view text, const std::vector<config::JsonPath>& paths, const JsonTransform& transform)
      : text_(text), paths_(paths), transform_(transform) {}

  Outcome rewrite(std::string& out) {
    const auto documents = documents_of(std::string(text_));
    const PathProgress root(paths_);
    for (const auto& document : documents) {
      const Outcome outcome = walk(document, root, {});
      if (outcome != Outcome::kValue) return outcome;
    }
    const auto made = applied();
    if (!reads_back(documents, made)) return Outcome::kMalformed;
    out += made;
    return Outcome::kValue;
  }

 private:
  // `reached` is the path that a node above is at.
  Outcome walk(const YAML::Node& node, const PathProgress& progress, std::optional<size_t> reached) {
    if (++values_ > kMostValues || ++depth_ > kDeepest) return Outcome::kMalformed;
    if (!reached) reached = progress.reached();
    Outcome outcome = Outcome::kValue;
    if (node.IsMap()) {
      outcome = map(node, progress, reached);
    } else if (node.IsSequence()) {
      outcome = sequence(node, progress, reached);
    } else if (reached) {
      outcome = replace(node, *reached);
    }
    --depth_;
    return outcome;
  }

  Outcome map(const YAML::Node& node, const PathProgress& progress, std::optional<size_t> reached) {
    for (const auto& entry : node) {
      const auto key = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
      const Outcome outcome = walk(entry.second, progress.below(&key, 0), reached);
      if (outcome != Outcome::kValue) return outcome;
    }
    return Outcome::kValue;
  }

  Outcome sequence(const YAML::Node& node, const PathProgress& progress, std::optional<size_t> reached) {
    size_t index = 0;
    for (const auto& child : node) {
      const Outcome outcome = walk(child, progress.below(nullptr, index++), reached);
      if (outcome != Outcome::kValue) return outcome;
    }
    return Outcome::kValue;
  }

  static size_t place_of(const YAML::Node& node) { return static_cast<size_t>(std::max(node.Mark().pos, 0)); }

  Outcome replace(const YAML::Node& node, size_t path) {
    const size_t place = place_of(node);
    if (!node.IsScalar() || replacements_.contains(place)) return Outcome::kValue;
    Replacement replacement;
    const Outcome outcome = transform_(path, node.Scalar(), replacement.made);
    if (outcome == Outcome::kKept) return Outcome::kValue;
    if (outcome != Outcome::kValue && outcome != Outcome::kNull) return outcome;
    replacement.null = outcome == Outcome::kNull;
    replacement.begin = past_properties(text_, place);
    const auto end = value_end(text_, replacement.begin, node.Scalar());
    if (!end) return Outcome::kMalformed;
    replacement.end = *end;
    replacements_.emplace(place, std::move(replacement));
    return Outcome::kValue;
  }

  std::string applied() const {
    std::string made;
    size_t from = 0;
    for (const auto& [place, replacement] : replacements_) {
      made += text_.substr(from, replacement.begin - from);
      if (replacement.null)
        made += "null";
      else
        append_json_string(replacement.made, made);
      from = replacement.end;
    }
    return made += text_.substr(from);
  }

  // Whether `made` is the same documents with the replacements in their places, and nothing else.
  bool reads_back(const std::vector<YAML::Node>& documents, const std::string& made) {
    const auto again = documents_of(made);
    if (again.size() != documents.size()) return false;
    size_t values = 0;
    for (size_t i = 0; i < documents.size(); ++i) {
      if (!is_replaced(documents[i], again[i], values)) return false;
    }
    return true;
  }

  bool is_replaced(const YAML::Node& was, const YAML::Node& is, size_t& values) const {
    if (++values > kMostValues || was.size() != is.size()) return false;
    if (was.IsMap() || was.IsSequence()) {
      if (was.Type() != is.Type()) return false;
      auto other = is.begin();
      for (const auto& child : was) {
        const bool same = was.IsMap() ? is_replaced(child.first, other->first, values) &&
                                            is_replaced(child.second, other->second, values)
                                      : is_replaced(child, *other, values);
        if (!same) return false;
        ++other;
      }
      return true;
    }
    const auto found = replacements_.find(place_of(was));
    if (found == replacements_.end())
      return was.Type() == is.Type() && (was.IsNull() || was.Scalar() == is.Scalar());
    return found->second.null ? is.IsNull() : is.IsScalar() && is.Scalar() == found->second.made;
  }

  std::string_view text_;
  const std::vector<config::JsonPath>& paths_;
  const JsonTransform& transform_;
  Replacements replacements_;
  size_t values_ = 0;
  int depth_ = 0;
};

}  // namespace

Outcome rewrite_yaml(std::string_view text, const std::vector<config::JsonPath>& paths,
                     const JsonTransform& transform, std::string& out) {
  try {
    return Rewriter(text, paths, transform).rewrite(out);
  } catch (const std::exception&) {
    // yaml-cpp throws for what is no YAML, and for marks and types that it does not expect.
    return Outcome::kMalformed;
  }
}

}  // namespace summit::masking
