// Unions: a tag and words, or a nullable pointer (codegen/layout.h); and callables. No memory: words are taken from values
// by shifts and casts, which LLVM sees through.
#include "codegen/layout.h"
#include "codegen/lower_function.h"

#include <bit>

namespace kiln {

namespace {

constexpr size_t word_bytes = sizeof(int64_t);

bool has_fields(const Type *type) { return type->is_record() || type->is(TypeKind::Lambda); }

} // namespace

/// Writes the value to the words at the offset, as it would lie in memory.
void FunctionLowering::to_words(const Type *type, Value value, size_t offset, std::vector<Value> &words) {
  if (type->is_empty()) return;
  if (has_fields(type)) {
    for (uint32_t i = 0; i < type->elements.size(); ++i) {
      const Type *part = type->elements[i];
      if (part->is_empty()) continue;
      Value field = builder_.CreateExtractValue(value, ModuleLowering::field_of(type, i));
      to_words(part, to_register_form(part, field), offset + offset_of(type, i), words);
    }
    return;
  }
  if (auto *form = llvm::dyn_cast<llvm::StructType>(value->getType())) { // A str, range or callable: whole words.
    for (unsigned i = 0; i < form->getNumElements(); ++i)
      words[offset / word_bytes + i] = builder_.CreateExtractValue(value, i);
    return;
  }
  Value &word = words[offset / word_bytes];
  if (layout_of(type).size == word_bytes) {
    word = value;
    return;
  }
  Value bits = value;
  if (type->is_float()) bits = builder_.CreateBitCast(value, builder_.getIntNTy(type->bits()));
  bits = builder_.CreateShl(builder_.CreateZExt(bits, builder_.getInt64Ty()), 8 * (offset % word_bytes));
  word = word ? builder_.CreateOr(word, bits) : bits;
}

FunctionLowering::Value FunctionLowering::cast_word(Value word, llvm::Type *type) {
  if (word->getType() == type) return word;
  if (type->isPointerTy()) return builder_.CreateIntToPtr(cast_word(word, builder_.getInt64Ty()), type);
  if (word->getType()->isPointerTy())
    return cast_word(builder_.CreatePtrToInt(word, builder_.getInt64Ty()), type);
  return builder_.CreateBitCast(word, type);
}

FunctionLowering::Value FunctionLowering::from_words(const Type *type, size_t offset, std::span<const Value> words) {
  llvm::Type *form = module_.register_type(type);
  if (!form) return nullptr;
  if (has_fields(type)) {
    Value whole = llvm::PoisonValue::get(form);
    for (uint32_t i = 0; i < type->elements.size(); ++i) {
      const Type *part = type->elements[i];
      if (part->is_empty()) continue;
      Value field = to_memory_form(part, from_words(part, offset + offset_of(type, i), words));
      whole = builder_.CreateInsertValue(whole, field, ModuleLowering::field_of(type, i));
    }
    return whole;
  }
  if (auto *fields = llvm::dyn_cast<llvm::StructType>(form)) {
    Value whole = llvm::PoisonValue::get(form);
    for (unsigned i = 0; i < fields->getNumElements(); ++i)
      whole = builder_.CreateInsertValue(
          whole, cast_word(words[offset / word_bytes + i], fields->getElementType(i)), i);
    return whole;
  }
  Value word = words[offset / word_bytes];
  if (layout_of(type).size == word_bytes) return cast_word(word, form);
  Value bits = builder_.CreateLShr(word, 8 * (offset % word_bytes));
  bits = builder_.CreateTrunc(bits, builder_.getIntNTy(type->is(TypeKind::Bool) ? 1 : type->bits()));
  return builder_.CreateBitCast(bits, form);
}

/// Words that no alternative fills are zero: nothing undefined is passed on, and the collector finds nothing stale.
FunctionLowering::Value FunctionLowering::make_union(const Type *type, std::vector<Value> words) {
  llvm::StructType *form = module_.union_form(type);
  Value whole = llvm::PoisonValue::get(form);
  for (unsigned i = 0; i < form->getNumElements(); ++i) {
    llvm::Type *field = form->getElementType(i);
    Value word = i < words.size() && words[i] ? cast_word(words[i], field) : llvm::Constant::getNullValue(field);
    whole = builder_.CreateInsertValue(whole, word, i);
  }
  return whole;
}

std::vector<FunctionLowering::Value> FunctionLowering::words_of(Value value) {
  std::vector<Value> words;
  for (unsigned i = 0; i < llvm::cast<llvm::StructType>(value->getType())->getNumElements(); ++i)
    words.push_back(builder_.CreateExtractValue(value, i));
  return words;
}

FunctionLowering::Value FunctionLowering::emit_union_new(const Inst &inst) {
  const Type *from = inst.args[0]->type;
  Value held = arg(inst, 0);
  if (inst.type->is_nullable_reference())
    return from->is(TypeKind::None) ? llvm::ConstantPointerNull::get(builder_.getPtrTy()) : held;
  std::vector<Value> words(layout_of(inst.type).size / word_bytes);
  words[0] = i64(*inst.type->place_of(from));
  to_words(from, held, word_bytes, words);
  return make_union(inst.type, std::move(words));
}

FunctionLowering::Value FunctionLowering::union_test(const Type *type, Value value, uint32_t alternatives) {
  if (type->is_nullable_reference()) {
    Value null = llvm::ConstantPointerNull::get(builder_.getPtrTy());
    return alternatives == 1 ? builder_.CreateICmpNE(value, null) : builder_.CreateICmpEQ(value, null);
  }
  Value tag = builder_.CreateExtractValue(value, 0);
  uint32_t others = ((1u << type->elements.size()) - 1) & ~alternatives;
  if (std::has_single_bit(alternatives)) return builder_.CreateICmpEQ(tag, i64(std::countr_zero(alternatives)));
  if (std::has_single_bit(others)) return builder_.CreateICmpNE(tag, i64(std::countr_zero(others)));
  Value bit = builder_.CreateShl(i64(1), tag);
  return builder_.CreateIsNotNull(builder_.CreateAnd(bit, i64(alternatives)));
}

FunctionLowering::Value FunctionLowering::union_get(const Type *type, Value value, uint32_t alternative) {
  const Type *held = type->elements[alternative];
  if (held->is_empty()) return nullptr;
  if (type->is_nullable_reference()) return value;
  return from_words(held, word_bytes, words_of(value));
}

FunctionLowering::Value FunctionLowering::emit_retag(const Inst &inst) {
  const Type *from = inst.args[0]->type, *to = inst.type;
  Value value = arg(inst, 0);
  if (to->is_nullable_reference()) // What is not the reference has zeros there.
    return from_words(to->elements[0], word_bytes, words_of(value));
  std::vector<Value> words;
  if (from->is_nullable_reference())
    words = {nullptr, value};
  else
    words = words_of(value);
  Value tag = nullptr;
  for (uint32_t i = 0; i < from->elements.size(); ++i) {
    auto place = to->place_of(from->elements[i]);
    if (!place) continue;
    tag = tag ? builder_.CreateSelect(union_test(from, value, 1u << i), i64(*place), tag) : i64(*place);
  }
  words[0] = tag;
  return make_union(to, std::move(words));
}

/// Scalars compare here, whichever the union holds: the words are defined. Others need the alternative's own comparison.
FunctionLowering::Value FunctionLowering::equal_unions(const Type *type, Value left, Value right) {
  unsigned numbers = 0;
  bool scalars = true;
  for (const Type *alternative : type->elements) {
    numbers += alternative->is_number();
    scalars &= alternative->is_empty() || alternative->is_scalar();
  }
  if (!scalars || numbers > 1) {
    Value place = spill(type, left);
    return call_runtime(Runtime::kiln_equal,
                        {module_.type_object(type), place, spill(type, right, (layout_of(type).size + 15) / 16 * 16)});
  }
  Value all = builder_.CreateICmpEQ(builder_.CreateExtractValue(left, 0), builder_.CreateExtractValue(right, 0));
  for (uint32_t i = 0; i < type->elements.size(); ++i) {
    const Type *held = type->elements[i];
    if (held->is_empty()) continue;
    Value same = compare_scalars(BinaryOp::Equal, held, union_get(type, left, i), union_get(type, right, i));
    Value other = builder_.CreateNot(union_test(type, left, 1u << i));
    all = builder_.CreateAnd(all, builder_.CreateOr(other, same));
  }
  return all;
}

// --- callables ---

FunctionLowering::Value FunctionLowering::emit_callable_new(const Inst &inst) {
  Value whole = llvm::PoisonValue::get(module_.memory_type(inst.type));
  whole = builder_.CreateInsertValue(whole, module_.entry_cell(*inst.callee()), 0);
  return builder_.CreateInsertValue(whole, arg(inst, 0), 1);
}

/// As a call to another module goes: through the entry cell, whose address the lazy entry wants in the register for nested
/// functions.
FunctionLowering::Value FunctionLowering::emit_call_indirect(const Inst &inst) {
  const Type *type = inst.args[0]->type;
  Value callable = arg(inst, 0);
  Value cell = builder_.CreateExtractValue(callable, 0);
  llvm::LoadInst *target = builder_.CreateAlignedLoad(builder_.getPtrTy(), cell, llvm::Align(word_bytes));
  target->setMetadata(llvm::LLVMContext::MD_tbaa, module_.tag(MemoryRole::Entry));
  llvm::SmallVector<Value> arguments{cell, builder_.CreateExtractValue(callable, 1)};
  llvm::AttributeList attributes;
  attributes = attributes.addParamAttribute(module_.llvm, 0, llvm::Attribute::Nest);
  for (size_t i = 1; i < inst.args.size(); ++i) {
    const Type *param = type->elements[i - 1];
    if (param->is_empty()) continue;
    attributes = attributes.addParamAttributes(module_.llvm, static_cast<unsigned>(arguments.size()), module_.attributes_of(param));
    arguments.push_back(arg(inst, i));
  }
  llvm::Type *result = module_.register_type(inst.type);
  if (result) attributes = attributes.addRetAttributes(module_.llvm, module_.attributes_of(inst.type));
  llvm::SmallVector<llvm::Type *> params;
  for (Value argument : arguments) params.push_back(argument->getType());
  auto *form = llvm::FunctionType::get(result ? result : builder_.getVoidTy(), params, false);
  llvm::CallInst *call = builder_.CreateCall(form, target, arguments);
  call->setAttributes(attributes);
  call->setTailCallKind(llvm::CallInst::TCK_NoTail);
  return result ? call : nullptr;
}

} // namespace kiln
