// What the loops of broadcasts need of arrays: stores without checks, arrays to be filled, and shapes.
#include "codegen/lower_function.h"

namespace kiln {

FunctionLowering::Value FunctionLowering::emit_linear_set(const Inst &inst) {
  const Type *type = inst.args[0]->type;
  store(type->element(), arg(inst, 2), element_address(type, array_data(type, arg(inst, 0)), arg(inst, 1)));
  return nullptr;
}

FunctionLowering::Value FunctionLowering::emit_array_raw(const Inst &inst) {
  Value array = allocate_array(Runtime::kiln_array_reserve, inst.type, dimensions_of(inst.args, inst.type->rank));
  Value length = nullptr;
  for (const Inst *extent : inst.args) // That room was found for them means that the product does not overflow.
    length = length ? builder_.CreateMul(length, value(extent), "", true, true) : value(extent);
  set_array_length(array, length);
  return array;
}

FunctionLowering::Value FunctionLowering::emit_common_shape(const Inst &inst) {
  std::vector<Value> words;
  for (const Inst *word : inst.args) words.push_back(value(word));
  Value shapes = spill_words(words);
  auto rank = static_cast<int64_t>(inst.type->elements.size());
  Value extents = scratch(static_cast<size_t>(rank) * sizeof(int64_t), words.size() * sizeof(int64_t));
  call_runtime(Runtime::kiln_common_shape, {shapes, i64(static_cast<int64_t>(words.size())), i64(rank), extents});
  llvm::Type *form = module_.memory_type(inst.type);
  Value whole = llvm::PoisonValue::get(form);
  for (unsigned d = 0; d < rank; ++d) {
    Value place = builder_.CreateConstInBoundsGEP1_64(builder_.getInt64Ty(), extents, d);
    whole = builder_.CreateInsertValue(whole, builder_.CreateLoad(builder_.getInt64Ty(), place), d);
  }
  return whole;
}

void FunctionLowering::emit_check_shapes(const Inst &inst) {
  std::vector<Value> words;
  for (const Inst *word : inst.args) words.push_back(value(word));
  call_runtime(Runtime::kiln_check_shapes, {spill_words(words), i64(static_cast<int64_t>(words.size()))});
}

} // namespace kiln
