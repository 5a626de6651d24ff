#pragma once

#include "jit/compile_report.h"

#include <functional>
#include <memory>

namespace llvm {
struct DiagnosticHandler;
}

namespace kiln {

/// LLVM's remarks on loops and calls, while they are asked for.
struct RemarkLog {
  bool is_on = false;
  std::vector<OptimisationRemark> remarks;
};

/// Takes what LLVM says in a context: errors as text, and remarks into the log, which outlives it.
std::unique_ptr<llvm::DiagnosticHandler> diagnostic_handler(std::function<void(const std::string &)> on_error, RemarkLog &log);

} // namespace kiln
