#include "masking/document_mask.h"

#include "masking/json_text.h"
#include "masking/named_values.h"
#include "masking/yaml_text.h"

namespace summit::masking {
namespace {

using config::MaskRule;
using config::Operation;

// JSON is tried first: what it is, and YAML reads another way, is nothing that these files hold.
Result<std::string> rewritten(const MaskRule& rule, std::string_view text, const JsonTransform& transform) {
  std::string out;
  Outcome outcome = rewrite_json(text, rule.document->paths, transform, out);
  if (outcome == Outcome::kMalformed) outcome = rewrite_yaml(text, rule.document->paths, transform, out);
  if (outcome == Outcome::kValue) return out;
  if (outcome == Outcome::kFailed)
    return Error(Code::kFailed, "OpenSSL failed while masking {}", describe(rule));
  return Error(
             Code::kCorrupt,
             "a file of {} cannot be masked by the paths of the rule in line {}: it is no JSON or YAML, or a "
             "value there is no date, or goes over several lines without quotes",
             describe(rule), rule.line)
      .hint("write the value in quotes at the source, or `drop: true` in config/sanitization.yaml");
}

}  // namespace

Result<const DocumentMasks::Parts*> DocumentMasks::compiled(const MaskRule& rule) {
  const auto known = parts_.find(&rule);
  if (known != parts_.end()) return &known->second;
  const auto no_row = [&](const std::string& field) -> Result<size_t> {
    return Error(Code::kConfig, "a value inside a document cannot be made of the field `{}`: line {}", field,
                 rule.line)
        .hint("use a constant, a pseudonym or a hash in config/sanitization.yaml");
  };
  Parts parts;
  for (const auto& part : rule.document->parts) {
    ASSIGN_OR_RETURN(auto transform,
                     Transform::compile(part, key_, no_row, {replaced_, place_of(rule, "paths")}));
    parts.push_back(std::move(transform));
  }
  return &parts_.emplace(&rule, std::move(parts)).first->second;
}

Result<std::string> DocumentMasks::apply(const MaskRule& rule, std::string_view text) {
  ASSIGN_OR_RETURN(const auto* parts, compiled(rule));
  return rewritten(rule, text, [&](size_t path, Field value, std::string& out) {
    return (*parts)[path]->apply(value, {}, out);
  });
}

Result<std::string> without_ruled(const MaskRule& rule, std::string_view text) {
  return rewritten(rule, text, [&](size_t path, Field, std::string&) {
    const bool kept = rule.document->parts[path].kind == Operation::Kind::kKeep;
    return kept ? Outcome::kKept : Outcome::kNull;
  });
}

}  // namespace summit::masking
