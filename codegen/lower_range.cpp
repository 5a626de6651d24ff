// Ranges. A step of 1, known at compile time, counts as C's loops do; others go by the number of elements.
#include "codegen/lower_function.h"

namespace kiln {

namespace {

/// The step of a range when it is a constant other than 0.
std::optional<int64_t> constant_step(const Inst *range) {
  if (range->op != Op::Range) return std::nullopt;
  if (range->args.size() < 3) return 1;
  const Inst *step = range->args[2];
  if (step->op != Op::Const || step->constant.integer() == 0) return std::nullopt;
  return step->constant.integer();
}

} // namespace

FunctionLowering::Value FunctionLowering::emit_range(const Inst &inst) {
  Value first = arg(inst, 0), last = arg(inst, 1), step = inst.args.size() > 2 ? arg(inst, 2) : i64(1);
  std::optional<int64_t> constant = constant_step(&inst);
  if (!constant) fail_if(builder_.CreateICmpEQ(step, i64(0)), Runtime::kiln_fail_range_step, {});
  if (inst.inclusive) {
    Value one = i64(constant && *constant < 0 ? -1 : 1);
    if (!constant) one = builder_.CreateSelect(builder_.CreateICmpSLT(step, i64(0)), i64(-1), i64(1));
    const Type *type = module_.context.types.i64;
    uint32_t code = static_cast<uint32_t>(BinaryOp::Add) | static_cast<uint32_t>(type->kind) << 8;
    last = checked_arithmetic(BinaryOp::Add, type, last, one, inst.unchecked, {last, one, code});
  }
  Value range = llvm::PoisonValue::get(module_.memory_type(inst.type));
  range = builder_.CreateInsertValue(range, first, 0);
  range = builder_.CreateInsertValue(range, last, 1);
  return builder_.CreateInsertValue(range, step, 2);
}

FunctionLowering::Value FunctionLowering::range_part(const Inst *range, unsigned part) {
  Value whole = value(range);
  if (is_continuation()) return builder_.CreateExtractValue(whole, part); // The parts have other definitions than it.
  for (Value rest = whole; auto *insert = llvm::dyn_cast<llvm::InsertValueInst>(rest);
       rest = insert->getAggregateOperand())
    if (insert->getIndices()[0] == part) return insert->getInsertedValueOperand();
  return builder_.CreateExtractValue(whole, part);
}

// The number of elements, unsigned. Written where the range is made, so that loops over it do not divide; but not where
// that place does not come before each use.
FunctionLowering::Value FunctionLowering::range_count(const Inst *range) {
  if (is_continuation() || (plan_ && plan_->has(range->block))) return count_elements(range);
  if (auto known = range_counts_.find(range); known != range_counts_.end()) return known->second;
  llvm::IRBuilder<>::InsertPointGuard guard(builder_);
  if (auto *made = llvm::dyn_cast<llvm::Instruction>(value(range))) {
    // The block may be unfinished: its end is a place too.
    llvm::BasicBlock *block = made->getParent();
    builder_.SetInsertPoint(block, llvm::isa<llvm::PHINode>(made) ? block->getFirstInsertionPt()
                                                                  : std::next(made->getIterator()));
  } else
    builder_.SetInsertPoint(&function_.getEntryBlock(), function_.getEntryBlock().getFirstNonPHIOrDbgOrAlloca());
  return range_counts_[range] = count_elements(range);
}

FunctionLowering::Value FunctionLowering::count_elements(const Inst *range) {
  Value first = range_part(range, 0), last = range_part(range, 1), step = range_part(range, 2);
  Value up = builder_.CreateICmpSGT(step, i64(0));
  Value low = builder_.CreateSelect(up, first, last), high = builder_.CreateSelect(up, last, first);
  Value stride = builder_.CreateSelect(up, step, builder_.CreateNeg(step));
  Value steps = builder_.CreateUDiv(builder_.CreateSub(builder_.CreateSub(high, low), i64(1)), stride);
  return builder_.CreateSelect(builder_.CreateICmpSLT(low, high), builder_.CreateAdd(steps, i64(1)), i64(0));
}

FunctionLowering::Value FunctionLowering::emit_range_has(const Inst &inst) {
  const Inst *range = inst.args[0];
  Value k = arg(inst, 1);
  if (constant_step(range) == 1) // first + k is at most last, or first when there are no elements.
    return builder_.CreateICmpSLT(builder_.CreateAdd(range_part(range, 0), k, "", false, true), range_part(range, 1));
  return builder_.CreateICmpULT(k, range_count(range));
}

FunctionLowering::Value FunctionLowering::emit_range_get(const Inst &inst) {
  const Inst *range = inst.args[0];
  Value first = range_part(range, 0), k = arg(inst, 1);
  std::optional<int64_t> step = constant_step(range);
  if (step == 1) return builder_.CreateAdd(first, k, "", false, true);
  // A great step over a range that crosses zero: k * step may wrap, and the sum wraps back.
  bool small = step && *step > -(1 << 20) && *step < 1 << 20;
  return builder_.CreateAdd(first, builder_.CreateMul(k, range_part(range, 2), "", false, small), "", false, small);
}

FunctionLowering::Value FunctionLowering::emit_range_length(const Inst &inst) {
  const Inst *range = inst.args[0];
  Value count = range_count(range);
  const Type *type = module_.context.types.i64;
  uint32_t code = static_cast<uint32_t>(BinaryOp::Subtract) | static_cast<uint32_t>(type->kind) << 8;
  if (checks())
    fail_if(builder_.CreateICmpSLT(count, i64(0)), Runtime::kiln_fail_overflow,
            {range_part(range, 1), range_part(range, 0), i32(code)});
  return count;
}

} // namespace kiln
