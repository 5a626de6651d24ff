// New arrays: literals, zeros, fills and comprehensions.
#include "codegen/layout.h"
#include "codegen/lower_function.h"

namespace kiln {

FunctionLowering::Value FunctionLowering::dimensions_of(std::span<Inst *const> args, uint32_t rank) {
  std::vector<Value> words;
  for (const Inst *extent : args) words.push_back(value(extent));
  words.resize(rank, i64(0)); // Without extents: empty.
  return spill_words(words);
}

FunctionLowering::Value FunctionLowering::allocate_array(Runtime function, const Type *type, Value dimensions) {
  llvm::CallInst *array = call_runtime(function, {module_.type_object(type), dimensions});
  array->addRetAttr(llvm::Attribute::getWithDereferenceableBytes(module_.llvm, header_size(type->rank)));
  return array;
}

FunctionLowering::Value FunctionLowering::emit_array_literal(const Inst &inst) {
  const Type *type = inst.type;
  Value length = i64(static_cast<int64_t>(inst.args.size()));
  Value array = allocate_array(Runtime::kiln_array_reserve, type, spill_words({{length}}));
  Value data = array_data(type, array);
  for (size_t i = 0; i < inst.args.size(); ++i)
    store(type->element(), arg(inst, i), element_address(type, data, i64(static_cast<int64_t>(i))));
  set_array_length(array, length);
  return array;
}

FunctionLowering::Value FunctionLowering::emit_array_new(const Inst &inst) {
  return allocate_array(Runtime::kiln_array_new, inst.type, dimensions_of(inst.args, inst.type->rank));
}

FunctionLowering::Value FunctionLowering::emit_fill(const Inst &inst) {
  const Type *type = inst.type;
  Value filling = arg(inst, 0);
  std::span<Inst *const> extents = std::span(inst.args).subspan(1);
  Value dimensions = dimensions_of(extents, type->rank);
  auto *constant = llvm::dyn_cast_or_null<llvm::Constant>(filling);
  if (!filling || (constant && constant->isNullValue() && type->element()->is_scalar()))
    return allocate_array(Runtime::kiln_array_new, type, dimensions);

  Value array = allocate_array(Runtime::kiln_array_reserve, type, dimensions);
  Value length = nullptr, data = array_data(type, array);
  for (const Inst *extent : extents) // That room was found for them means that the product does not overflow.
    length = length ? builder_.CreateMul(length, value(extent), "", true, true) : value(extent);
  llvm::BasicBlock *before = builder_.GetInsertBlock(), *loop = new_block("fill"), *done = new_block("filled");
  builder_.CreateCondBr(builder_.CreateICmpSGT(length, i64(0)), loop, done);
  builder_.SetInsertPoint(loop);
  llvm::PHINode *k = builder_.CreatePHI(builder_.getInt64Ty(), 2);
  k->addIncoming(i64(0), before);
  store(type->element(), filling, element_address(type, data, k));
  Value next = builder_.CreateAdd(k, i64(1), "", true, true);
  k->addIncoming(next, builder_.GetInsertBlock());
  builder_.CreateCondBr(builder_.CreateICmpSLT(next, length), loop, done);
  builder_.SetInsertPoint(done);
  set_array_length(array, length);
  return array;
}

FunctionLowering::Value FunctionLowering::emit_comp_alloc(const Inst &inst) {
  Value array = allocate_array(Runtime::kiln_array_reserve, inst.type, dimensions_of(inst.args, inst.type->rank));
  set_array_length(array, i64(0)); // As it is already, but this LLVM sees.
  return array;
}

FunctionLowering::Value FunctionLowering::emit_comp_finish(const Inst &inst) {
  Value array = arg(inst, 0);
  if (inst.type->rank >= 2)
    call_runtime(Runtime::kiln_array_finish, {array, module_.type_object(inst.type),
                                              dimensions_of(std::span(inst.args).subspan(1), inst.type->rank)});
  return array;
}

} // namespace kiln
