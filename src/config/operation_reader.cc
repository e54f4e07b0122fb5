#include "config/operation_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/suggestion.h"

namespace summit::config {
namespace {

const std::vector<std::pair<std::string, Pseudonym>> kPseudonyms = {
    {"email", Pseudonym::kEmail}, {"phone", Pseudonym::kPhone}, {"card", Pseudonym::kCard},
    {"iban", Pseudonym::kIban},   {"ip", Pseudonym::kIp},       {"name", Pseudonym::kName}};

const std::vector<std::string> kOperations = {"constant",  "template",   "hash", "md5_with",
                                              "pseudonym", "shift_days", "json", "elements"};

// Text() takes an empty value for none.
std::optional<std::string> text_or_empty(const Value& value) {
  if (value.node().IsScalar() && value.node().Scalar().empty()) return std::string();
  return value.text();
}

bool holds_others(const Operation& operation) {
  return operation.kind == Operation::Kind::kJson || operation.kind == Operation::Kind::kElements;
}

std::optional<Operation> read_inner(const Value& value) {
  auto operation = read_operation(value);
  if (!operation) return std::nullopt;
  if (holds_others(*operation)) {
    value.complain("`json` and `elements` cannot stand inside each other",
                   "reach the place by its path: {json: {\"$.list[*].email\": …}}");
    return std::nullopt;
  }
  if (has_width(*operation)) {
    value.complain("a template with a width cannot stand inside a value", "use a pseudonym there");
    return std::nullopt;
  }
  return operation;
}

class OperationReader {
 public:
  explicit OperationReader(const Value& value)
      : value_(value), mapping_(value, "an operation", kOperations) {}

  std::optional<Operation> read() {
    std::vector<std::string> given;
    for (const auto& name : kOperations) {
      if (mapping_.find(name)) given.push_back(name);
    }
    if (given.size() != 1) {
      if (!given.empty() || value_.node().size() == 0)
        value_.complain(fmt::format("an operation has one key, not {}", given.size()),
                        "keep one of: " + join(given.empty() ? kOperations : given));
      return std::nullopt;
    }
    const auto inside = mapping_.find(given.front());
    return read_kind(given.front(), *inside);
  }

 private:
  std::optional<Operation> read_kind(const std::string& name, const Value& inside) {
    if (name == "constant") return read_text(Operation::Kind::kConstant, inside);
    if (name == "md5_with") return read_text(Operation::Kind::kMd5, inside);
    if (name == "template") return read_template(inside);
    if (name == "hash") return read_hash(inside);
    if (name == "pseudonym") return read_pseudonym(inside);
    if (name == "shift_days") return read_shift(inside);
    return name == "json" ? read_json_operation(inside, "`json`") : read_elements(inside);
  }

  static std::optional<Operation> read_text(Operation::Kind kind, const Value& inside) {
    Operation operation;
    operation.kind = kind;
    auto text = text_or_empty(inside);
    if (!text) return std::nullopt;
    operation.text = *std::move(text);
    return operation;
  }

  static std::optional<Operation> read_template(const Value& inside) {
    Operation operation;
    operation.kind = Operation::Kind::kTemplate;
    const auto text = text_or_empty(inside);
    if (!text) return std::nullopt;
    auto pieces = parse_template(*text);
    if (!pieces.ok()) {
      inside.complain(pieces.error().message(), pieces.error().hint());
      return std::nullopt;
    }
    operation.pieces = std::move(pieces).value();
    return operation;
  }

  static std::optional<Operation> read_hash(const Value& inside) {
    Operation operation;
    operation.kind = Operation::Kind::kKeyedHash;
    const auto digits = inside.number(16, 64);
    if (!digits) return std::nullopt;
    operation.digits = static_cast<unsigned>(*digits);
    return operation;
  }

  std::optional<Operation> read_pseudonym(const Value& inside) const {
    Operation operation;
    operation.kind = Operation::Kind::kPseudonym;
    const auto text = inside.text();
    if (!text) return std::nullopt;
    std::vector<std::string> names;
    for (const auto& [name, kind] : kPseudonyms) {
      if (name == *text) {
        operation.pseudonym = kind;
        return operation;
      }
      names.push_back(name);
    }
    inside.complain(fmt::format("`{}` is no pseudonym", *text), suggestion(*text, names));
    return std::nullopt;
  }

  static std::optional<Operation> read_shift(const Value& inside) {
    Operation operation;
    operation.kind = Operation::Kind::kShiftDays;
    const Mapping shift(inside, "`shift_days`", {"by", "most"});
    shift.read("by", operation.subject);
    const auto most = shift.require("most", "add `most: 180`");
    const auto days = most ? most->number(1, 3650) : std::nullopt;
    if (!shift.require("by", "add `by: user_id`, whose dates move together") || !days) return std::nullopt;
    operation.most_days = static_cast<unsigned>(*days);
    return operation;
  }

  static std::optional<Operation> read_elements(const Value& inside) {
    Operation operation;
    operation.kind = Operation::Kind::kElements;
    auto part = read_inner(inside);
    if (!part) return std::nullopt;
    operation.parts.push_back(*std::move(part));
    return operation;
  }

  Value value_;
  Mapping mapping_;
};

}  // namespace

std::optional<Operation> read_json_operation(const Value& value, const std::string& what) {
  Operation operation;
  operation.kind = Operation::Kind::kJson;
  bool right = true;
  for (const auto& [text, inside] : fields_of(value, what)) {
    auto path = parse_json_path(text);
    if (!path.ok()) inside.complain(path.error().message(), path.error().hint());
    auto part = read_inner(inside);
    right = right && path.ok() && part;
    if (!right) continue;
    operation.paths.push_back(std::move(path).value());
    operation.parts.push_back(*std::move(part));
  }
  if (!right || operation.parts.empty()) return std::nullopt;
  return operation;
}

bool has_width(const Operation& operation) {
  return std::any_of(operation.pieces.begin(), operation.pieces.end(), [](const TemplatePiece& piece) {
    return piece.is_field && piece.fit != TemplatePiece::Fit::kWhole;
  });
}

std::string_view name_of(Pseudonym kind) {
  for (const auto& [name, known] : kPseudonyms) {
    if (known == kind) return name;
  }
  return "unknown";
}

std::vector<std::pair<std::string, Value>> fields_of(const Value& value, const std::string& what) {
  std::vector<std::pair<std::string, Value>> fields;
  if (!value.is_mapping()) {
    value.complain(fmt::format("{} must be a mapping", what), "write `name: operation`, one a line");
    return fields;
  }
  for (const auto& entry : value.node()) {
    const YAML::Node key = entry.first;
    const YAML::Node child = entry.second;
    const Value at(key, value.context());
    const auto name = key.IsScalar() ? key.Scalar() : std::string();
    const bool known =
        std::any_of(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; });
    if (name.empty())
      at.complain(fmt::format("a name of {} is empty", what), "write the name in quotes");
    else if (known)
      at.complain(fmt::format("`{}` comes twice in {}", name, what), "keep one of them");
    else
      fields.emplace_back(name, Value(child, value.context()));
  }
  return fields;
}

std::optional<Operation> read_operation(const Value& value) {
  if (value.is_mapping()) return OperationReader(value).read();
  const auto word = value.text();
  Operation operation;
  if (word == "remove") operation.kind = Operation::Kind::kRemove;
  if (word == "keep" || word == "remove") return operation;
  value.complain(word ? fmt::format("`{}` is no operation", *word) : std::string("an operation is missing"),
                 "write keep, remove, or one of {" + join(kOperations) + "} with its value");
  return std::nullopt;
}

}  // namespace summit::config
