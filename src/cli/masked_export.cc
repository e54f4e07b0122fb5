#include "cli/masked_export.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/content_output.h"
#include "cli/masked_look.h"
#include "cli/show_audit.h"
#include "core/digest.h"
#include "repository/checksums.h"
#include "repository/export_artifact.h"
#include "repository/rename_without_replacing.h"

namespace summit::cli {
namespace {

struct Written {
  fs::path path;
  uint64_t bytes = 0;
  std::string sha256;
};

// Artifacts of the backup that are not written, as there is no way to mask them.
std::vector<std::string> left_out(const MaskedLook& look) {
  std::vector<std::string> names;
  for (const auto& component : look.metadata().components) {
    for (const auto& artifact : component.artifacts) {
      if (!std::ranges::any_of(look.artifacts(),
                               [&](const auto& kept) { return kept.name == artifact.name; }))
        names.push_back(artifact.name);
    }
  }
  return names;
}

class Export {
 public:
  Export(const MaskedExport& request, MaskedLook& look, Session& session)
      : request_(request), look_(look), session_(session) {}

  Result<ExitCode> announce() const {
    auto files = nlohmann::ordered_json::array();
    for (const auto& artifact : look_.artifacts()) {
      session_.console().print(fmt::format("would write {} to {}", artifact.name, target()));
      files.push_back(artifact.name);
    }
    tell_what_stays_out();
    session_.console().emit("export_plan", {{"id", look_.metadata().id},
                                            {"bytes", bytes_of_originals()},
                                            {"to", target()},
                                            {"masked", true},
                                            {"files", std::move(files)}});
    return ExitCode::kOk;
  }

  Result<ExitCode> stream() const {
    ContentOutput output(STDOUT_FILENO, ContentOutput::Binary::kAllow);
    RETURN_IF_ERROR(look_.write(request_.artifact, [&](ByteView block) { return output.write(block); }));
    return ExitCode::kOk;
  }

  Result<ExitCode> write_one() const {
    RETURN_IF_ERROR(need_room(request_.to, bytes_of_originals()));
    ASSIGN_OR_RETURN(const auto written, write(request_.artifact, request_.to));
    report(written.path, written.bytes);
    return ExitCode::kOk;
  }

  Result<ExitCode> write_all() const {
    const fs::path directory = target();
    if (fs::exists(fs::symlink_status(directory))) {
      return Error(Code::kAlreadyExists, "{} exists already", directory.string())
          .hint("export into another directory: --to=DIR");
    }
    RETURN_IF_ERROR(need_room(request_.to, bytes_of_originals()));
    // Until all is there, it has another name; what a killed run leaves of it is masked.
    ASSIGN_OR_RETURN(const auto pending,
                     TemporaryDirectory::create(request_.to, ".incomplete-" + name_of_all() + "-"));
    ASSIGN_OR_RETURN(const auto bytes, fill(pending.path()));
    RETURN_IF_ERROR(repository::rename_without_replacing(pending.path(), directory));
    RETURN_IF_ERROR(fsync_directory(request_.to));
    tell_what_stays_out();
    session_.reporter().info(
        fmt::format("check it anywhere: cd {} && sha256sum -c CHECKSUMS", directory.string()));
    report(directory, bytes);
    return ExitCode::kOk;
  }

 private:
  std::string name_of_all() const {
    return fmt::format("{}-masked-{}", look_.metadata().id, look_.environment());
  }
  std::string target() const {
    if (request_.to == kStandardOutput) return "standard output";
    return (fs::path(request_.to) / (request_.artifact.empty() ? name_of_all() : request_.artifact)).string();
  }

  // About what the masked ones take: a stand-in is about as long as its original.
  uint64_t bytes_of_originals() const {
    uint64_t bytes = 0;
    for (const auto& artifact : look_.artifacts()) bytes += artifact.size;
    return bytes;
  }

  Result<Written> write(const std::string& artifact, const fs::path& directory) const {
    Written written;
    Sha256 digest;
    const auto content = [&](const std::function<Result<void>(ByteView)>& take) {
      return look_.write(artifact, [&](ByteView block) {
        digest.update(block);
        written.bytes += block.size();
        return take(block);
      });
    };
    ASSIGN_OR_RETURN(written.path, repository::write_new_file(directory, artifact, content),
                     "while masking {}", artifact);
    written.sha256 = to_hex(digest.finish());
    return written;
  }

  // Gives the bytes of all files.
  Result<uint64_t> fill(const fs::path& directory) const {
    uint64_t bytes = 0;
    std::vector<repository::Checksum> checksums;
    for (const auto& artifact : look_.artifacts()) {
      ASSIGN_OR_RETURN(auto written, write(artifact.name, directory));
      bytes += written.bytes;
      checksums.push_back({artifact.name, std::move(written.sha256)});
    }
    RETURN_IF_ERROR(write_file_durably(directory / "CHECKSUMS", repository::format_checksums(checksums)));
    if (::chmod(directory.c_str(), 0750) != 0)
      return errno_error(errno, fmt::format("cannot set the mode of {}", directory.string()));
    return bytes;
  }

  void tell_what_stays_out() const {
    if (!request_.artifact.empty()) return;
    for (const auto& name : left_out(look_))
      session_.reporter().info(fmt::format("left out, as there is no way to mask it: {}", name));
  }

  void report(const fs::path& path, uint64_t bytes) const {
    session_.console().print(fmt::format("{} ({})", path.string(), human_bytes(bytes)));
    session_.console().emit("export", {{"id", look_.metadata().id},
                                       {"bytes", bytes},
                                       {"to", path.string()},
                                       {"masked", true},
                                       {"environment", look_.environment()}});
  }

  const MaskedExport& request_;
  MaskedLook& look_;
  Session& session_;
};

}  // namespace

Result<ExitCode> export_masked(const MaskedExport& request, Session& session) {
  ASSIGN_OR_RETURN(const auto look, MaskedLook::open({.reference = request.reference,
                                                      .environment = request.environment,
                                                      .datastores = request.datastores,
                                                      .artifact = request.artifact,
                                                      .count_rows = request.dry_run},
                                                     session));
  look->keep_files();
  ASSIGN_OR_RETURN(const auto audits, look->audit());
  if (request.dry_run) show_audits(audits, *look, session);
  RETURN_IF_ERROR(recovery::check_audits(audits, look->metadata().id));
  const Export masked(request, *look, session);
  if (request.dry_run) return masked.announce();
  if (request.to == kStandardOutput) return masked.stream();
  return request.artifact.empty() ? masked.write_all() : masked.write_one();
}

Result<void> need_room(const fs::path& directory, uint64_t bytes) {
  ASSIGN_OR_RETURN(const uint64_t room, free_space(directory));
  if (bytes <= room) return {};
  return Error(Code::kNoSpace, "{} are free in {}, and the export takes {}", human_bytes(room),
               directory.string(), human_bytes(bytes))
      .hint("name a directory on another file system: --to=DIR");
}

}  // namespace summit::cli
