#pragma once

#include "jit/interpreter/bytecode.h"

#include <functional>

namespace kiln {

/// What writing bytecode asks of the engine.
struct AssemblyContext {
  bool checks = true; // Overflow is an error.
  std::function<Routine &(Specialisation &)> routine;
  /// Makes an extern function ready to be called. False when it cannot be.
  std::function<bool(const ExternFunction &)> prepare;
};

/// The bytecode of a specialisation, from its typed KIR. Null when only LLVM can do it: a body in LLVM IR, a frame of more
/// slots than an instruction can name.
std::unique_ptr<Code> assemble(Specialisation &specialisation, const KirFunction &kir, const AssemblyContext &context);

} // namespace kiln
