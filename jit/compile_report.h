#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kiln {

struct Specialisation;

/// What LLVM says that it did, or did not do, to a loop or a call.
struct OptimisationRemark {
  enum Kind : uint8_t { Done, Missed, Reason } kind = Done;
  std::string pass;    // "loop-vectorize"
  std::string message; // "vectorized loop (vectorization width: 4, interleaved count: 4)"
  std::string callee;  // Of a call: the symbol.
  uint32_t source = 0, line = 0;
};

/// What is known of a compile by LLVM. Times: milliseconds since the engine was made.
struct CompileReport {
  std::vector<const Specialisation *> group;
  std::string why;
  double asked = 0, ready = 0;
  double optimise = 0, codegen = 0, link = 0; // What it took, in milliseconds.
  uint64_t code_bytes = 0;
  std::vector<OptimisationRemark> remarks;
};

} // namespace kiln
