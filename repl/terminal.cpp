#include "repl/terminal.h"

#include "jit/runtime/error.h"
#include "jit/runtime/output.h"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace kiln {

bool use_color(ColorMode mode, int fd) {
  switch (mode) {
  case ColorMode::Always: return true;
  case ColorMode::Never: return false;
  case ColorMode::Auto: break;
  }
  const char *no_color = std::getenv("NO_COLOR");
  if (no_color && *no_color) return false;
  const char *term = std::getenv("TERM");
  return term && *term && std::string_view(term) != "dumb" && isatty(fd);
}

Palette palette(bool color) {
  if (!color) return {};
  return {"\033[2m", "\033[1m", "\033[1;31m", "\033[1;36m", "\033[0m"};
}

void complain(std::string_view message) {
  std::string line = "kiln: ";
  line += message;
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

int finish_output(int status, std::string_view text) {
  try {
    std::fflush(stdout); // What C functions of the program printed.
    write_output(text);
    flush_output();
  } catch (const RuntimeError &error) {
    if (error.kind == RuntimeError::Exit) return error.exit_code;
    complain(error.message);
    return 1;
  }
  return status;
}

} // namespace kiln
