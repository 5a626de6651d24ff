// Planned loops: the conditions before them, and the continuations that are entered when these do not hold.
#include "codegen/liveness.h"
#include "codegen/lower_function.h"

#include <llvm/ADT/MapVector.h>
#include <llvm/Transforms/Utils/SSAUpdater.h>

namespace kiln {

// The block before a planned loop: all edges into the loop come here.
void FunctionLowering::lower_conditions(const LoopPlan &plan) {
  BlockState &state = conditions_.at(plan.header);
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

  llvm::BasicBlock *from = builder_.GetInsertBlock();
  auto enter = [&](Version version) {
    BlockState &header = blocks_[version][plan.header->id];
    header.reached = true;
    for (size_t i = 0; i < state.phis.size(); ++i)
      if (state.phis[i]) header.phis[i]->addIncoming(state.phis[i], from);
    return header.llvm;
  };
  llvm::BasicBlock *otherwise = is_continuation() ? enter(Checked) : new_block("continuation");
  builder_.CreateCondBr(flag_, enter(Main), otherwise, llvm::MDBuilder(module_.llvm).createLikelyBranchWeights());
  if (is_continuation()) return;
  builder_.SetInsertPoint(otherwise);
  leave_for_continuation(plan);
}

// The rest of the function is what another one does.
void FunctionLowering::leave_for_continuation(const LoopPlan &plan) {
  if (!liveness_) liveness_.emplace(kir_);
  llvm::SmallVector<Value> arguments;
  std::vector<const Type *> params;
  for (const Inst *inst : liveness_->at(*plan.header)) {
    arguments.push_back(inst->block == plan.header && inst->op == Op::Param ? initial_value(plan, inst) : value(inst));
    params.push_back(inst->type);
  }
  Specialisation &rest = module_.context.continuation(specialisation_, *plan.header, std::move(params));
  llvm::CallInst *call = call_through_cell(rest, arguments);
  call->addFnAttr(llvm::Attribute::Cold);
  if (call->doesNotReturn())
    builder_.CreateUnreachable();
  else if (call->getType()->isVoidTy())
    builder_.CreateRetVoid();
  else
    builder_.CreateRet(call);
}

// A continuation starts in the checked version of its loop; one for the interpreter, before the conditions. A value that it is entered with may be made again when an
// outer loop goes round: then it has two definitions, which join_definitions() joins.
void FunctionLowering::enter_continuation(llvm::BasicBlock *entry) {
  const Block &header = *specialisation_.entered;
  in_continuation_ = reachable_from(kir_, header);
  for (const Block *block : kir_.blocks) {
    if (in_continuation_[block->id]) {
      for (auto &version : blocks_) version[block->id].reached = version[block->id].llvm != nullptr;
      if (auto found = conditions_.find(block); found != conditions_.end()) found->second.reached = true;
      continue;
    }
    builder_.SetInsertPoint(entry);
    for (const Inst *inst : block->insts)
      if (inst->op == Op::Const) set_value(inst, emit_constant(*inst));
  }
  bool planned = range_checks_.plan_of(&header) != nullptr;
  BlockState &first = !specialisation_.resumed ? blocks_[Checked][header.id]
                      : planned                ? conditions_.at(&header)
                                               : blocks_[Main][header.id];
  auto argument = function_.arg_begin();
  for (const Inst *inst : Liveness(kir_).at(header)) {
    if (inst->op == Op::Param && inst->block == &header) {
      size_t place = static_cast<size_t>(std::ranges::find(header.params, inst) - header.params.begin());
      first.phis[place]->addIncoming(&*argument, entry);
    } else if (in_continuation_[inst->block->id]) {
      entered_with_[inst] = &*argument;
    } else {
      set_value(inst, &*argument);
    }
    ++argument;
  }
  builder_.SetInsertPoint(entry);
  builder_.CreateBr(first.llvm);
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
  return conditions_.at(plan.header).phis[place];
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

// In a continuation a value may have several definitions: in both versions of a loop, or as an argument and where it is
// made again. What uses it outside of the loop was so far given that of version Main: join it with the others.
void FunctionLowering::join_definitions() {
  struct Definitions {
    const Inst *inst;
    Value checked, argument;
  };
  llvm::MapVector<llvm::Instruction *, Definitions> several;
  auto note = [&](const Inst *inst) {
    auto *main = llvm::dyn_cast_or_null<llvm::Instruction>(values_[Main][inst->id]);
    if (!main) return;
    Value checked = range_checks_.plan_of(inst->block) ? values_[Checked][inst->id] : nullptr;
    if (checked == main || !loop_blocks_.contains(main->getParent())) checked = nullptr;
    auto argument = entered_with_.find(inst);
    bool is_entered_with = argument != entered_with_.end();
    if (checked || is_entered_with)
      several.try_emplace(main, Definitions{inst, checked, is_entered_with ? argument->second : nullptr});
  };
  for (const Block *block : kir_.blocks) {
    if (!in_continuation_[block->id]) continue;
    std::ranges::for_each(block->params, note);
    std::ranges::for_each(block->insts, note);
  }
  for (auto &[main, definitions] : several) {
    const LoopPlan *plan = range_checks_.plan_of(definitions.inst->block);
    llvm::SmallVector<llvm::Use *> outside;
    for (llvm::Use &use : main->uses()) {
      auto *user = llvm::cast<llvm::Instruction>(use.getUser());
      llvm::BasicBlock *place = user->getParent();
      if (auto *phi = llvm::dyn_cast<llvm::PHINode>(user)) place = phi->getIncomingBlock(use);
      auto inside = loop_blocks_.find(place);
      if (!plan || inside == loop_blocks_.end() || inside->second != plan) outside.push_back(&use);
    }
    if (outside.empty()) continue;
    llvm::SSAUpdater updater;
    updater.Initialize(main->getType(), main->getName());
    updater.AddAvailableValue(main->getParent(), main);
    if (definitions.checked) {
      auto *made = llvm::dyn_cast<llvm::Instruction>(definitions.checked);
      bool in_loop = made && loop_blocks_.contains(made->getParent());
      updater.AddAvailableValue(in_loop ? made->getParent() : blocks_[Checked][definitions.inst->block->id].llvm,
                                definitions.checked);
    }
    if (definitions.argument) updater.AddAvailableValue(&function_.getEntryBlock(), definitions.argument);
    // A use in the block of a definition comes after it.
    for (llvm::Use *use : outside) updater.RewriteUseAfterInsertions(*use);
  }
}

} // namespace kiln
