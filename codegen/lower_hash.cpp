// Hashes of keys: numbers are mixed in line, texts by the runtime, what has parts part by part.
#include "codegen/hash_constants.h"
#include "codegen/lower_function.h"

namespace kiln {

/// See mix() in hash_constants.h.
FunctionLowering::Value FunctionLowering::mix(Value hash, Value word) {
  llvm::Type *wide = builder_.getInt128Ty();
  Value left = builder_.CreateZExt(builder_.CreateXor(hash, word), wide);
  Value product = builder_.CreateMul(left, builder_.CreateZExt(builder_.getInt64(hash_multiplier), wide));
  Value high = builder_.CreateTrunc(builder_.CreateLShr(product, 64), builder_.getInt64Ty());
  return builder_.CreateXor(high, builder_.CreateTrunc(product, builder_.getInt64Ty()));
}

FunctionLowering::Value FunctionLowering::hash(const Type *type, Value value) {
  if (type->is(TypeKind::Str)) return call_runtime(Runtime::kiln_str_hash, {str_data(value), str_length(value)});
  return hash_onto(builder_.getInt64(hash_seed), type, value);
}

FunctionLowering::Value FunctionLowering::hash_onto(Value hash, const Type *type, Value value) {
  if (type->is_empty()) return hash;
  llvm::Type *word = builder_.getInt64Ty();
  if (type->is_float()) {
    // Zeros are equal: the sum makes 0.0 of -0.0.
    value = builder_.CreateFAdd(value, llvm::ConstantFP::get(value->getType(), 0.0));
    value = builder_.CreateBitCast(value, builder_.getIntNTy(type->bits()));
  }
  if (type->is_scalar()) return mix(hash, builder_.CreateZExt(value, word));
  if (type->is(TypeKind::Class)) return mix(hash, builder_.CreatePtrToInt(value, word));
  if (type->is(TypeKind::Str)) return mix(hash, this->hash(type, value));
  bool is_range = type->is(TypeKind::Range);
  for (uint32_t i = 0; i < (is_range ? 3 : type->elements.size()); ++i) {
    const Type *part = is_range ? module_.context.types.i64 : type->elements[i];
    if (part->is_empty()) continue;
    unsigned field = is_range ? i : ModuleLowering::field_of(type, i);
    hash = hash_onto(hash, part, to_register_form(part, builder_.CreateExtractValue(value, field)));
  }
  return hash;
}

} // namespace kiln
