#pragma once

#include "codegen/kir.h"

#include <limits>
#include <unordered_map>

namespace kiln {

/// From low to high, both included.
struct Interval {
  int64_t low = std::numeric_limits<int64_t>::min();
  int64_t high = std::numeric_limits<int64_t>::max();
};

/// What typed KIR alone says about the values of i64 instructions, so that checks which cannot fail are not written.
/// LLVM finds most of it too, later and at a higher price.
class Intervals {
public:
  Interval of(const Inst *inst);
  /// Whether an addition, subtraction or multiplication cannot overflow.
  bool cannot_overflow(const Inst &binary);

private:
  Interval derive(const Inst *inst);
  std::unordered_map<const Inst *, Interval> known_;
};

} // namespace kiln
