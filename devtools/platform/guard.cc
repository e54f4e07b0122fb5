#include "devtools/platform/guard.h"

namespace summit::platform {

Result<Guard> Guard::start(const std::vector<std::filesystem::path>& process_records,
                           const std::optional<std::filesystem::path>& remove) {
  std::vector<std::string> argv{SUMMIT_DEV_LAUNCHER, "guard"};
  for (const auto& record : process_records) argv.push_back("--record=" + record.string());
  if (remove) argv.push_back("--remove=" + remove->string());
  Process::Options streams;
  streams.input = Process::Stream::kPipe;
  streams.output = Process::Stream::kNull;
  ASSIGN_OR_RETURN(
      Process process,
      Process::start(Command{.argv = std::move(argv), .directory = "/", .detached = true}, streams));
  return Guard(std::make_unique<Process>(std::move(process)));
}

Guard::~Guard() {
  if (!process_) return;
  process_->close_input();
  (void)process_->wait();
}

}  // namespace summit::platform
