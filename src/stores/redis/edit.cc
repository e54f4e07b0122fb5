#include "stores/redis/edit.h"

#include "formats/rdb/encode.h"
#include "formats/rdb/rewriter.h"
#include "formats/rdb/types.h"
#include "stores/redis/own_keys.h"

namespace summit::redis {

namespace {

class EditingWriter {
 public:
  EditingWriter(KeyEditor& editor, const std::function<Result<void>(ByteView)>& consume)
      : editor_(editor), rewriter_(consume) {}

  Result<void> write(const rdb::Record& record) {
    switch (record.kind) {
      case rdb::Record::Kind::kEntry:
        return is_own_key(record) ? Result<void>() : write_entry(record);
      case rdb::Record::Kind::kFunction: {
        ASSIGN_OR_RETURN(const auto action, editor_.library(record.text));
        return action == KeyEditor::Action::kDrop ? Result<void>() : rewriter_.write(record);
      }
      case rdb::Record::Kind::kModuleAux:
        return {};
      default:
        return rewriter_.write(record);
    }
  }

 private:
  Result<void> write_entry(const rdb::Record& record) {
    const bool is_module = record.type == static_cast<uint8_t>(rdb::ValueType::kModule2);
    std::string new_key;
    ASSIGN_OR_RETURN(const auto action, editor_.key({record.db, record.key, is_module}, new_key));
    if (action == KeyEditor::Action::kDrop) return {};
    rdb::EditedValue value;
    if (action == KeyEditor::Action::kEdit) {
      ASSIGN_OR_RETURN(value, rdb::edit_value(record, editor_));
    }
    if (value.edit == rdb::Edit::kRemoved) return {};
    if (value.edit == rdb::Edit::kKept && new_key.empty()) return rewriter_.write(record);

    rdb::Record changed = record;
    if (!new_key.empty()) changed.key = new_key;
    if (value.edit == rdb::Edit::kReplaced) {
      changed.type = value.type;
      changed.value = as_bytes(value.bytes);
    }
    raw_.clear();
    rdb::append_entry(raw_, changed);
    changed.raw = as_bytes(raw_);
    return rewriter_.write(changed);
  }

  KeyEditor& editor_;
  rdb::Rewriter rewriter_;
  std::string raw_;
};

}  // namespace

RdbSource edited(RdbSource source, KeyEditor& editor) {
  return [source = std::move(source), &editor](const std::function<Result<void>(ByteView)>& consume) {
    EditingWriter writer(editor, consume);
    return read_records(source, [&](const rdb::Record& record) { return writer.write(record); });
  };
}

}  // namespace summit::redis
