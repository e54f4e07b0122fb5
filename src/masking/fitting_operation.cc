#include "masking/fitting_operation.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "core/text.h"

namespace summit::masking {
namespace {

// "character varying(20)" is of name `character varying` and of size 20.
struct Type {
  std::string name;
  std::optional<size_t> size;
  size_t scale = 0;  // of numeric(size, scale)
  bool array = false;
};

Type read_type(std::string_view written) {
  Type type;
  if (const size_t brackets = written.find('['); brackets != std::string_view::npos) {
    type.array = true;
    written = written.substr(0, brackets);
  }
  const size_t open = written.find('(');
  const size_t close = written.find(')');
  if (open == std::string_view::npos || close == std::string_view::npos) {
    type.name = written;
  } else {
    type.name = fmt::format("{}{}", written.substr(0, open), written.substr(close + 1));
    const auto inside = written.substr(open + 1, close - open - 1);
    const size_t comma = inside.find(',');
    type.size = parse_number<size_t>(inside.substr(0, comma));
    if (comma != std::string_view::npos)
      type.scale = parse_number<size_t>(inside.substr(comma + 1)).value_or(0);
  }
  // Extensions' types are written with their schema.
  if (const size_t dot = type.name.rfind('.'); dot != std::string::npos) type.name.erase(0, dot + 1);
  return type;
}

constexpr size_t kShortestHash = 16;
constexpr size_t kUsualHash = 32;
constexpr size_t kLongestHash = 64;

std::string hash(size_t digits) { return fmt::format("{{hash: {}}}", digits); }
std::string constant(std::string_view yaml) { return fmt::format("{{constant: \"{}\"}}", yaml); }

// A stand-in of the kind, and how long the longest of them is beside the original's length.
struct StandIn {
  std::string_view operation;
  size_t longest;
};

std::optional<StandIn> stand_in_for(Suspicion suspicion) {
  switch (suspicion) {
    case Suspicion::kEmail:
      return StandIn{"{pseudonym: email}", 80};
    case Suspicion::kPhone:
      return StandIn{"{pseudonym: phone}", 40};
    case Suspicion::kCard:
      return StandIn{"{pseudonym: card}", 0};
    case Suspicion::kIban:
      return StandIn{"{pseudonym: iban}", 0};
    case Suspicion::kIp:
      return StandIn{"{pseudonym: ip}", 39};
    case Suspicion::kPersonName:
      return StandIn{"{pseudonym: name}", 80};
    case Suspicion::kNationalId:
      return StandIn{"{hash: 32}", kUsualHash};
    default:
      return std::nullopt;
  }
}

bool is_text(std::string_view name) {
  return name.empty() || name == "text" || name == "citext" || name == "character varying";
}

// `required` where NULL will not do.
std::string for_text(Suspicion suspicion, const Type& type, bool required) {
  const size_t room = type.size.value_or(kLongestHash * 2);
  const auto stand_in = stand_in_for(suspicion);
  if (stand_in && stand_in->longest <= room) return std::string(stand_in->operation);
  if (!stand_in && !required) return "remove";
  if (room >= kShortestHash) return hash(std::min(room, kUsualHash));
  return required ? constant("x") : "remove";
}

// What is shorter comes back with blanks.
std::string for_fixed_text(const Type& type) {
  const size_t room = type.size.value_or(1);
  return room >= kShortestHash && room <= kLongestHash ? hash(room) : constant(std::string(room, 'x'));
}

// A value of the type that tells nothing; empty when none is known.
std::string nothing_telling(const Type& type, const std::string& number_key) {
  static constexpr auto kWritten = std::to_array<std::pair<std::string_view, std::string_view>>(
      {{"json", "{}"},
       {"jsonb", "{}"},
       {"uuid", "00000000-0000-0000-0000-000000000000"},
       {"cidr", "2001:db8::/32"},
       {"macaddr", "00:00:00:00:00:00"},
       {"bytea", "\\\\x"},
       {"date", "1970-01-01"},
       {"timestamp without time zone", "1970-01-01 00:00:00"},
       {"boolean", "f"}});
  for (const auto& [name, value] : kWritten) {
    if (type.name == name) return constant(value);
  }
  const bool number = type.name == "smallint" || type.name == "integer" || type.name == "bigint" ||
                      type.name == "real" || type.name == "double precision" || type.name == "numeric";
  if (!number) return {};
  if (!number_key.empty()) return fmt::format("{{template: \"{{{}}}\"}}", number_key);
  return constant(type.scale > 0 ? "0." + std::string(type.scale, '0') : "0");
}

}  // namespace

std::string fitting_operation(Suspicion suspicion, const ColumnTraits& column) {
  const auto type = read_type(column.type);
  if (type.array) {
    const auto stand_in = stand_in_for(suspicion);
    if (stand_in && is_text(type.name) && stand_in->longest <= type.size.value_or(kLongestHash * 2))
      return fmt::format("{{elements: {}}}", stand_in->operation);
    return column.required ? constant("{}") : "remove";
  }
  if (is_text(type.name)) return for_text(suspicion, type, column.required);
  if (type.name == "inet") return "{pseudonym: ip}";
  if (!column.required) return "remove";
  return type.name == "character" ? for_fixed_text(type) : nothing_telling(type, column.number_key);
}

}  // namespace summit::masking
