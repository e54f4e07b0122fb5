#include "recovery/graph_mask.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "core/text.h"

namespace summit::recovery {

using config::MaskRule;
using config::Operation;
using masking::Field;
using neo4j::Value;

namespace {

constexpr size_t kSamples = 200;
constexpr int64_t kSecondsOfADay = 86400;
// What stands for the element's internal id in rules.
constexpr std::string_view kIdField = "id()";

int64_t days_in(int64_t seconds) {
  return (seconds >= 0 ? seconds : seconds - kSecondsOfADay + 1) / kSecondsOfADay;
}

// Of the years that std::chrono knows.
constexpr int64_t kFirstDay =
    std::chrono::sys_days(std::chrono::year::min() / 1 / 1).time_since_epoch().count();
constexpr int64_t kLastDay =
    std::chrono::sys_days(std::chrono::year::max() / 12 / 31).time_since_epoch().count();

// Of a value that has a date: days since 1970-01-01, where it is.
std::optional<int64_t> days_of(const Value& value) {
  if (const auto* date = value.as<neo4j::Date>()) return date->days;
  if (const auto* local = value.as<neo4j::LocalDateTime>()) return days_in(local->seconds);
  if (const auto* instant = value.as<neo4j::DateTime>()) return days_in(instant->seconds + instant->offset);
  return {};
}

std::string text_of(const Value& value) {
  const auto days = days_of(value);
  if (!days || *days < kFirstDay || *days > kLastDay) return neo4j::to_text(value);
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(*days))};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

// Of such a text.
std::optional<int64_t> days_of(std::string_view text) {
  constexpr size_t kYear = 4;
  constexpr size_t kMonthAndDay = std::string_view("-mm-dd").size();
  if (text.size() < kYear + kMonthAndDay) return {};
  const auto rest = text.substr(text.size() - kMonthAndDay);
  const auto year = parse_number<int16_t>(text.substr(0, text.size() - kMonthAndDay));
  const auto month = parse_number<unsigned>(rest.substr(1, 2));
  const auto day = parse_number<unsigned>(rest.substr(4, 2));
  if (!year || !month || !day || rest[0] != '-' || rest[3] != '-') return {};
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok()) return {};
  return std::chrono::sys_days(date).time_since_epoch().count();
}

// A date whose rule gives a date stays of its type and keeps its time of day; all else becomes a text.
Value replacement(const Value& original, const std::string& text) {
  const auto days = days_of(original);
  const auto moved = days ? days_of(text) : std::nullopt;
  if (!moved) return Value{text};
  const int64_t seconds = (*moved - *days) * kSecondsOfADay;
  if (const auto* local = original.as<neo4j::LocalDateTime>())
    return Value{neo4j::LocalDateTime{local->seconds + seconds, local->nanoseconds}};
  if (const auto* instant = original.as<neo4j::DateTime>()) {
    auto shifted = *instant;
    shifted.seconds += seconds;
    return Value{std::move(shifted)};
  }
  return Value{neo4j::Date{*moved}};
}

// What is said of the elements of a list holds for each of them, and for a value that is no list.
void look_inside(Operation& operation) {
  while (operation.kind == Operation::Kind::kElements) {
    Operation inner = operation.parts.front();
    operation = std::move(inner);
  }
}

std::string container_key(MaskRule::Store store, const std::string& name) {
  return (store == MaskRule::Store::kNodes ? "n:" : "r:") + name;
}
masking::Place place_of(const std::pair<std::string, std::string>& container_and_property) {
  const auto& [container, property] = container_and_property;
  masking::Place place;
  place.store = container.starts_with("n:") ? MaskRule::Store::kNodes : MaskRule::Store::kRelationships;
  place.name = container.substr(2);
  place.field = property;
  return place;
}

// A list has values of one type: what a rule left as it was becomes a text beside texts.
Value::List of_one_type(Value::List list) {
  const bool mixed = std::any_of(list.begin(), list.end(), [&](const Value& value) {
    return value.data.index() != list.front().data.index();
  });
  if (!mixed) return list;
  for (auto& value : list) value = Value{text_of(value)};
  return list;
}

}  // namespace

class GraphMask::Element {
 public:
  static Result<std::unique_ptr<Element>> compile(const masking::Rules& rules, const Secret& key,
                                                  std::vector<std::string> names) {
    auto element = std::make_unique<Element>();
    element->names_ = std::move(names);
    masking::Rules own;
    for (const auto* rule : rules) {
      auto& copy = element->rules_.emplace_back(*rule);
      for (auto& field : copy.fields) {
        look_inside(field.set);
        if (field.otherwise) look_inside(*field.otherwise);
      }
      own.push_back(&copy);
    }
    element->columns_ = masking::fields_of(own);
    ASSIGN_OR_RETURN(element->mask_,
                     masking::RowMask::compile(own, element->columns_, key, element->container({})));
    return element;
  }

  // The label or type under which a property is known: one that has a rule for it, else the first.
  std::string container(const std::string& property) const {
    for (const auto& rule : rules_) {
      const bool named = std::any_of(rule.fields.begin(), rule.fields.end(),
                                     [&](const auto& field) { return field.field == property; });
      if (named && std::find(names_.begin(), names_.end(), rule.name) != names_.end()) return rule.name;
    }
    return names_.empty() ? std::string() : names_.front();
  }

  // Where the values of a property stand, for whoever listens.
  masking::ReplacedPlace& told(masking::ReplacedValues& replaced, const std::string& property) {
    auto& place = told_[property];
    if (place == nullptr) place = replaced.at(fmt::format("neo4j:{}.{}", container(property), property));
    return *place;
  }

  void replace_labels(std::vector<std::string>& labels) const {
    for (const auto& rule : rules_) {
      if (rule.replace_label.empty()) continue;
      std::erase(labels, rule.name);
      if (std::find(labels.begin(), labels.end(), rule.replace_label) == labels.end())
        labels.push_back(rule.replace_label);
    }
  }

  // What the row of `properties` becomes; a list in `list` is given as `item`. The views hold until the next
  // call.
  Result<void> apply(int64_t id, const Value::Map& properties, const std::string& list, const Value* item) {
    texts_.clear();
    texts_.reserve(mask_->inputs().size());
    std::vector<Field> row;
    for (const size_t column : mask_->inputs()) {
      const auto& name = columns_[column];
      const Value* value = name == list ? item : neo4j::find(properties, name);
      if (name == kIdField) {
        texts_.push_back(std::to_string(id));
      } else if (const auto* many = value ? value->as<Value::List>() : nullptr) {
        // Its elements are masked one by one; a condition sees the first.
        if (many->empty()) {
          row.emplace_back();
          continue;
        }
        texts_.push_back(text_of(many->front()));
      } else if (value != nullptr && !value->is_null()) {
        texts_.push_back(text_of(*value));
      } else {
        row.emplace_back();
        continue;
      }
      row.emplace_back(texts_.back());
    }
    // The other fields are counted once, however many elements a list has.
    return mask_->apply(row,
                        item == nullptr ? masking::RowMask::Counted::kYes : masking::RowMask::Counted::kNo);
  }

  std::vector<masking::RowMask::Gap> gaps() const { return mask_->gaps(); }
  const std::vector<masking::RowMask::Target>& targets() const { return mask_->targets(); }
  const std::string& name_of(const masking::RowMask::Target& target) const { return columns_[target.column]; }

 private:
  std::vector<std::string> names_;  // labels, or the type
  std::deque<MaskRule> rules_;
  std::vector<std::string> columns_;
  std::optional<masking::RowMask> mask_;
  std::vector<std::string> texts_;
  std::map<std::string, std::unique_ptr<masking::ReplacedPlace>> told_;  // by property
};

GraphMask::GraphMask(const masking::Session& session) : session_(session) {}
GraphMask::~GraphMask() = default;

Result<GraphMask::Element*> GraphMask::element_of(Elements& elements, const std::string& key,
                                                  masking::Rules rules, std::vector<std::string> names) {
  met_.insert(rules.begin(), rules.end());
  ASSIGN_OR_RETURN(auto compiled, Element::compile(rules, session_.key, std::move(names)));
  return elements.emplace(key, std::move(compiled)).first->second.get();
}

Result<void> GraphMask::node(int64_t id, std::vector<std::string>& labels, Value::Map& properties) {
  std::sort(labels.begin(), labels.end());
  std::string key;
  for (const auto& label : labels) key.append(label).push_back('\0');
  const auto found = nodes_.find(key);
  Element* element = found != nodes_.end() ? found->second.get() : nullptr;
  if (element == nullptr) {
    ASSIGN_OR_RETURN(
        element,
        element_of(nodes_, key, masking::rules_of_node(session_.rules, session_.level, labels), labels));
  }
  RETURN_IF_ERROR(mask(*element, id, MaskRule::Store::kNodes, properties));
  element->replace_labels(labels);
  for (const auto& label : labels) look_at_name(label, "a label");
  return {};
}

Result<void> GraphMask::schema(const Value::Map& facts) {
  for (const auto& fact : facts) look_at_name(neo4j::to_text(fact.value), "an index or constraint");
  return {};
}

Result<void> GraphMask::relationship(int64_t id, const std::string& type, Value::Map& properties) {
  const auto found = relationships_.find(type);
  Element* element = found != relationships_.end() ? found->second.get() : nullptr;
  if (element == nullptr) {
    ASSIGN_OR_RETURN(
        element, element_of(relationships_, type,
                            masking::rules_of_relationship(session_.rules, session_.level, type), {type}));
  }
  look_at_name(type, "a type of relationships");
  return mask(*element, id, MaskRule::Store::kRelationships, properties);
}

Result<void> GraphMask::mask(Element& element, int64_t id, MaskRule::Store store, Value::Map& properties) {
  const auto tell = [&](const std::string& property, const Value& original, std::string_view now) {
    if (session_.replaced == nullptr) return;
    const std::string before = text_of(original);
    if (before != now) element.told(*session_.replaced, property).add(before, now);
  };
  std::set<std::string> replaced;
  std::vector<std::string> originals;                   // that were there, of those
  std::map<std::string, std::optional<Value>> changes;  // nothing: the property goes
  RETURN_IF_ERROR(element.apply(id, properties, {}, nullptr));
  std::vector<std::string> lists;
  for (const auto& target : element.targets()) {
    const auto& name = element.name_of(target);
    const Value* original = neo4j::find(properties, name);
    if (original != nullptr && original->as<Value::List>() != nullptr) {
      lists.push_back(name);
    } else if (target.touched) {
      replaced.insert(name);
      const Value before = original ? *original : Value{};
      if (original) {
        tell(name, before, target.null ? std::string_view() : target.value);
        originals.push_back(name);
      }
      changes[name] = target.null ? std::nullopt : std::optional(replacement(before, target.value));
    }
  }
  for (const auto& name : lists) {
    Value::List made;
    bool touched = false;
    for (const auto& item : *neo4j::find(properties, name)->as<Value::List>()) {
      RETURN_IF_ERROR(element.apply(id, properties, name, &item));
      for (const auto& target : element.targets()) {
        if (element.name_of(target) != name) continue;
        touched = touched || target.touched;
        if (target.touched) tell(name, item, target.null ? std::string_view() : target.value);
        if (!target.touched) made.push_back(item);
        if (target.touched && !target.null) made.push_back(replacement(item, target.value));
      }
    }
    if (!touched) continue;
    replaced.insert(name);
    originals.push_back(name);
    changes[name] = made.empty() ? std::nullopt : std::optional(Value{of_one_type(std::move(made))});
  }
  for (auto& [name, value] : changes) {
    std::erase_if(properties, [&](const neo4j::Entry& entry) { return entry.key == name; });
    if (value) properties.push_back({name, *std::move(value)});
  }
  neo4j::sort_by_key(properties);
  for (const auto& property : properties) {
    look_at_name(property.key, "a property's name");
    if (!replaced.contains(property.key)) sample(store, element.container(property.key), property);
  }
  // Where a name beside them would stand.
  const auto neighbours = container_key(store, element.container("name"));
  for (const auto& name : originals) replaced_.insert({neighbours, name});
  return {};
}

// Names are few; each is looked at once.
void GraphMask::look_at_name(const std::string& name, const char* what) {
  if (!names_.insert(name).second) return;
  if (const auto found = masking::suspect_identifier(name))
    private_names_.insert(fmt::format("{} ({})", what, masking::name_of(*found)));
}

void GraphMask::sample(MaskRule::Store store, const std::string& name, const neo4j::Entry& property) {
  const auto [found, is_new] =
      passed_.try_emplace({container_key(store, name), property.key},
                          Passed{.place = {}, .sample = masking::SpreadSample(kSamples)});
  auto& [place, sample] = found->second;
  if (is_new) place = place_of(found->first);
  if (sample.wants_next()) sample.add(neo4j::to_text(property.value));
}

void GraphMask::find_uncovered(masking::Findings& findings) const {
  findings.met({met_.begin(), met_.end()});
  std::vector<masking::Place> places;
  std::vector<masking::Verdict> verdicts;
  for (const auto& [key, passed] : passed_) {
    places.push_back(passed.place);
    places.back().samples = passed.sample.values();
    verdicts.push_back(masking::classify(session_.rules, session_.level, places.back()));
  }
  // A birth date that is masked is one all the same, and its neighbour is a person.
  for (const auto& replaced : replaced_) {
    places.push_back(place_of(replaced));
    verdicts.emplace_back().kind = masking::Verdict::Kind::kRuled;
  }
  masking::suspect_names_beside_birth_dates(places, verdicts);
  for (size_t i = 0; i < places.size(); ++i) {
    if (verdicts[i].kind != masking::Verdict::Kind::kSensitive) continue;
    const auto suspicion = verdicts[i].by_content ? verdicts[i].by_content : verdicts[i].by_name;
    findings.add(masking::describe(places[i]), suspicion ? masking::name_of(*suspicion) : "private",
                 verdicts[i].rule);
  }
  // The names are not said: they are what is private. No rule changes them.
  for (const auto& name : private_names_)
    findings.add(name, "private by its name", "(rename at the source what is private by its name)");
}

std::vector<DocumentedGap> GraphMask::gaps() const {
  std::map<std::string, DocumentedGap> by_place;
  for (const auto* elements : {&nodes_, &relationships_}) {
    for (const auto& [key, element] : *elements) {
      for (auto& gap : element->gaps()) {
        auto place = fmt::format("{}.{}", element->container(gap.field), gap.field);
        auto& known = by_place[place];
        gap.values += known.gap.values;
        gap.in_the_clear += known.gap.in_the_clear;
        gap.unfit += known.gap.unfit;
        known = {std::move(place), std::move(gap)};
      }
    }
  }
  std::vector<DocumentedGap> found;
  for (auto& [place, gap] : by_place) found.push_back(std::move(gap));
  return found;
}

Result<void> GraphMask::check_uncovered() const {
  masking::Findings findings(session_.rules, session_.level);
  find_uncovered(findings);
  return findings.verdict("neo4j");
}

}  // namespace summit::recovery
