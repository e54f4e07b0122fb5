// core-test-starter guarded|detached COMMAND...: starts the command, prints its process id, and waits to be
// killed.

#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "core/process.h"

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  summit::Command command{.argv = {argv + 2, argv + argc}};
  command.detached = std::string_view(argv[1]) == "detached";
  using Stream = summit::Process::Stream;
  auto child = summit::Process::start(command, {.output = Stream::kNull});
  if (!child.ok()) return 1;
  std::printf("%d\n", child->pid());
  std::fflush(stdout);
  if (command.detached) child->release();
  while (true) ::pause();
}
