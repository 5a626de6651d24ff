#pragma once

#include "codegen/reify_body.h"

namespace kiln {

/// Writes the loop of one broadcast into typed KIR. Operands of one shape are visited in row order by a single counter;
/// for others, which only run time can tell, stands a nest of loops that aligns the shapes. Either way there is one pass
/// over the elements and no array but the result.
class BroadcastLoop {
public:
  /// `target`: the array written into; null when a new one is made.
  BroadcastLoop(Reify &reify, const Inst &inst, const CallPlan *plan, Inst *target);
  /// The value: an array, or what the operation gives where no operand has elements.
  Inst *run();

private:
  struct Operand {
    Inst *value;
    uint32_t rank;                // 0: a scalar.
    std::vector<Inst *> extents;  // As many.
    std::vector<Inst *> strides;  // In the nest: 0 where the extent is 1, else 1.
    Inst *place = nullptr;        // In the nest: the index so far, in row order.
  };

  Inst *element(const Operand &operand, Inst *k);
  Inst *operate(const std::vector<Inst *> &elements);
  /// The loop's body at one place: operands from `index(operand)`, the result to `k`. False when nothing comes after it.
  template <typename Index>
  bool visit(Inst *result, Inst *k, Index index);

  const Operand &first_array() const;
  void find_extents();
  Inst *make_result(const std::vector<Inst *> &extents);
  void run_in_step(Block *done);
  void run_nested(Block *done);
  void branch_unless_in_step(Block *nested);

  // Blocks.
  Block *new_block(uint32_t depth, bool header = false);
  void enter(Block *block) { reify_.start(block); }
  void jump(Block *target, std::vector<Inst *> args = {}) { reify_.jump(target, std::move(args), inst_.span); }
  void branch(Inst *condition, Block *yes, Block *no) { reify_.branch(condition, yes, no, inst_.span); }
  Inst *zero() { return reify_.integer(0, inst_.span); }
  Inst *next(Inst *k) { return reify_.make(Op::Increment, types_.i64, inst_, {k}); }
  Inst *arithmetic(BinaryOp op, Inst *left, Inst *right);
  Inst *compare(BinaryOp op, Inst *left, Inst *right);

  Reify &reify_;
  TypeTable &types_;
  const Inst &inst_;
  const CallPlan *plan_;
  Inst *target_;
  const Type *element_type_; // Of the result; none when there are no elements to store.
  uint32_t rank_ = 0;
  uint32_t depth_; // Of the loops around.
  std::vector<Operand> operands_;
};

} // namespace kiln
