#include "jit/map_ahead.h"
#include "jit/signals.h"
#include "repl/cache_command.h"
#include "repl/emit.h"
#include "repl/options.h"
#include "repl/repl.h"
#include "repl/run.h"
#include "repl/test_command.h"

#include <cstdio>
#include <unistd.h>

namespace {

/// Recursion of Kiln functions goes as deep as this allows; only what is used takes memory.
constexpr size_t stack_bytes = size_t(256) << 20;

int dispatch(const kiln::Options &options) {
  switch (options.command) {
  case kiln::Command::Repl: return isatty(STDIN_FILENO) ? kiln::run_repl(options) : kiln::run_stdin(options);
  case kiln::Command::RunFile: return kiln::run_file(options);
  case kiln::Command::RunText: return kiln::run_text(options);
  case kiln::Command::Check: return kiln::check_file(options);
  case kiln::Command::Emit: return kiln::emit_file(options);
  case kiln::Command::Cache: return kiln::show_cache(options);
  case kiln::Command::Test: return kiln::test_files(options);
  }
  return 1;
}

void run(void *options) {
  const int status = dispatch(*static_cast<const kiln::Options *>(options));
  // The process gives back in one go what destructors would piece by piece.
  std::fflush(nullptr);
  _exit(status);
}

} // namespace

int main(int argc, char **argv) {
  kiln::keep_heap_in_large_pages();
  kiln::Options options;
  if (const std::optional<int> status = kiln::parse_options(argc, argv, options)) return *status;
  kiln::install_signal_handlers();
  kiln::run_on_own_stack(run, &options, stack_bytes);
  return 1; // Not reached: run() ends the process.
}
