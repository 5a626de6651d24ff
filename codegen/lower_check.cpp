// Run-time errors: never-taken branches to cold blocks, and calls of the runtime.
#include "codegen/lower_function.h"

#include <llvm/IR/MDBuilder.h>

namespace kiln {

void FunctionLowering::fail_if(Value failed, Runtime function, llvm::ArrayRef<Value> arguments) {
  if (auto *known = llvm::dyn_cast<llvm::ConstantInt>(failed); known && known->isZero()) return;
  llvm::BasicBlock *fail = new_block("fail"), *ok = new_block("ok");
  builder_.CreateCondBr(failed, fail, ok, llvm::MDBuilder(module_.llvm).createUnlikelyBranchWeights());
  builder_.SetInsertPoint(fail);
  call_runtime(function, arguments);
  builder_.CreateUnreachable();
  builder_.SetInsertPoint(ok);
}

llvm::CallInst *FunctionLowering::call_runtime(Runtime function, llvm::ArrayRef<Value> arguments) {
  llvm::FunctionCallee callee = module_.runtime(function);
  llvm::CallInst *call = builder_.CreateCall(callee, arguments);
  // The return address tells the place of an error: no jump instead of the call, no call shared by several places.
  call->setTailCallKind(llvm::CallInst::TCK_NoTail);
  if (call->doesNotReturn()) call->addFnAttr(llvm::Attribute::NoMerge);
  call->setAttributes(call->getAttributes().addRetAttributes(
      module_.llvm,
      llvm::AttrBuilder(module_.llvm, llvm::cast<llvm::Function>(callee.getCallee())->getAttributes().getRetAttrs())));
  return call;
}

FunctionLowering::Value FunctionLowering::widen(const Type *type, Value value) {
  if (type->is_float()) return value;
  return type->is_signed() ? builder_.CreateSExt(value, builder_.getInt64Ty())
                           : builder_.CreateZExt(value, builder_.getInt64Ty());
}

bool FunctionLowering::is_covered(const Inst &inst) {
  if (inst.unchecked || intervals_.cannot_overflow(inst)) return true;
  return plan_ && version_ == Main && plan_->covered.contains(&inst);
}

// A block that is entered by one edge knows what its predecessor knew; a planned loop's header is not such.
void FunctionLowering::inherit_known(const Block &block) {
  known_ = {};
  const Block *before = sole_predecessors_[block.id];
  if (before && range_checks_.plan_of(before) == plan_) known_ = known_after_[version_][before->id];
}

void FunctionLowering::forget_extents(const Inst &inst) {
  bool resizes = (inst.op == Op::CallDirect && inst.callee()->may_resize) || inst.op == Op::CallIndirect || inst.op == Op::CallDyn;
  resizes |=
      inst.op == Op::Intrinsic && (inst.intrinsic == IntrinsicKind::Push || inst.intrinsic == IntrinsicKind::Pop || inst.intrinsic == IntrinsicKind::Eval);
  if (resizes) known_.indices.clear();
}

} // namespace kiln
