#include "stores/postgres/row_visitor.h"

#include "formats/pgarchive/parser.h"
#include "stores/postgres/row_splitter.h"

namespace summit::postgres {

namespace {

class Splitting final : public pgarchive::Consumer {
 public:
  explicit Splitting(RowVisitor& visitor) : visitor_(visitor) {}

  Result<void> on_contents(const pgarchive::Contents&) override { return {}; }

  Result<void> on_table_begin(const pgarchive::Entry& entry) override {
    wanted_ = false;
    if (!entry.copy) return {};
    ASSIGN_OR_RETURN(wanted_, visitor_.begin(entry));
    return {};
  }

  Result<void> on_rows(ByteView bytes) override {
    if (!wanted_) return {};
    splitter_.feed(bytes);
    if (splitter_.waiting() < 256 * KiB) return {};
    const auto block = splitter_.take();
    return block ? visitor_.rows(block->bytes) : Result<void>();
  }

  Result<void> on_table_end() override {
    if (!wanted_) return {};
    ASSIGN_OR_RETURN(const auto rest, splitter_.finish());
    if (!rest.bytes.empty()) RETURN_IF_ERROR(visitor_.rows(rest.bytes));
    return visitor_.end();
  }

  Result<void> on_large_object_begin(const pgarchive::Entry&, uint32_t) override { return {}; }
  Result<void> on_large_object(ByteView) override { return {}; }
  Result<void> on_large_object_end() override { return {}; }

 private:
  RowVisitor& visitor_;
  RowSplitter splitter_;
  bool wanted_ = false;
};

}  // namespace

Result<void> visit_rows(const ArchiveSource& source, RowVisitor& visitor, Phase* phase,
                        const Cancellation& cancellation) {
  Splitting splitting(visitor);
  return read_archive(source, splitting, phase, cancellation);
}

}  // namespace summit::postgres
