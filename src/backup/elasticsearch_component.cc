#include "backup/elasticsearch_component.h"

#include "stores/elasticsearch/client.h"

namespace summit::backup {
namespace {

class ElasticsearchComponent final : public Component {
 public:
  ElasticsearchComponent(config::ElasticsearchEndpoint endpoint, std::string name)
      : endpoint_(std::move(endpoint)), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  std::string kind() const override { return "elasticsearch"; }
  CutKind cut_kind() const override { return CutKind::kNone; }
  std::vector<std::string> describe() const override {
    return {fmt::format("list of the indexes at {}; they are rebuilt by {}", endpoint_.url, way_back())};
  }
  Result<uint64_t> predict_size(CaptureContext&) override { return uint64_t{0}; }

  Result<void> prepare(CaptureContext& context) override {
    ASSIGN_OR_RETURN(inventory_, elasticsearch::read_inventory(endpoint_, context.cancellation));
    return {};
  }

  Result<Instant> cut(CaptureContext&) override { return now(); }

  Result<repository::ComponentRecord> transfer(CaptureContext&) override {
    repository::ComponentRecord record;
    record.status = repository::Status::kAbsent;
    record.reason = "recoverable: its indexes are rebuilt from the other stores by " + way_back();
    record.server_version = inventory_.version;
    for (const auto& index : inventory_.indexes) {
      record.notes.push_back(fmt::format("index {} held {} documents", index.name, index.documents));
    }
    return record;
  }

 private:
  std::string way_back() const {
    return endpoint_.reindex_command.empty() ? "the application (ELASTICSEARCH_REINDEX_COMMAND names no command)"
                                             : fmt::format("`{}`", fmt::join(endpoint_.reindex_command, " "));
  }

  config::ElasticsearchEndpoint endpoint_;
  std::string name_;
  elasticsearch::Inventory inventory_;
};

}  // namespace

std::unique_ptr<Component> make_elasticsearch_component(const config::ComponentSpec&,
                                                        const config::ElasticsearchEndpoint& endpoint, std::string name) {
  return std::make_unique<ElasticsearchComponent>(endpoint, std::move(name));
}

}  // namespace summit::backup
