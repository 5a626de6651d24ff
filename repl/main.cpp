#include "jit/signals.h"
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

struct CommandLineArguments {
  int argc;
  char **argv;
};

int dispatch(const kiln::Options &options) {
  switch (options.command) {
  case kiln::Command::Repl: return isatty(STDIN_FILENO) ? kiln::run_repl(options) : kiln::run_stdin(options);
  case kiln::Command::RunFile: return kiln::run_file(options);
  case kiln::Command::RunText: return kiln::run_text(options);
  case kiln::Command::Check: return kiln::check_file(options);
  case kiln::Command::Emit: return kiln::emit_file(options);
  case kiln::Command::Test: return kiln::test_files(options);
  }
  return 1;
}

void run(void *argument) {
  auto &arguments = *static_cast<CommandLineArguments *>(argument);
  kiln::Options options;
  const std::optional<int> status = kiln::parse_options(arguments.argc, arguments.argv, options);
  const int code = status ? *status : dispatch(options);
  // The process gives back in one go what destructors would piece by piece.
  std::fflush(nullptr);
  _exit(code);
}

} // namespace

int main(int argc, char **argv) {
  CommandLineArguments arguments{argc, argv};
  kiln::install_signal_handlers();
  kiln::run_on_own_stack(run, &arguments, stack_bytes);
  return 1; // Not reached: run() ends the process.
}
