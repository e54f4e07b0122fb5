#include "stores/neo4j/graph_rewrite.h"

#include "formats/bolt/packstream.h"
#include "stores/neo4j/graph_file.h"

namespace summit::neo4j {

namespace {

Error malformed() {
  return Error(Code::kCorrupt, "an element of the graph has another shape than it should")
      .hint("run `summit-dr verify` on this backup");
}

class FileRewrite final : public GraphVisitor {
 public:
  FileRewrite(GraphRewriter& rewriter, const std::function<Result<void>(ByteView)>& consume)
      : rewriter_(rewriter), rewrite_(&rewriter), writer_(consume) {}

  Result<void> facts(GraphRecord kind, const Value::Map& facts) override {
    if (kind == GraphRecord::kIndex || kind == GraphRecord::kConstraint)
      RETURN_IF_ERROR(rewriter_.schema(facts));
    return writer_.facts(kind, facts);
  }
  Result<void> node(int64_t id, ByteView labels, ByteView properties) override {
    RETURN_IF_ERROR(rewrite_.node(id, labels, properties));
    return writer_.node(id, labels, properties);
  }
  Result<void> relationship(int64_t id, int64_t start, int64_t end, std::string_view type,
                            ByteView properties) override {
    RETURN_IF_ERROR(rewrite_.relationship(id, type, properties));
    return writer_.relationship(id, start, end, type, properties);
  }
  Result<void> cut(std::string_view type, uint64_t count) override { return writer_.cut(type, count); }

  Result<void> finish() { return writer_.finish(); }

 private:
  GraphRewriter& rewriter_;
  ElementRewrite rewrite_;
  GraphWriter writer_;
};

}  // namespace

Result<void> ElementRewrite::node(int64_t id, ByteView& labels, ByteView& properties) {
  if (rewriter_ == nullptr) return {};
  bolt::Cursor labels_cursor(labels);
  bolt::Cursor properties_cursor(properties);
  ASSIGN_OR_RETURN(const auto names, bolt::read_value(labels_cursor));
  ASSIGN_OR_RETURN(auto values, bolt::read_value(properties_cursor));
  const auto* list = names.as<Value::List>();
  auto* map = std::get_if<Value::Map>(&values.data);
  if (list == nullptr || map == nullptr) return malformed();
  std::vector<std::string> texts;
  for (const auto& name : *list) texts.emplace_back(name.text());
  RETURN_IF_ERROR(rewriter_->node(id, texts, *map));
  Value::List changed;
  for (auto& text : texts) changed.push_back(Value{std::move(text)});
  labels_.clear();
  properties_.clear();
  RETURN_IF_ERROR(bolt::Writer(labels_).value(Value{std::move(changed)}));
  RETURN_IF_ERROR(bolt::Writer(properties_).value(values));
  labels = as_bytes(labels_);
  properties = as_bytes(properties_);
  return {};
}

Result<void> ElementRewrite::relationship(int64_t id, std::string_view type, ByteView& properties) {
  if (rewriter_ == nullptr) return {};
  bolt::Cursor cursor(properties);
  ASSIGN_OR_RETURN(auto values, bolt::read_value(cursor));
  auto* map = std::get_if<Value::Map>(&values.data);
  if (map == nullptr) return malformed();
  RETURN_IF_ERROR(rewriter_->relationship(id, std::string(type), *map));
  properties_.clear();
  RETURN_IF_ERROR(bolt::Writer(properties_).value(values));
  properties = as_bytes(properties_);
  return {};
}

Result<void> rewrite_graph_file(const GraphSource& source, GraphRewriter& rewriter,
                                const std::function<Result<void>(ByteView)>& consume,
                                const Cancellation& cancellation) {
  FileRewrite rewrite(rewriter, consume);
  GraphReader reader(rewrite);
  auto read = source([&](ByteView block) -> Result<void> {
    RETURN_IF_ERROR(cancellation.check());
    return reader.write(block);
  });
  RETURN_IF_ERROR(std::move(read));
  RETURN_IF_ERROR(reader.finish());
  return rewrite.finish();
}

}  // namespace summit::neo4j
