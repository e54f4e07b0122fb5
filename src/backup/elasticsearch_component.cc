#include "backup/elasticsearch_component.h"

#include <fmt/ranges.h>

#include "stores/elasticsearch/cluster.h"

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
    return {
        fmt::format("indexes of elasticsearch at {}: recorded by name and count, not copied", endpoint_.url),
        reason()};
  }

  Result<uint64_t> predict_size(CaptureContext&) override { return uint64_t{0}; }
  Result<void> prepare(CaptureContext&) override { return {}; }
  Result<Instant> cut(CaptureContext&) override { return now(); }

  Result<repository::ComponentRecord> transfer(CaptureContext& context) override {
    repository::ComponentRecord record;
    record.status = repository::Status::kAbsent;
    record.reason = reason();
    record.hint = hint();
    record.instant = now();
    const auto cluster = elasticsearch::read_cluster(endpoint_, context.cancellation);
    if (!cluster.ok()) {
      if (cluster.error().code() == Code::kCancelled) return cluster.error();
      record.notes.push_back(fmt::format("what it held is not known: {}", cluster.error().message()));
      context.reporter.warn(fmt::format("{}: {}", name_, record.notes.back()));
      return record;
    }
    record.server_version = cluster->version;
    record.details["health"] = cluster->health;
    record.details["indexes"] = std::to_string(cluster->indexes.size());
    record.details["documents"] = std::to_string(cluster->documents());
    for (const auto& index : cluster->indexes) {
      record.details["documents of " + index.name] = std::to_string(index.documents);
      record.details["bytes of " + index.name] = std::to_string(index.bytes);
    }
    record.notes.push_back(fmt::format("{} indexes with {} documents were there", cluster->indexes.size(),
                                       cluster->documents()));
    return record;
  }

 private:
  std::string reason() const {
    if (endpoint_.reindex_command.empty()) return "re-indexable: rebuilt from the other stores";
    return fmt::format("re-indexable: rebuilt by `{}`", fmt::join(endpoint_.reindex_command, " "));
  }

  std::string hint() const {
    if (endpoint_.reindex_command.empty())
      return fmt::format("name the command as reindex_command of `{}` in config/environments.yaml",
                         endpoint_.name);
    return fmt::format("{}", fmt::join(endpoint_.reindex_command, " "));
  }

  config::ElasticsearchEndpoint endpoint_;
  std::string name_;
};

}  // namespace

std::unique_ptr<Component> make_elasticsearch_component(const config::ComponentSpec&,
                                                        const config::ElasticsearchEndpoint& endpoint,
                                                        std::string name) {
  return std::make_unique<ElasticsearchComponent>(endpoint, std::move(name));
}

}  // namespace summit::backup
