#include "backup/neo4j_command.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "backup/neo4j_graph.h"
#include "config/redactor.h"
#include "core/files.h"
#include "core/time.h"
#include "stores/neo4j/bolt_connection.h"
#include "stores/neo4j/server.h"
#include "stores/neo4j/vendor_command.h"

namespace summit::backup {

namespace {

constexpr size_t kBlock = MiB;
constexpr std::string_view kDirectory = "files";

// Paths may hold what names of artifacts may not.
std::string artifact_name(const std::string& stem, const std::string& path) {
  std::string name = stem == "neo4j" ? path : fmt::format("{}-{}", stem, path);
  std::ranges::replace_if(
      name,
      [](char c) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return !is_letter && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' && c != '+';
      },
      '_');
  if (name.starts_with('.')) name.insert(0, "neo4j");
  if (!name.ends_with(".backup")) name += ".vendor";
  return name;
}

class CommandGraphComponent final : public Component {
 public:
  CommandGraphComponent(config::Neo4jEndpoint endpoint, std::string name)
      : endpoint_(std::move(endpoint)), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  std::string kind() const override { return "neo4j"; }
  CutKind cut_kind() const override { return CutKind::kNone; }

  std::vector<std::string> describe() const override {
    if (endpoint_.backup_command.empty())
      return {fmt::format("nothing: endpoint `{}` has no backup_command", endpoint_.name)};
    return {
        fmt::format("database {} of {} by the backup_command of endpoint `{}` ({}), whose files are kept as "
                    "they are",
                    endpoint_.database, endpoint_.bolt_uri, endpoint_.name, endpoint_.backup_command.front()),
        "at an instant of the command's own, which is not that of the other stores"};
  }

  // Only the command knows; elements with their properties are seldom larger.
  Result<uint64_t> predict_size(CaptureContext& context) override {
    constexpr uint64_t kBytesPerElement = 256;
    RETURN_IF_ERROR(neo4j::check_vendor_command(endpoint_, neo4j::VendorStep::kBackup));
    auto bolt = neo4j::BoltConnection::open(endpoint_, context.cancellation);
    if (!bolt.ok()) return uint64_t{0};
    const auto counts = neo4j::count_elements(*bolt);
    return counts.ok() ? (counts->nodes + counts->relationships) * kBytesPerElement : 0;
  }

  Result<void> prepare(CaptureContext&) override {
    return neo4j::check_vendor_command(endpoint_, neo4j::VendorStep::kBackup);
  }

  Result<Instant> cut(CaptureContext&) override { return now(); }

  Result<repository::ComponentRecord> transfer(CaptureContext& context) override {
    ASSIGN_OR_RETURN(auto scratch, TemporaryDirectory::create(context.writer.workspace(), "vendor-"));
    const fs::path directory = scratch.path() / kDirectory;
    RETURN_IF_ERROR(make_directories(directory, 0700));
    repository::ComponentRecord record;
    note_server(context, record);
    const Instant begun = now();
    {
      const auto phase = context.reporter.phase(name_, "waiting for the backup_command", "");
      const config::Redactor redactor(context.configuration);
      RETURN_IF_ERROR(neo4j::run_vendor_command(endpoint_, neo4j::VendorStep::kBackup, directory,
                                                scratch.path() / "output", redactor, context.cancellation));
    }
    note_instant(begun, now(), record);
    ASSIGN_OR_RETURN(const auto files, neo4j::vendor_files(directory));
    for (const auto& file : files) RETURN_IF_ERROR(keep(directory, file, context, record));
    return record;
  }

 private:
  // The command may speak to the server by another way than ours.
  void note_server(CaptureContext& context, repository::ComponentRecord& record) const {
    const auto bolt = neo4j::BoltConnection::open(endpoint_, context.cancellation);
    if (bolt.ok()) record.server_version = neo4j::server_version(*bolt);
  }

  void note_instant(Instant begun, Instant ended, repository::ComponentRecord& record) const {
    record.instant = begun;
    record.details["database"] = endpoint_.database;
    record.details["method"] = std::string(neo4j::kVendorMethod);
    record.details["consistency"] = "the command's own";
    record.details["command_began"] = to_rfc3339(begun);
    record.details["command_ended"] = to_rfc3339(ended);
    record.notes.push_back(fmt::format(
        "taken by the vendor's command between {} and {}: not at the instant of the other stores, "
        "and without fingerprints",
        to_rfc3339(begun), to_rfc3339(ended)));
  }

  Result<void> keep(const fs::path& directory, const neo4j::VendorFile& file, CaptureContext& context,
                    repository::ComponentRecord& record) const {
    const std::string name = artifact_name(artifact_stem(name_), file.path);
    ASSIGN_OR_RETURN(auto sink, context.writer.create(name, name_));
    const auto phase = context.reporter.phase(name_, "writing " + name);
    phase->set_total(file.size);
    ASSIGN_OR_RETURN(const auto fd, open_for_reading(directory / file.path));
    std::string buffer(kBlock, '\0');
    for (uint64_t offset = 0; offset < file.size;) {
      RETURN_IF_ERROR(context.cancellation.check());
      const auto size = static_cast<size_t>(std::min<uint64_t>(kBlock, file.size - offset));
      RETURN_IF_ERROR(read_exactly_at(fd.get(), buffer.data(), size, offset, directory / file.path));
      RETURN_IF_ERROR(sink->write(as_bytes(std::string_view(buffer).substr(0, size))));
      phase->advance(size);
      offset += size;
    }
    ASSIGN_OR_RETURN(auto artifact, sink->finish());
    record.details[std::string(neo4j::kVendorFilePrefix) + name] = file.path;
    record.artifacts.push_back(std::move(artifact));
    // The repository has it: it need not stay twice on the disk.
    return remove_recursively(directory / file.path);
  }

  config::Neo4jEndpoint endpoint_;
  std::string name_;
};

}  // namespace

std::unique_ptr<Component> make_command_graph_component(const config::Neo4jEndpoint& endpoint,
                                                        std::string name) {
  return std::make_unique<CommandGraphComponent>(endpoint, std::move(name));
}

}  // namespace summit::backup
