// Arrays: their headers, elements, and growth.
#include "codegen/layout.h"
#include "codegen/lower_function.h"

#include <llvm/IR/MDBuilder.h>

namespace kiln {

// Data and dimensions of rank 2 and more are written once, by the runtime, before the array is anyone's: `constant`.
FunctionLowering::Value FunctionLowering::header_field(Value array, MemoryRole role, uint32_t dimension,
                                                       bool constant) {
  bool is_data = role == MemoryRole::ArrayData;
  llvm::Type *form = is_data ? static_cast<llvm::Type *>(builder_.getPtrTy()) : builder_.getInt64Ty();
  size_t offset = 0;
  if (role == MemoryRole::ArrayLength)
    offset = offsetof(ArrayHeader, length);
  else if (role == MemoryRole::ArrayCapacity)
    offset = offsetof(ArrayHeader, capacity);
  else if (role == MemoryRole::ArrayDimension)
    offset = header_size(0) + dimension * sizeof(int64_t);
  Value place = builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), array, offset);
  llvm::LoadInst *loaded = builder_.CreateAlignedLoad(form, place, llvm::Align(8));
  llvm::MDNode *none = llvm::MDNode::get(module_.llvm, {});
  loaded->setMetadata(llvm::LLVMContext::MD_tbaa, module_.tag(role));
  loaded->setMetadata(llvm::LLVMContext::MD_noundef, none);
  if (constant) loaded->setMetadata(llvm::LLVMContext::MD_invariant_load, none);
  if (role == MemoryRole::ArrayLength || role == MemoryRole::ArrayDimension) // More does not fit an address space.
    loaded->setMetadata(
        llvm::LLVMContext::MD_range,
        llvm::MDBuilder(module_.llvm).createRange(llvm::APInt(64, 0), llvm::APInt(64, uint64_t(1) << 47)));
  return loaded;
}

FunctionLowering::Value FunctionLowering::array_data(const Type *type, Value array) {
  return header_field(array, MemoryRole::ArrayData, 0, type->rank >= 2);
}

FunctionLowering::Value FunctionLowering::array_length(Value array) {
  return header_field(array, MemoryRole::ArrayLength);
}

FunctionLowering::Value FunctionLowering::array_extent(const Type *type, Value array, uint32_t dimension) {
  return type->rank < 2 ? array_length(array) : header_field(array, MemoryRole::ArrayDimension, dimension, true);
}

FunctionLowering::Value FunctionLowering::length_of(const Inst *base) {
  return base->type->is(TypeKind::Str) ? str_length(value(base)) : array_length(value(base));
}

void FunctionLowering::set_array_length(Value array, Value length) {
  Value place = builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), array, offsetof(ArrayHeader, length));
  builder_.CreateAlignedStore(length, place, llvm::Align(8))
      ->setMetadata(llvm::LLVMContext::MD_tbaa, module_.tag(MemoryRole::ArrayLength));
}

FunctionLowering::Value FunctionLowering::element_address(const Type *type, Value data, Value linear) {
  llvm::Type *form = module_.memory_type(type->element());
  if (!form) // Elements without bits take no room.
    return data;
  return builder_.CreateGEP(form, data, linear, "",
                            llvm::GEPNoWrapFlags::inBounds() | llvm::GEPNoWrapFlags::noUnsignedWrap());
}

// Row-major. Once each index is in range of its dimension, sums and products are below the length: nothing overflows.
FunctionLowering::Value FunctionLowering::checked_linear_index(const Inst &inst) {
  const Type *type = inst.args[0]->type;
  Value array = arg(inst, 0), linear = nullptr;
  bool checked = checks() && !is_covered(inst);
  for (uint32_t d = 0; d < type->rank; ++d) {
    Value index = arg(inst, 1 + d);
    bool check = checked && known_.indices.insert({array, d, index}).second;
    Value extent = check || d > 0 ? array_extent(type, array, d) : nullptr;
    if (check)
      fail_if(builder_.CreateICmpUGE(index, extent), Runtime::kiln_fail_index,
              {index, extent, i32(type->rank < 2 ? static_cast<uint32_t>(-1) : d)});
    linear =
        linear ? builder_.CreateAdd(builder_.CreateMul(linear, extent, "", true, true), index, "", true, true) : index;
  }
  return linear;
}

FunctionLowering::Value FunctionLowering::emit_index(const Inst &inst) {
  const Type *type = inst.args[0]->type;
  Value linear = checked_linear_index(inst);
  return load(inst.type, element_address(type, array_data(type, arg(inst, 0)), linear));
}

FunctionLowering::Value FunctionLowering::emit_set_index(const Inst &inst) {
  const Type *type = inst.args[0]->type;
  Value linear = checked_linear_index(inst);
  store(type->element(), value(inst.args.back()), element_address(type, array_data(type, arg(inst, 0)), linear));
  return nullptr;
}

FunctionLowering::Value FunctionLowering::emit_linear_get(const Inst &inst) {
  const Type *type = inst.args[0]->type;
  if (type->is(TypeKind::Str)) return load_byte(str_data(arg(inst, 0)), arg(inst, 1));
  return load(inst.type, element_address(type, array_data(type, arg(inst, 0)), arg(inst, 1)));
}

// Push, and append to a comprehension. The capacity of a view is -1, so that the slow path sees it.
FunctionLowering::Value FunctionLowering::emit_append(const Inst &inst) {
  const Type *type = inst.args[0]->type;
  Value array = arg(inst, 0), length = array_length(array);
  if (!inst.unchecked) {
    llvm::BasicBlock *grow = new_block("grow"), *append = new_block("append");
    builder_.CreateCondBr(builder_.CreateICmpSLT(length, header_field(array, MemoryRole::ArrayCapacity)), append, grow,
                          llvm::MDBuilder(module_.llvm).createLikelyBranchWeights());
    builder_.SetInsertPoint(grow);
    call_runtime(Runtime::kiln_array_grow, {array, module_.type_object(type)});
    builder_.CreateBr(append);
    builder_.SetInsertPoint(append);
  }
  // Growing moves the data of any rank.
  Value data = header_field(array, MemoryRole::ArrayData);
  store(type->element(), arg(inst, 1), element_address(type, data, length));
  set_array_length(array, builder_.CreateAdd(length, i64(1), "", true, true));
  return nullptr;
}

FunctionLowering::Value FunctionLowering::emit_pop(const Inst &inst) {
  const Type *type = inst.args[0]->type;
  Value array = arg(inst, 0), length = array_length(array), capacity = header_field(array, MemoryRole::ArrayCapacity);
  fail_if(builder_.CreateOr(builder_.CreateICmpEQ(length, i64(0)), builder_.CreateICmpSLT(capacity, i64(0))),
          Runtime::kiln_fail_pop, {capacity});
  Value last = builder_.CreateSub(length, i64(1), "", true, true);
  Value element = load(inst.type, element_address(type, array_data(type, array), last));
  set_array_length(array, last);
  return element;
}

FunctionLowering::Value FunctionLowering::emit_dimension(const Inst &inst) {
  const Type *type = inst.args[0]->type;
  Value array = arg(inst, 0), dimension = arg(inst, 1);
  if (!inst.unchecked)
    fail_if(builder_.CreateICmpUGE(dimension, i64(type->rank)), Runtime::kiln_fail_index,
            {dimension, i64(type->rank), i32(static_cast<uint32_t>(-1))});
  if (type->rank < 2) return array_length(array);
  if (auto *constant = llvm::dyn_cast<llvm::ConstantInt>(dimension))
    if (constant->getValue().ult(type->rank))
      return array_extent(type, array, static_cast<uint32_t>(constant->getZExtValue()));
  Value result = array_extent(type, array, 0);
  for (uint32_t d = 1; d < type->rank; ++d)
    result = builder_.CreateSelect(builder_.CreateICmpEQ(dimension, i64(d)), array_extent(type, array, d), result);
  return result;
}

} // namespace kiln
