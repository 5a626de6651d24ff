// Loops in two versions: the conditions before them, and the values that leave them.
#include "codegen/lower_function.h"

#include <llvm/ADT/MapVector.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Transforms/Utils/SSAUpdater.h>

namespace kiln {

// The block before a planned loop: all edges into the loop come here, and go on to the version that the conditions
// choose.
void FunctionLowering::lower_dispatch(const LoopPlan &plan) {
  BlockState &state = dispatch_.at(plan.header);
  if (!state.reached) return;
  builder_.SetInsertPoint(state.llvm);
  builder_.SetCurrentDebugLocation(module_.location(function_, plan.header->end.span));
  bounds_.clear();
  flag_ = builder_.getTrue();
  for (const LoopPlan::IndexCondition &condition : plan.indices) {
    Value base = invariant_value(plan, condition.base);
    const Type *type = condition.base->type;
    Value extent = type->is(TypeKind::Str) ? str_length(base) : array_extent(type, base, condition.dimension);
    Bounds index = bounds_of(plan, *condition.index);
    require(builder_.CreateICmpSGE(index.low, i64(0)));
    require(builder_.CreateICmpSLT(index.high, extent));
  }
  for (const BoundExpr *expr : plan.arithmetic) bounds_of(plan, *expr); // For what it requires.

  BlockState &fast = blocks_[Fast][plan.header->id], &checked = blocks_[Checked][plan.header->id];
  builder_.CreateCondBr(flag_, fast.llvm, checked.llvm, llvm::MDBuilder(module_.llvm).createLikelyBranchWeights());
  for (BlockState *version : {&fast, &checked}) {
    version->reached = true;
    for (size_t i = 0; i < state.phis.size(); ++i)
      if (state.phis[i]) version->phis[i]->addIncoming(state.phis[i], builder_.GetInsertBlock());
  }
}

void FunctionLowering::require(Value condition) { flag_ = builder_.CreateAnd(flag_, condition); }

// What is the same in every iteration but computed inside is computed here too.
FunctionLowering::Value FunctionLowering::invariant_value(const LoopPlan &plan, const Inst *inst) {
  if (plan.has(inst->block)) {
    for (const Inst *arg : inst->args) invariant_value(plan, arg);
    set_value(inst, lower_inst(*inst));
  }
  return value(inst);
}

FunctionLowering::Value FunctionLowering::exact(llvm::Intrinsic::ID operation, Value left, Value right) {
  Value both = builder_.CreateBinaryIntrinsic(operation, left, right);
  require(builder_.CreateNot(builder_.CreateExtractValue(both, 1)));
  return builder_.CreateExtractValue(both, 0);
}

FunctionLowering::Value FunctionLowering::initial_value(const LoopPlan &plan, const Inst *param) {
  size_t place = static_cast<size_t>(std::ranges::find(plan.header->params, param) - plan.header->params.begin());
  return dispatch_.at(plan.header).phis[place];
}

// At most so many iterations; a range whose count does not fit fails the conditions.
FunctionLowering::Value FunctionLowering::trip_count(const LoopPlan &plan) {
  auto difference = [&](Value high, Value low) {
    Value distance = exact(llvm::Intrinsic::ssub_with_overflow, high, low);
    return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, distance, i64(0));
  };
  switch (plan.trip) {
  case LoopPlan::Trip::Unknown: break;
  case LoopPlan::Trip::Range: {
    invariant_value(plan, plan.trip_source);
    auto *step = llvm::dyn_cast<llvm::ConstantInt>(range_part(plan.trip_source, 2));
    if (step && step->isOne()) return difference(range_part(plan.trip_source, 1), range_part(plan.trip_source, 0));
    Value count = range_count(plan.trip_source);
    require(builder_.CreateICmpSGE(count, i64(0)));
    return count;
  }
  case LoopPlan::Trip::Elements: invariant_value(plan, plan.trip_source); return length_of(plan.trip_source);
  case LoopPlan::Trip::Limit: { // The step is at least 1.
    Value start = initial_value(plan, plan.counter), limit = invariant_value(plan, plan.trip_source);
    Value count = plan.downward ? difference(start, limit) : difference(limit, start);
    return plan.inclusive ? exact(llvm::Intrinsic::sadd_with_overflow, count, i64(1)) : count;
  }
  }
  return i64(0);
}

FunctionLowering::Bounds FunctionLowering::bounds_of(const LoopPlan &plan, const BoundExpr &expr) {
  auto known = bounds_.find(&expr);
  if (known == bounds_.end()) known = bounds_.emplace(&expr, evaluate_bounds(plan, expr)).first;
  return known->second;
}

FunctionLowering::Bounds FunctionLowering::evaluate_bounds(const LoopPlan &plan, const BoundExpr &expr) {
  constexpr auto add = llvm::Intrinsic::sadd_with_overflow, subtract = llvm::Intrinsic::ssub_with_overflow,
                 multiply = llvm::Intrinsic::smul_with_overflow;
  auto smin = [&](Value a, Value b) { return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, a, b); };
  auto smax = [&](Value a, Value b) { return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, a, b); };
  Bounds left{}, right{};
  if (expr.left) left = bounds_of(plan, *expr.left);
  if (expr.right) right = bounds_of(plan, *expr.right);
  auto both = [&](llvm::Intrinsic::ID operation, Value low, Value high) -> Bounds {
    Value least = exact(operation, left.low, low);
    bool single = left.low == left.high && low == high;
    return {least, single ? least : exact(operation, left.high, high)};
  };
  switch (expr.kind) {
  case BoundExpr::Constant: return {i64(expr.low), i64(expr.high)};
  case BoundExpr::Invariant: {
    Value only = invariant_value(plan, expr.inst);
    return {only, only};
  }
  case BoundExpr::Initial: {
    Value only = initial_value(plan, expr.inst);
    return {only, only};
  }
  case BoundExpr::RangeElement: {
    invariant_value(plan, expr.inst);
    Value first = range_part(expr.inst, 0), last = range_part(expr.inst, 1), up;
    up = builder_.CreateICmpSGT(range_part(expr.inst, 2), i64(0));
    return {builder_.CreateSelect(up, first, builder_.CreateAdd(last, i64(1))),
            builder_.CreateSelect(up, builder_.CreateSub(last, i64(1)), first)};
  }
  case BoundExpr::State: return {i64(0), builder_.CreateSub(trip_count(plan), i64(1))};
  case BoundExpr::Counted: {
    Value start = initial_value(plan, expr.inst), limit = invariant_value(plan, plan.trip_source);
    require(builder_.CreateICmpSGT(invariant_value(plan, plan.step), i64(0)));
    if (!plan.inclusive) // A limit that wraps here is one that no counter is before.
      limit = plan.downward ? builder_.CreateAdd(limit, i64(1)) : builder_.CreateSub(limit, i64(1));
    return plan.downward ? Bounds{limit, start} : Bounds{start, limit};
  }
  case BoundExpr::Add: return both(add, right.low, right.high);
  case BoundExpr::Subtract: return both(subtract, right.high, right.low);
  case BoundExpr::Multiply: {
    if (auto *factor = llvm::dyn_cast<llvm::ConstantInt>(right.low);
        factor && right.low == right.high && !factor->isNegative())
      return both(multiply, right.low, right.high);
    Bounds least = both(multiply, right.low, right.low);
    Bounds range{smin(least.low, least.high), smax(least.low, least.high)};
    if (right.low == right.high) return range;
    Bounds most = both(multiply, right.high, right.high);
    return {smin(range.low, smin(most.low, most.high)), smax(range.high, smax(most.low, most.high))};
  }
  case BoundExpr::Min: return {smin(left.low, right.low), smin(left.high, right.high)};
  case BoundExpr::Max: return {smax(left.low, right.low), smax(left.high, right.high)};
  case BoundExpr::Modulo:
    require(builder_.CreateICmpSGT(left.low, i64(0)));
    return {i64(0), builder_.CreateSub(left.high, i64(1))};
  case BoundExpr::Hull: return {smin(left.low, right.low), smax(left.high, right.high)};
  case BoundExpr::Accumulated: {
    Value start = initial_value(plan, expr.inst), trips = trip_count(plan);
    if (plan.trip == LoopPlan::Trip::Limit) require(builder_.CreateICmpSGT(invariant_value(plan, plan.step), i64(0)));
    Value down = exact(multiply, trips, smin(left.low, i64(0))), up = exact(multiply, trips, smax(left.high, i64(0)));
    return {exact(add, start, down), exact(add, start, up)};
  }
  }
  return {};
}

// The checked version runs when something is about to fail, or rarely: not worth growing.
void FunctionLowering::mark_rare_loop(llvm::BranchInst *latch) {
  auto *no = llvm::ConstantAsMetadata::get(builder_.getFalse());
  llvm::Metadata *unroll =
      llvm::MDNode::get(module_.llvm, llvm::MDString::get(module_.llvm, "llvm.loop.unroll.disable"));
  llvm::Metadata *vectorize =
      llvm::MDNode::get(module_.llvm, {llvm::MDString::get(module_.llvm, "llvm.loop.vectorize.enable"), no});
  llvm::MDNode *loop = llvm::MDNode::getDistinct(module_.llvm, {nullptr, unroll, vectorize});
  loop->replaceOperandWith(0, loop);
  latch->setMetadata(llvm::LLVMContext::MD_loop, loop);
}

// What is used after a loop was so far that of the checked version: join it with the other's.
void FunctionLowering::join_versions() {
  llvm::MapVector<llvm::Instruction *, std::pair<const Inst *, Value>> left_by;
  for (const Block *block : kir_.blocks) {
    if (!range_checks_.plan_of(block)) continue;
    auto note = [&](const Inst *inst) {
      Value fast = values_[Fast][inst->id];
      auto *checked = llvm::dyn_cast_or_null<llvm::Instruction>(values_[Checked][inst->id]);
      if (fast && checked && fast != checked && loop_blocks_.contains(checked->getParent()))
        left_by.try_emplace(checked, inst, fast);
    };
    std::ranges::for_each(block->params, note);
    std::ranges::for_each(block->insts, note);
  }
  for (auto &[checked, other] : left_by) {
    const LoopPlan *plan = range_checks_.plan_of(other.first->block);
    llvm::SmallVector<llvm::Use *> outside;
    for (llvm::Use &use : checked->uses()) {
      auto *user = llvm::cast<llvm::Instruction>(use.getUser());
      llvm::BasicBlock *place = user->getParent();
      if (auto *phi = llvm::dyn_cast<llvm::PHINode>(user)) place = phi->getIncomingBlock(use);
      if (auto inside = loop_blocks_.find(place); inside == loop_blocks_.end() || inside->second != plan)
        outside.push_back(&use);
    }
    if (outside.empty()) continue;
    llvm::SSAUpdater updater;
    updater.Initialize(checked->getType(), checked->getName());
    updater.AddAvailableValue(checked->getParent(), checked);
    auto *fast = llvm::dyn_cast<llvm::Instruction>(other.second);
    bool inside = fast && loop_blocks_.contains(fast->getParent());
    updater.AddAvailableValue(inside ? fast->getParent() : blocks_[Fast][other.first->block->id].llvm, other.second);
    for (llvm::Use *use : outside) updater.RewriteUse(*use);
  }
}

} // namespace kiln
