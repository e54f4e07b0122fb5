#include "core/unnamed_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace summit {

Result<UniqueFd> open_unnamed_file(const fs::path& directory) {
  std::string name = (directory / "unnamed-XXXXXX").string();
  UniqueFd fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, fmt::format("cannot create {}", name));
  if (::unlink(name.c_str()) != 0) return errno_error(errno, fmt::format("cannot unlink {}", name));
  return fd;
}

}  // namespace summit
