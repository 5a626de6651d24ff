// Calls: direct within the module, through entry cells to other modules, and to C.
#include "codegen/lower_function.h"

#include <algorithm>

namespace kiln {

FunctionLowering::Value FunctionLowering::emit_call(const Inst &inst) {
  Specialisation &callee = *inst.callee();
  llvm::SmallVector<Value> arguments;
  for (const Inst *argument : inst.args)
    if (!argument->type->is_empty()) arguments.push_back(value(argument));

  using Copy = ModuleLowering::Copy;
  bool inlines = !function_.hasFnAttribute(llvm::Attribute::OptimizeNone);
  llvm::CallInst *call;
  if (llvm::Function *direct = module_.direct_callee(callee, inlines ? Copy::WhereWanted : Copy::Never)) {
    call = builder_.CreateCall(direct, arguments);
    call->setAttributes(signature_attributes(callee, 0));
    if (callee.function && callee.function->fused) call->addFnAttr(llvm::Attribute::AlwaysInline);
    // Backtraces show every caller; only a function's calls of itself may become a loop.
    if (direct != &function_ || region_ != 0) call->setTailCallKind(llvm::CallInst::TCK_NoTail);
  } else {
    call = call_through_cell(callee, arguments);
  }
  return call->getType()->isVoidTy() ? nullptr : call;
}

void FunctionLowering::emit_jump(const Inst &inst) {
  llvm::Function *callee = module_.direct_callee(*inst.callee(), ModuleLowering::Copy::Always);
  llvm::SmallVector<Value> arguments;
  for (const Inst *argument : inst.args)
    if (!argument->type->is_empty()) arguments.push_back(value(argument));
  llvm::CallInst *call = builder_.CreateCall(callee, arguments);
  call->setAttributes(signature_attributes(*inst.callee(), 0));
  call->setTailCallKind(llvm::CallInst::TCK_MustTail);
  call->getType()->isVoidTy() ? builder_.CreateRetVoid() : builder_.CreateRet(call);
}

llvm::CallInst *FunctionLowering::call_through_cell(const Specialisation &callee, llvm::ArrayRef<Value> arguments) {
  llvm::Constant *cell = module_.entry_cell(callee);
  llvm::LoadInst *target = builder_.CreateAlignedLoad(builder_.getPtrTy(), cell, llvm::Align(8));
  target->setMetadata(llvm::LLVMContext::MD_tbaa, module_.tag(MemoryRole::Entry));
  target->setMetadata(llvm::LLVMContext::MD_noundef, llvm::MDNode::get(module_.llvm, {}));
  target->setMetadata(llvm::LLVMContext::MD_nonnull, llvm::MDNode::get(module_.llvm, {}));
  // The cell's address rides along in the register for nested functions, which the callee does not look at.
  llvm::FunctionType *type = module_.signature(callee);
  llvm::SmallVector<llvm::Type *> params{builder_.getPtrTy()};
  params.append(type->param_begin(), type->param_end());
  llvm::SmallVector<Value> all{cell};
  all.append(arguments.begin(), arguments.end());
  llvm::CallInst *call = builder_.CreateCall(llvm::FunctionType::get(type->getReturnType(), params, false), target, all);
  call->setAttributes(signature_attributes(callee, 1));
  call->addParamAttr(0, llvm::Attribute::Nest);
  call->setTailCallKind(llvm::CallInst::TCK_NoTail);
  if (callee.result->is(TypeKind::Never)) call->setDoesNotReturn();
  return call;
}

llvm::AttributeList FunctionLowering::signature_attributes(const Specialisation &callee, unsigned first_argument) {
  llvm::AttributeList list;
  module_.add_signature_attributes(list, callee, first_argument);
  return list;
}

FunctionLowering::Value FunctionLowering::emit_call_extern(const Inst &inst) {
  llvm::FunctionCallee callee = module_.external(*inst.external());
  llvm::SmallVector<Value> arguments;
  for (const Inst *argument : inst.args) {
    if (argument->type->is_empty()) continue;
    bool is_str = argument->type->is(TypeKind::Str);
    Value passed = value(argument);
    arguments.push_back(is_str ? call_runtime(Runtime::kiln_str_to_c, {str_data(passed), str_length(passed)}) : passed);
  }
  llvm::CallInst *call = builder_.CreateCall(callee, arguments);
  call->setAttributes(llvm::cast<llvm::Function>(callee.getCallee())->getAttributes());
  call->setTailCallKind(llvm::CallInst::TCK_NoTail);
  if (call->getType()->isVoidTy()) return nullptr;
  return inst.type->is(TypeKind::Str) ? call_runtime(Runtime::kiln_str_from_c, {call}) : static_cast<Value>(call);
}

} // namespace kiln
