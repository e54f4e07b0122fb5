#include "devtools/sample/files_sample.h"

#include "devtools/sample/files_content.h"

namespace summit::sample {

Result<void> fill_files(const fs::path& root, const World& world) {
  if (fs::exists(root / "docker-compose.yml")) {
    return Error(Code::kAlreadyExists, "{} has the sample's files already", root.string())
        .hint("run `summit-dr-dev destroy` first");
  }
  FileTree tree(root, world.until());
  for (const auto write :
       {write_project_files, write_policies, write_records, write_uploads, write_infrastructure}) {
    RETURN_IF_ERROR(write(tree, world));
  }
  return tree.finish();
}

}  // namespace summit::sample
