// Masks a tree of files by the rules `files:` while it is restored. Page: docs/masking.md.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/digest.h"
#include "masking/document_mask.h"
#include "masking/findings.h"
#include "masking/name_masks.h"
#include "masking/named_values.h"
#include "masking/session.h"
#include "recovery/component.h"
#include "stores/files/archive.h"
#include "stores/files/content_editor.h"

namespace summit::recovery {

// One thread at a time.
class FilesMask final : public files::ContentEditor {
 public:
  // What becomes of files without a rule for their entries.
  enum class Others {
    kPass,  // as they are, when nothing in them looks private
    kDrop,  // secrets
  };
  // `session` outlives this; `replaced` is told of what is replaced, null: nobody. `tree` is the tree's name.
  FilesMask(const masking::Session& session, std::string tree, Others others,
            masking::ReplacedValues* replaced);

  Action action(std::string_view path) const override;
  Result<std::string> edit(const std::string& path, std::string text) override;
  // The whole file of an archive, edited; kUnsupported for one that is too large.
  Result<std::string> edited(const std::string& path, const files::ArchiveEntry& entry,
                             files::ArchiveReader& reader);
  Result<std::string> new_path(const std::string& path) override;

  // Looks for what is private and is not replaced: in the entry's name, in the entries that no rule covers,
  // and in the text of files without rules, in pieces of bounded memory.
  Result<void> look_through(const std::string& path, const files::ArchiveEntry& entry,
                            files::ArchiveReader& reader, masking::Findings& findings);

  // Of the content that the entry has on the target.
  Result<Sha256Digest> digest(const files::ArchiveEntry& entry, files::ArchiveReader& reader);

 private:
  masking::Rules rules_of(std::string_view path) const;
  void look_at_name(const std::string& path, masking::Findings& findings) const;
  Result<void> look_at_entries(const std::string& path, std::string_view text,
                               masking::Findings& findings) const;
  Result<void> look_at_documents(const std::string& path, std::string text,
                                 masking::Findings& findings) const;

  const masking::Session& session_;
  std::string tree_;
  Others others_;
  masking::NamedMasks masks_;
  masking::DocumentMasks documents_;
  masking::NameMasks names_;
};

}  // namespace summit::recovery
