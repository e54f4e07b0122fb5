#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "recovery/leak/leak_scan.h"
#include "recovery/leak/leak_words.h"
#include "stores/files/selection.h"

namespace summit::recovery {
namespace {

class FileSearch final : public files::TreeVisitor {
 public:
  FileSearch(const std::string& tree, const LeakScan& scan, const FileChoice& chosen, Phase& phase)
      : tree_(tree), scan_(scan), chosen_(chosen), phase_(phase), search_(scan.table) {}

  Result<void> visit(const files::WalkEntry& entry, bool) override {
    if (chosen_) {
      if (S_ISDIR(entry.status.st_mode)) return {};
      ASSIGN_OR_RETURN(const bool taken, chosen_(entry));
      if (!taken) return {};
    }
    const std::string& name = chosen_ ? entry.path : entry.name;
    LeakCounts counts{.elements = 1, .bytes = name.size()};
    report_text(search_, scan_.report, name, fmt::format("files:{}: a name", tree_));
    // A path that holds a value is not printed.
    const bool tells = search_.holds_any(entry.path, masking::TextSearch::Separators::kNone);
    const auto place = tells ? fmt::format("files:{}: below a name that tells", tree_)
                             : fmt::format("files:{}/{}", tree_, entry.path);
    if (S_ISLNK(entry.status.st_mode)) RETURN_IF_ERROR(search_link(entry, place));
    if (S_ISREG(entry.status.st_mode)) {
      ASSIGN_OR_RETURN(const auto bytes, search_content(entry, place));
      counts.bytes += bytes;
    }
    scan_.report.searched("files", counts);
    return {};
  }

  void unreadable(const std::string& path, const Error& error) override {
    scan_.report.not_searched(fmt::format("files:{}/{}: {}", tree_, path, error.message()));
  }

 private:
  Result<void> search_link(const files::WalkEntry& entry, const std::string& place) {
    std::string target(PATH_MAX, '\0');
    const auto size = ::readlinkat(entry.directory, entry.name.c_str(), target.data(), target.size());
    if (size < 0) return errno_error(errno, fmt::format("cannot read the link {}", entry.path));
    target.resize(static_cast<size_t>(size));
    report_text(search_, scan_.report, target, place);
    return {};
  }

  Result<uint64_t> search_content(const files::WalkEntry& entry, const std::string& place) {
    const UniqueFd fd(::openat(entry.directory, entry.name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    // What went away meanwhile cannot be seen by anybody.
    if (!fd.valid() && errno == ENOENT) return uint64_t{0};
    if (!fd.valid()) return errno_error(errno, fmt::format("cannot open {}", entry.path));
    StreamedOriginals originals(search_);
    block_.resize(kBlock);
    uint64_t bytes = 0;
    for (;;) {
      RETURN_IF_ERROR(scan_.cancellation.check());
      ASSIGN_OR_RETURN(const size_t got, read_some(fd.get(), block_.data(), block_.size(), entry.path));
      if (got == 0) break;
      originals.write(as_bytes(std::string_view(block_).substr(0, got)));
      phase_.advance(got);
      bytes += got;
    }
    originals.report_at(place, scan_.report);
    return bytes;
  }

  static constexpr size_t kBlock = 256 * KiB;
  const std::string& tree_;
  const LeakScan& scan_;
  const FileChoice& chosen_;
  Phase& phase_;
  masking::TextSearch search_;
  std::string block_;
};

}  // namespace

Result<void> search_files(const config::FilesEndpoint& tree, const LeakScan& scan, const FileChoice& chosen) {
  const auto phase = scan.reporter.phase(tree.name, "looking for replaced values");
  FileSearch search(tree.name, scan, chosen, *phase);
  const files::Selection selection(files::TreePatterns::of(tree));
  return files::walk_tree(tree.root, selection, search, scan.cancellation);
}

}  // namespace summit::recovery
