// Blocks, edges and terminators of one function.
#include "codegen/lower_function.h"
#include "codegen/tail_call.h"

#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include <bit>

namespace kiln {

namespace {

constexpr uint64_t least_counted = 32; // What was seen less often says little.

/// What LLVM is told of a branch: that one way was taken at every time does not say that the other never will be. Null where
/// nothing is known.
llvm::MDNode *branch_weights(ModuleLowering &module, const Specialisation &specialisation, const Block &block) {
  if (!module.context.branch_counts) return nullptr;
  auto [yes, no] = module.context.branch_counts(specialisation, block);
  if (yes + no < least_counted) return nullptr;
  auto excess = static_cast<unsigned>(std::max(static_cast<int>(std::bit_width(yes | no)), 31) - 31); // LLVM adds them up in 32 bits.
  return llvm::MDBuilder(module.llvm).createBranchWeights(static_cast<uint32_t>(yes >> excess) + 1, static_cast<uint32_t>(no >> excess) + 1);
}

} // namespace

FunctionLowering::FunctionLowering(ModuleLowering &module, Specialisation &specialisation, const KirFunction &kir,
                                   llvm::Function &function)
    : module_(module), specialisation_(specialisation), kir_(kir), function_(function), builder_(module.llvm),
      range_checks_(kir, module.context.options.checks && !function.hasFnAttribute(llvm::Attribute::OptimizeNone)) {}

void FunctionLowering::lower() {
  auto *entry = llvm::BasicBlock::Create(module_.llvm, "entry", &function_);
  builder_.SetInsertPoint(entry);
  builder_.SetCurrentDebugLocation(module_.location(function_, kir_.name_span));
  for (auto &values : values_) values.assign(kir_.inst_count(), nullptr);
  make_blocks();
  if (is_continuation())
    enter_continuation(entry);
  else
    enter_body(entry);

  for (const Block *block : kir_.blocks) {
    const LoopPlan *plan = range_checks_.plan_of(block);
    region_ = block->region;
    if (plan && plan->header == block) lower_conditions(*plan);
    lower_block(*block, Main);
    if (plan && is_continuation()) lower_block(*block, Checked);
  }
  remove_unreached_blocks();
  if (is_continuation()) {
    join_definitions();
    llvm::EliminateUnreachableBlocks(function_); // Which edges enter its loops again shows only now.
  }
  outline_regions();
  if (scratch_) scratch_->setOperand(0, i64(static_cast<int64_t>(scratch_bytes_)));
}

// The function's arguments are the entry block's parameters, or come into its phis when it is a loop header.
void FunctionLowering::enter_body(llvm::BasicBlock *entry) {
  const Block *first = kir_.entry();
  BlockState &state = range_checks_.plan_of(first) ? conditions_.at(first) : blocks_[Main][first->id];
  auto argument = function_.arg_begin();
  for (size_t i = 0; i < first->params.size(); ++i) {
    if (first->params[i]->type->is_empty()) continue;
    if (first->loop_header)
      state.phis[i]->addIncoming(&*argument, entry);
    else
      set_value(first->params[i], &*argument);
    argument->setName(llvm::StringRef(first->params[i]->name));
    ++argument;
  }
  builder_.CreateBr(state.llvm);
  state.reached = true;
}

void FunctionLowering::make_blocks() {
  auto make = [&](BlockState &state, const Block &block, const char *name) {
    state.llvm = llvm::BasicBlock::Create(module_.llvm, name, &function_);
    builder_.SetInsertPoint(state.llvm);
    bool is_entry = &block == kir_.entry() && !block.loop_header;
    for (const Inst *param : block.params) {
      llvm::Type *type = is_entry ? nullptr : module_.register_type(param->type);
      state.phis.push_back(type ? builder_.CreatePHI(type, 2, llvm::StringRef(param->name)) : nullptr);
    }
  };
  for (auto &version : blocks_) version.resize(kir_.blocks.size());
  for (auto &version : known_after_) version.resize(kir_.blocks.size());
  sole_predecessors_.resize(kir_.blocks.size());
  std::vector<unsigned> edges(kir_.blocks.size());
  for (const Block *block : kir_.blocks)
    for (const Edge &edge : block->end.edges)
      if (edge.target) sole_predecessors_[edge.target->id] = ++edges[edge.target->id] == 1 ? block : nullptr;
  for (const Block *block : kir_.blocks) // What was known before a region need not hold after an error in it.
    if (block->end.kind == TermKind::Try) sole_predecessors_[block->end.edges[1].target->id] = nullptr;
  for (const Block *block : kir_.blocks) {
    const LoopPlan *plan = range_checks_.plan_of(block);
    if (plan && plan->header == block) make(conditions_[block], *block, "loop.conditions");
    make(blocks_[Main][block->id], *block, block->loop_header ? "loop" : "block");
    if (!plan) continue;
    loop_blocks_[blocks_[Main][block->id].llvm] = plan;
    if (!is_continuation()) continue;
    make(blocks_[Checked][block->id], *block, "checked");
    loop_blocks_[blocks_[Checked][block->id].llvm] = plan;
  }
  builder_.SetInsertPoint(&function_.getEntryBlock());
}

void FunctionLowering::lower_block(const Block &block, Version version) {
  BlockState &state = blocks_[version][block.id];
  if (!state.reached) return;
  version_ = version;
  plan_ = range_checks_.plan_of(&block);
  inherit_known(block);
  builder_.SetInsertPoint(state.llvm);
  for (size_t i = 0; i < block.params.size(); ++i)
    if (state.phis[i]) set_value(block.params[i], state.phis[i]);
  bool returns = true;
  for (const Inst *inst : block.insts) {
    builder_.SetCurrentDebugLocation(module_.location(function_, inst->span));
    if (version_ == Main && !is_continuation() && is_jump(specialisation_, block, *inst)) {
      emit_jump(*inst);
      returns = false;
      break;
    }
    set_value(inst, lower_inst(*inst));
    forget_extents(*inst);
    if (inst->type->is(TypeKind::Never)) { // What follows in the block is dead.
      builder_.CreateUnreachable();
      returns = false;
      break;
    }
  }
  if (returns) {
    builder_.SetCurrentDebugLocation(module_.location(function_, block.end.span));
    lower_terminator(block);
  }
  known_after_[version][block.id] = std::move(known_);
  version_ = Main;
  plan_ = nullptr;
}

void FunctionLowering::lower_terminator(const Block &block) {
  const Terminator &end = block.end;
  switch (end.kind) {
  case TermKind::Jump: branch_to(end.edges[0]); break;
  case TermKind::Branch: {
    llvm::MDNode *weights = branch_weights(module_, specialisation_, block);
    if (end.edges[0].target == end.edges[1].target) { // A phi has one entry per edge: give each its own block.
      llvm::BasicBlock *yes = new_block("yes"), *no = new_block("no");
      builder_.CreateCondBr(value(end.value), yes, no, weights);
      builder_.SetInsertPoint(yes);
      branch_to(end.edges[0]);
      builder_.SetInsertPoint(no);
      branch_to(end.edges[1]);
      break;
    }
    llvm::BasicBlock *from = builder_.GetInsertBlock();
    llvm::BasicBlock *yes = add_edge(end.edges[0], from), *no = add_edge(end.edges[1], from);
    builder_.CreateCondBr(value(end.value), yes, no, weights);
    break;
  }
  case TermKind::Try: {
    llvm::BasicBlock *from = builder_.GetInsertBlock();
    llvm::BasicBlock *body = add_edge(end.edges[0], from), *handler = add_edge(end.edges[1], from);
    // Both ways until the region is a function of its own.
    region_entries_[end.edges[0].target->region] = builder_.CreateCondBr(builder_.getTrue(), body, handler);
    break;
  }
  case TermKind::Return:
    if (Value result = end.value ? value(end.value) : nullptr; result && !function_.getReturnType()->isVoidTy())
      builder_.CreateRet(result);
    else
      builder_.CreateRetVoid();
    break;
  case TermKind::Unreachable:
  case TermKind::None: builder_.CreateUnreachable(); break;
  }
}

void FunctionLowering::branch_to(const Edge &edge) {
  llvm::BasicBlock *from = builder_.GetInsertBlock();
  llvm::BasicBlock *target = add_edge(edge, from);
  llvm::BranchInst *branch = builder_.CreateBr(target);
  bool repeats_checked_version = version_ == Checked && edge.target == plan_->header;
  if (repeats_checked_version) // Rarely run: not worth growing.
    mark_rare_loop(branch);
}

llvm::BasicBlock *FunctionLowering::add_edge(const Edge &edge, llvm::BasicBlock *from) {
  const LoopPlan *target_plan = range_checks_.plan_of(edge.target);
  bool enters_loop = target_plan && target_plan != plan_; // By its header, as loops are entered.
  Version version = plan_ && plan_->has(edge.target) ? version_ : Main;
  BlockState &state = enters_loop ? conditions_.at(edge.target) : blocks_[version][edge.target->id];
  for (size_t i = 0; i < edge.args.size(); ++i)
    if (state.phis[i]) state.phis[i]->addIncoming(value(edge.args[i]), from);
  state.reached = true;
  return state.llvm;
}

void FunctionLowering::remove_unreached_blocks() {
  auto remove = [](BlockState &state) {
    if (state.llvm && !state.reached) state.llvm->eraseFromParent();
  };
  for (auto &version : blocks_)
    for (BlockState &state : version) remove(state);
  for (auto &[block, state] : conditions_) remove(state);
}

llvm::BasicBlock *FunctionLowering::new_block(const char *name) {
  auto *block = llvm::BasicBlock::Create(module_.llvm, name, &function_);
  if (plan_) loop_blocks_[block] = plan_;
  more_blocks_.emplace_back(region_, block);
  return block;
}

void FunctionLowering::set_value(const Inst *inst, Value value) { values_[version_][inst->id] = value; }

FunctionLowering::Value FunctionLowering::value(const Inst *inst) {
  // The checked version's own values. Those of an earlier loop do not dominate this one: join_definitions() sees to them.
  if (version_ == Checked && plan_->has(inst->block))
    if (Value checked = values_[Checked][inst->id]) return checked;
  return values_[Main][inst->id];
}

} // namespace kiln
