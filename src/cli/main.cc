#include <csignal>

#include "cli/program.h"
#include "core/cancellation.h"

namespace {

// A signal handler can reach nothing but a global; set once before the handlers are installed.
std::atomic<bool>* cancellation_flag = nullptr;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

void request_cancellation(int) { cancellation_flag->store(true, std::memory_order_relaxed); }

}  // namespace

int main(int argc, char** argv) {
  const summit::Cancellation cancellation;
  cancellation_flag = cancellation.flag();
  std::signal(SIGINT, request_cancellation);
  std::signal(SIGTERM, request_cancellation);
  std::signal(SIGPIPE, SIG_IGN);
  return summit::cli::run_program(argc, argv, cancellation);
}
