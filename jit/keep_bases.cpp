#include "jit/keep_bases.h"

#include <llvm/ADT/SetVector.h>
#include <llvm/Analysis/CFG.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Operator.h>
#include <llvm/Transforms/Utils/LoopUtils.h>

namespace kiln {

using namespace llvm;

namespace {

/// Whether a collection may happen in it. What fails does not come back.
bool may_collect(const Instruction &inst) {
  const auto *call = dyn_cast<CallBase>(&inst);
  return call && !isa<IntrinsicInst>(call) && !call->doesNotReturn() && !call->onlyReadsMemory() &&
         !call->onlyAccessesInaccessibleMemory();
}

/// Gives another pointer into the same object, or chooses between some.
bool is_derived(const Value *value) {
  return isa<GetElementPtrInst, PHINode, SelectInst>(value) && value->getType()->isPointerTy();
}

Value *skip_steps(Value *pointer) {
  while (auto *address = dyn_cast<GEPOperator>(pointer)) pointer = address->getPointerOperand();
  return pointer;
}

/// The pointer that an address was derived from; where there is more than one, the nearest phi or select between them.
Value *base_of(Value *pointer) {
  Value *nearest = skip_steps(pointer), *only = nullptr;
  SmallSetVector<Value *, 8> reached;
  reached.insert(nearest);
  for (size_t i = 0; i < reached.size(); ++i) {
    auto *choice = is_derived(reached[i]) ? cast<Instruction>(reached[i]) : nullptr;
    if (choice)
      for (const Use &operand : isa<PHINode>(choice) ? choice->operands() : drop_begin(choice->operands()))
        reached.insert(skip_steps(operand));
    else if (only)
      return nearest;
    else
      only = reached[i];
  }
  return only ? only : nearest;
}

/// Constant steps are within a header or an object, or part of an instruction's address.
bool has_variable_step(const Value *pointer, const Value *base) {
  while (const auto *address = dyn_cast<GetElementPtrInst>(pointer)) {
    if (!address->hasAllConstantIndices()) return true;
    pointer = address->getPointerOperand();
  }
  return pointer != base;
}

class Keeper {
public:
  Keeper(DominatorTree &dominators, LoopInfo &loops, ArrayRef<const Instruction *> calls)
      : dominators_(dominators), loops_(loops), calls_(calls) {
    for (const Instruction *call : calls_)
      for (Loop *loop = loops_.getLoopFor(call->getParent()); loop; loop = loop->getParentLoop())
        collecting_.insert(loop);
  }

  void keep_bases_of(ArrayRef<Instruction *> addresses) {
    for (Instruction *address : addresses) look_at(*address);
    for (auto [base, place] : kept_) add_use(base, place);
  }

private:
  void look_at(Instruction &address) {
    Value *base = base_of(&address);
    if (base == &address || !isa<Instruction, Argument>(base) || isa<AllocaInst>(base) ||
        !has_variable_step(&address, base))
      return;
    for (Use &use : address.uses()) {
      auto *user = cast<Instruction>(use.getUser());
      if (is_derived(user) && base_of(user) == base) continue; // Looked at itself.
      auto *phi = dyn_cast<PHINode>(user);
      keep(base, address, phi ? phi->getIncomingBlock(use)->getTerminator() : user);
    }
  }

  void keep(Value *base, const Instruction &address, Instruction *user) {
    Loop *quiet = nullptr; // The outermost loop around the use in which nothing collects, and the base does not change.
    bool crosses = false;  // A loop goes on to the next use behind a call.
    for (Loop *loop = loops_.getLoopFor(user->getParent()); loop && !defined_in(base, *loop);
         loop = loop->getParentLoop()) {
      crosses = collecting_.contains(loop);
      if (crosses) break;
      quiet = loop;
    }
    if (!crosses && !moved_over_call(base, address, *user)) return;
    if (quiet)
      keep_at_exits(base, *quiet);
    else
      kept_.insert({base, start_of_segment(base, user)});
  }

  static bool defined_in(const Value *base, const Loop &loop) {
    const auto *inst = dyn_cast<Instruction>(base);
    return inst && loop.contains(inst);
  }

  /// Whether a call lies between a step of an address's computation and the use.
  bool moved_over_call(const Value *base, const Instruction &address, const Instruction &user) const {
    const Value *pointer = &address;
    for (; const auto *step = dyn_cast<GetElementPtrInst>(pointer); pointer = step->getPointerOperand())
      if (!step->hasAllConstantIndices() && call_between(*step, user)) return true;
    return pointer != base; // Through a phi: not followed.
  }

  bool call_between(const Instruction &first, const Instruction &last) const {
    if (first.getParent() == last.getParent()) {
      const Instruction *inst = first.getNextNode();
      while (inst && inst != &last && !may_collect(*inst)) inst = inst->getNextNode();
      return inst != &last;
    }
    constexpr size_t most = 32; // Of more it is taken for granted.
    return calls_.size() > most || any_of(calls_, [&](const Instruction *call) {
             return call != &last && isPotentiallyReachable(&first, call, nullptr, &dominators_, &loops_) &&
                    isPotentiallyReachable(call, &last, nullptr, &dominators_, &loops_);
           });
  }

  /// Where an iteration of the loop is not followed by another: in what follows it the base may be needed again.
  void keep_at_exits(Value *base, Loop &loop) {
    formDedicatedExitBlocks(&loop, &dominators_, &loops_, nullptr, false); // Which the base's block dominates.
    SmallVector<BasicBlock *, 4> exits;
    loop.getUniqueExitBlocks(exits);
    for (BasicBlock *exit : exits)
      if (!isa<UnreachableInst>(exit->getTerminator())) kept_.insert({base, &*exit->getFirstInsertionPt()});
  }

  /// One use will do for all that follows the last call, in the same block.
  static Instruction *start_of_segment(const Value *base, Instruction *user) {
    Instruction *place = user;
    for (Instruction *before = user->getPrevNode();
         before && before != base && !may_collect(*before) && !isa<PHINode>(before); before = before->getPrevNode())
      place = before;
    return place;
  }

  // Instructions that have no text but this operand. `llvm.fake.use` would say it, but is moved out of loops (LLVM 22).
  static void add_use(Value *base, Instruction *place) {
    auto *type = FunctionType::get(Type::getVoidTy(base->getContext()), base->getType(), false);
    auto *use = CallInst::Create(type, InlineAsm::get(type, "", "r", true), base, "", place->getIterator());
    use->setOnlyAccessesInaccessibleMemory();
    use->setDoesNotThrow();
    use->setDebugLoc(place->getDebugLoc());
  }

  DominatorTree &dominators_;
  LoopInfo &loops_;
  ArrayRef<const Instruction *> calls_; // That may collect.
  SmallPtrSet<const Loop *, 8> collecting_;
  SetVector<std::pair<Value *, Instruction *>> kept_;
};

} // namespace

PreservedAnalyses KeepBases::run(Function &function, FunctionAnalysisManager &analyses) {
  SmallVector<const Instruction *, 16> calls;
  SmallVector<Instruction *, 32> addresses;
  for (Instruction &inst : instructions(function)) {
    if (may_collect(inst)) calls.push_back(&inst);
    if (is_derived(&inst)) addresses.push_back(&inst);
  }
  if (calls.empty() || addresses.empty()) return PreservedAnalyses::all();
  Keeper(analyses.getResult<DominatorTreeAnalysis>(function), analyses.getResult<LoopAnalysis>(function), calls)
      .keep_bases_of(addresses);
  return PreservedAnalyses::none();
}

} // namespace kiln
