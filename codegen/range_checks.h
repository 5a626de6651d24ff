#pragma once

#include "codegen/specialisation.h"

#include <deque>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace kiln {

/// The least and the greatest value that an i64 in a loop can take in any iteration, as an expression over what is
/// known before the loop. Lowering evaluates it there; an overflow while doing so makes the loop's conditions fail.
struct BoundExpr {
  enum Kind : uint8_t {
    Constant,     // low, high
    Invariant,    // inst: computed outside the loop, or from such values only
    Initial,      // inst: a header parameter, as it comes into the loop
    RangeElement, // inst: an invariant range; one of its elements
    State,        // from 0 to before the trip count
    Counted,      // inst: a header parameter that the loop steps toward its limit
    Add,          // left, right; the operations below as well
    Subtract,
    Multiply,
    Min,
    Max,
    Modulo,      // left: the divisor, positive; the rest
    Hull,        // either of left and right
    Accumulated, // inst: a header parameter that each iteration changes by a sum of parts, altogether within `left`
  } kind;
  int64_t low = 0, high = 0;
  const Inst *inst = nullptr;
  const BoundExpr *left = nullptr, *right = nullptr;
  friend bool operator==(const BoundExpr &, const BoundExpr &) = default;
};

/// An innermost loop that is worth two versions: one entered when the conditions hold for the whole trip, without the
/// checks that they cover, and the loop as it stands, so that an error keeps its exact point (architecture decision 9).
struct LoopPlan {
  const Block *header = nullptr;
  std::vector<bool> contains; // By block id.

  /// What bounds the number of iterations.
  enum class Trip : uint8_t { Unknown, Range, Elements, Limit } trip = Trip::Unknown;
  const Inst *trip_source = nullptr; // The invariant range, the array or str, or the limit.
  // Limit: the loop goes on while `counter` compares with the limit; each iteration adds (or, downward, subtracts)
  // `step`.
  const Inst *counter = nullptr;
  const Inst *step = nullptr;
  bool downward = false, inclusive = false;

  /// index is in range for the dimension of the array (or the str).
  struct IndexCondition {
    const Inst *base;
    uint32_t dimension;
    const BoundExpr *index;
    friend bool operator==(const IndexCondition &, const IndexCondition &) = default;
  };
  std::vector<IndexCondition> indices;
  std::vector<const BoundExpr *> arithmetic; // Must not overflow.
  std::unordered_set<const Inst *> covered;  // The instructions that need no check in the version without.

  bool has(const Block *block) const { return contains[block->id]; }
};

/// The plans for a function's loops. Owns the bounds.
class RangeChecks {
public:
  /// No plans unless `wanted`: without checks there is nothing to cover.
  RangeChecks(const KirFunction &function, bool wanted);
  /// The plan of the loop around the block; null when there is none.
  const LoopPlan *plan_of(const Block *block) const { return by_block_[block->id]; }
  const std::deque<LoopPlan> &plans() const { return plans_; }

private:
  std::deque<LoopPlan> plans_;
  std::deque<BoundExpr> exprs_;
  std::vector<const LoopPlan *> by_block_;
};

} // namespace kiln
