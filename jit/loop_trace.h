#pragma once

#include "codegen/infer.h"
#include "jit/compile_report.h"

#include <span>
#include <string>

namespace kiln {

/// The loops that were found hot, with what was counted of their blocks and branches while they were interpreted, what they
/// check, and what LLVM made of them. For `emit trace` and :trace.
std::string print_hot_loops(const Inference &inference, std::span<const CompileReport> reports, bool checks);

} // namespace kiln
