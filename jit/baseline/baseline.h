#pragma once

#include "jit/interpreter/bytecode.h"

#include <vector>

namespace kiln {

/// Machine code for a function's bytecode, instruction by instruction, in some microseconds. It runs on the interpreter's
/// frames and may hand over to the interpreter, and be entered by it, at these places. Freed with its function's Code.
struct BaselineCode {
  const void *entry = nullptr;
  struct Place {
    const Word *ip;
    const void *address;
  };
  std::vector<Place> loops; // Instructions that end a loop's round, in order: behind the look at the clock.
  size_t offset = 0, bytes = 0; // In the memory for baseline code.

  ~BaselineCode();
  /// Where a loop's instruction goes on; null for any other.
  const void *loop_at(const Word *ip) const;
};

/// Null when the function is too large, or this is no x86-64.
std::unique_ptr<BaselineCode> compile_baseline(const Code &code);
/// The code as text, with the instructions of bytecode and source lines that it is of as comments.
std::string print_baseline(const Code &code, const Sources &sources);

} // namespace kiln
