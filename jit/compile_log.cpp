#include "jit/compile_log.h"

#include <cstdio>

namespace kiln {

void CompileLog::write(const std::string &text) const {
  std::string line = fmt::format("jit {:9.2f} ms  {}\n", milliseconds(), text);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

} // namespace kiln
