#pragma once

#include <cstddef>

namespace kiln {

/// Makes LLVM ready for use, once in the process: whatever uses LLVM calls it first, in any thread. LLVM has hundreds of
/// static constructors; they run here, and a program that needs no LLVM never runs them. In a program whose linker did not
/// set them apart (cmake/llvm_start.ld) or that loads LLVM as a shared library they have run before main().
void start_llvm();

/// How many constructors start_llvm() has run.
size_t llvm_constructors_run();

} // namespace kiln
