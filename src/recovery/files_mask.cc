#include "recovery/files_mask.h"

#include <algorithm>

#include "core/bytes.h"
#include "masking/detectors.h"
#include "masking/entry_lines.h"

namespace summit::recovery {
namespace {

using config::MaskRule;

// Texts are looked at in pieces of this size, each with the end of the one before.
constexpr size_t kPiece = 60 * KiB;
constexpr size_t kOverlap = 2 * KiB;

bool drops(const masking::Rules& rules) {
  return std::ranges::any_of(rules, [](const MaskRule* rule) { return rule->drop; });
}
bool has_entries(const masking::Rules& rules) {
  return std::ranges::any_of(rules, [](const MaskRule* rule) { return !rule->fields.empty(); });
}
bool has_document(const masking::Rules& rules) {
  return std::ranges::any_of(rules, [](const MaskRule* rule) { return rule->document.has_value(); });
}
const MaskRule* renaming(const masking::Rules& rules) {
  const auto found =
      std::ranges::find_if(rules, [](const MaskRule* rule) { return rule->rename.has_value(); });
  return found == rules.end() ? nullptr : *found;
}

std::optional<masking::Suspicion> suspect_path(std::string_view path) {
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    if (const auto found = masking::suspect_value(path.substr(at, end - at))) return found;
    at = end + 1;
  }
  return std::nullopt;
}

// The path up to the first part that tells something: "inbox/ada@example.org.txt" is of "inbox/*".
std::string path_family(const std::string& path) {
  std::string family;
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    if (masking::suspect_value(part)) return family + "*";
    family += end == path.size() ? part : part + "/";
    at = end + 1;
  }
  return family;
}

// Gives the text in pieces, until one is found to be private.
class TextLook {
 public:
  void feed(std::string_view bytes) {
    while (!found_ && !bytes.empty()) {
      const size_t size = std::min(bytes.size(), kPiece - window_.size());
      window_ += bytes.substr(0, size);
      bytes.remove_prefix(size);
      if (window_.size() < kPiece) continue;
      found_ = suspect(window_);
      window_.erase(0, kPiece - kOverlap);
    }
  }
  std::optional<masking::Suspicion> finish() const { return found_ ? found_ : suspect(window_); }

 private:
  static std::optional<masking::Suspicion> suspect(std::string_view text) {
    const auto found = masking::suspect_value(text);
    return found ? found : masking::suspect_settings(text);
  }

  std::string window_;
  std::optional<masking::Suspicion> found_;
};

Result<std::string> whole_text(const files::ArchiveEntry& entry, files::ArchiveReader& reader) {
  if (entry.size > files::kLargestEditedFile)
    return Error(Code::kUnsupported, "{} is too large to be masked", entry.path)
        .hint("add a rule with `drop: true` for it to config/sanitization.yaml");
  std::string text(entry.size, '\0');
  RETURN_IF_ERROR(reader.read([&](uint64_t offset, ByteView block) -> Result<void> {
    text.replace(offset, block.size(), as_text(block));
    return {};
  }));
  return text;
}

// The holes of a sparse file.
void append_zeros(uint64_t count, Sha256& hasher) {
  static const std::string kZeros(64 * KiB, '\0');
  for (; count > 0; count -= std::min<uint64_t>(count, kZeros.size()))
    hasher.update(as_bytes(std::string_view(kZeros).substr(0, count)));
}

std::string drop_rule(const std::string& path, const std::string& tree) {
  return fmt::format("- {{path: \"{}\", tree: {}, drop: true}}", path, tree);
}

}  // namespace

FilesMask::FilesMask(const masking::Session& session, std::string tree, Others others,
                     masking::ReplacedValues* replaced)
    : session_(session),
      tree_(std::move(tree)),
      others_(others),
      masks_(session.key, replaced),
      documents_(session.key, replaced),
      names_(session.key, replaced) {}

masking::Rules FilesMask::rules_of(std::string_view path) const {
  return masking::rules_of_file(session_.rules, session_.level, path, tree_);
}

files::ContentEditor::Action FilesMask::action(std::string_view path) const {
  const auto rules = rules_of(path);
  if (drops(rules)) return Action::kDrop;
  if (has_entries(rules) || has_document(rules)) return Action::kEdit;
  return others_ == Others::kDrop ? Action::kDrop : Action::kPass;
}

Result<std::string> FilesMask::edit(const std::string& path, std::string text) {
  const auto rules = rules_of(path);
  if (has_entries(rules)) {
    ASSIGN_OR_RETURN(auto* const mask, masks_.of(rules));
    ASSIGN_OR_RETURN(text, masking::mask_entry_lines(text, *mask));
  }
  for (const auto* rule : rules) {
    if (!rule->document) continue;
    ASSIGN_OR_RETURN(text, documents_.apply(*rule, text), "{}", path_family(path));
  }
  return text;
}

Result<std::string> FilesMask::edited(const std::string& path, const files::ArchiveEntry& entry,
                                      files::ArchiveReader& reader) {
  ASSIGN_OR_RETURN(auto text, whole_text(entry, reader));
  return edit(path, std::move(text));
}

// Part by part, so that what lies below a directory stays below it.
Result<std::string> FilesMask::new_path(const std::string& path) {
  const auto* const rule = renaming(rules_of(path));
  if (rule == nullptr || rule->rename->kind == config::Operation::Kind::kKeep) return path;
  const auto star = masking::first_wildcard(path, rule->name);
  if (!star) return path;
  const auto [begin, length] = *star;
  std::string made = path.substr(0, begin);
  for (size_t at = begin; at < begin + length;) {
    const size_t end = std::min(path.find('/', at), begin + length);
    if (end > at) {
      ASSIGN_OR_RETURN(const auto part, names_.apply(*rule, *rule->rename, path.substr(at, end - at)));
      made += part;
    }
    if (end < begin + length) made += '/';
    at = end + 1;
  }
  return made + path.substr(begin + length);
}

Result<void> FilesMask::look_through(const std::string& path, const files::ArchiveEntry& entry,
                                     files::ArchiveReader& reader, masking::Findings& findings) {
  findings.met(rules_of(path));
  const auto what = action(path);
  if (what == Action::kDrop) return {};
  look_at_name(path, findings);
  if (entry.type == files::ArchiveEntry::Type::kLink && masking::suspect_value(entry.target))
    findings.add(fmt::format("{}, where the link leads to", path), "a private text", drop_rule(path, tree_));
  if (entry.type != files::ArchiveEntry::Type::kFile) return {};

  if (what == Action::kPass) {
    TextLook look;
    RETURN_IF_ERROR(reader.read([&](uint64_t, ByteView block) -> Result<void> {
      look.feed(as_text(block));
      return {};
    }));
    if (const auto found = look.finish())
      findings.add(path_family(path), masking::name_of(*found), drop_rule(path_family(path), tree_));
    return {};
  }
  ASSIGN_OR_RETURN(const auto text, whole_text(entry, reader));
  // What the rules cannot do shows before anything is written.
  RETURN_IF_ERROR(edit(path, text));
  const auto rules = rules_of(path);
  return has_document(rules) ? look_at_documents(path, text, findings)
                             : look_at_entries(path, text, findings);
}

Result<Sha256Digest> FilesMask::digest(const files::ArchiveEntry& entry, files::ArchiveReader& reader) {
  if (action(entry.path) == Action::kEdit) {
    ASSIGN_OR_RETURN(const auto text, edited(entry.path, entry, reader));
    return sha256(as_bytes(text));
  }
  Sha256 hasher;
  uint64_t hashed = 0;
  RETURN_IF_ERROR(reader.read([&](uint64_t offset, ByteView block) -> Result<void> {
    append_zeros(offset - hashed, hasher);
    hasher.update(block);
    hashed = offset + block.size();
    return {};
  }));
  append_zeros(entry.size - hashed, hasher);
  return hasher.finish();
}

void FilesMask::look_at_name(const std::string& path, masking::Findings& findings) const {
  if (renaming(rules_of(path)) != nullptr) return;
  if (const auto found = suspect_path(path))
    findings.add(path_family(path) + ", the file's name", masking::name_of(*found),
                 fmt::format("- {{path: \"{}\", tree: {}, rename: {{hash: 32}}}}  # or drop: true",
                             path_family(path), tree_));
}

// What is left of the text without the values that rules replace, its comments included.
Result<void> FilesMask::look_at_documents(const std::string& path, std::string text,
                                          masking::Findings& findings) const {
  for (const auto* rule : rules_of(path)) {
    if (!rule->document) continue;
    ASSIGN_OR_RETURN(text, masking::without_ruled(*rule, text), "{}", path_family(path));
  }
  TextLook look;
  look.feed(text);
  if (const auto found = look.finish())
    findings.add(path_family(path) + ", what no path of its rule reaches", masking::name_of(*found),
                 drop_rule(path_family(path), tree_));
  return {};
}

Result<void> FilesMask::look_at_entries(const std::string& path, std::string_view text,
                                        masking::Findings& findings) const {
  return masking::for_each_entry_line(text, [&](const masking::EntryLine& line) -> Result<void> {
    if (line.name.empty()) {
      if (const auto found = masking::suspect_value(line.text))
        findings.add(path + ", a line that is no entry", masking::name_of(*found), drop_rule(path, tree_));
      return {};
    }
    if (line.value.empty()) return {};
    masking::Place place;
    place.store = MaskRule::Store::kFiles;
    place.schema = tree_;
    place.name = path;
    place.field = line.name;
    place.samples.push_back(line.value);
    findings.look(place);
    return {};
  });
}

}  // namespace summit::recovery
