// Strings, formatting and printing.
#include "codegen/layout.h"
#include "codegen/lower_function.h"

#include <llvm/IR/MDBuilder.h>

namespace kiln {

FunctionLowering::Value FunctionLowering::str_constant(std::string_view text) {
  auto *form = llvm::cast<llvm::StructType>(module_.memory_type(module_.context.types.str));
  return llvm::ConstantStruct::get(
      form, {module_.text(text), llvm::cast<llvm::Constant>(i64(static_cast<int64_t>(text.size())))});
}

FunctionLowering::Value FunctionLowering::load_byte(Value data, Value index) {
  Value place = builder_.CreateGEP(builder_.getInt8Ty(), data, index, "", llvm::GEPNoWrapFlags::inBounds());
  llvm::LoadInst *byte = builder_.CreateAlignedLoad(builder_.getInt8Ty(), place, llvm::Align(1));
  llvm::MDNode *none = llvm::MDNode::get(module_.llvm, {});
  byte->setMetadata(llvm::LLVMContext::MD_tbaa, module_.tag(MemoryRole::StrBytes));
  byte->setMetadata(llvm::LLVMContext::MD_invariant_load, none); // Strings are immutable.
  byte->setMetadata(llvm::LLVMContext::MD_noundef, none);
  return byte;
}

FunctionLowering::Value FunctionLowering::emit_str_index(const Inst &inst) {
  Value text = arg(inst, 0), index = arg(inst, 1);
  if (checks() && !is_covered(inst))
    fail_if(builder_.CreateICmpUGE(index, str_length(text)), Runtime::kiln_fail_index,
            {index, str_length(text), i32(static_cast<uint32_t>(-2))});
  return load_byte(str_data(text), index);
}

// Of the bytes from `first` to `last`. The runtime sees to those that are out of range or in the wrong order.
FunctionLowering::Value FunctionLowering::emit_str_view(Value text, Value first, Value last) {
  Value data = str_data(text), length = str_length(text);
  llvm::BasicBlock *inside = new_block("inside"), *outside = new_block("outside"), *viewed = new_block("viewed");
  Value fits = builder_.CreateAnd(builder_.CreateICmpULE(first, last), builder_.CreateICmpULE(last, length));
  builder_.CreateCondBr(fits, inside, outside, llvm::MDBuilder(module_.llvm).createLikelyBranchWeights());
  builder_.SetInsertPoint(inside);
  Value place = builder_.CreateGEP(builder_.getInt8Ty(), data, first, "", llvm::GEPNoWrapFlags::inBounds());
  Value part = builder_.CreateInsertValue(llvm::PoisonValue::get(text->getType()), place, 0);
  part = builder_.CreateInsertValue(part, builder_.CreateSub(last, first, "", true, true), 1);
  builder_.CreateBr(viewed);
  builder_.SetInsertPoint(outside);
  Value other = call_runtime(Runtime::kiln_str_view, {data, length, first, last, i64(1)});
  builder_.CreateBr(viewed);
  builder_.SetInsertPoint(viewed);
  llvm::PHINode *result = builder_.CreatePHI(text->getType(), 2);
  result->addIncoming(part, inside);
  result->addIncoming(other, outside);
  return result;
}

FunctionLowering::Value FunctionLowering::equal_texts(Value left, Value right) {
  llvm::BasicBlock *before = builder_.GetInsertBlock();
  llvm::BasicBlock *compare = new_block("compare"), *compared = new_block("compared");
  builder_.CreateCondBr(builder_.CreateICmpEQ(str_length(left), str_length(right)), compare, compared);
  builder_.SetInsertPoint(compare);
  Value same = call_runtime(Runtime::kiln_str_equal,
                            {str_data(left), str_length(left), str_data(right), str_length(right)});
  builder_.CreateBr(compared);
  builder_.SetInsertPoint(compared);
  llvm::PHINode *result = builder_.CreatePHI(builder_.getInt1Ty(), 2);
  result->addIncoming(builder_.getFalse(), before);
  result->addIncoming(same, compare);
  return result;
}

FunctionLowering::Value FunctionLowering::emit_concat(std::span<Inst *const> parts) {
  if (parts.empty()) return str_constant("");
  std::vector<Value> words;
  for (const Inst *part : parts) {
    words.push_back(str_data(value(part)));
    words.push_back(str_length(value(part)));
  }
  return call_runtime(Runtime::kiln_str_concat, {spill_words(words), i64(static_cast<int64_t>(parts.size()))});
}

FunctionLowering::Value FunctionLowering::emit_format(const Inst &inst) {
  const Type *type = inst.args[0]->type;
  Value operand = arg(inst, 0);
  if (inst.name.empty()) {
    if (type->is(TypeKind::Str)) return operand;
    if (type->is(TypeKind::F64)) return call_runtime(Runtime::kiln_format_f64, {operand});
    if (type->is_integer() && !type->is(TypeKind::U64))
      return call_runtime(Runtime::kiln_format_i64, {widen(type, operand)});
  }
  return call_runtime(Runtime::kiln_format, {module_.type_object(type), spill(type, operand), module_.text(inst.name),
                                             i64(static_cast<int64_t>(inst.name.size()))});
}

void FunctionLowering::emit_write(const Inst &inst, bool as_line) {
  bool first = true;
  for (const Inst *part : inst.args) {
    if (as_line && !first) write_text(" ");
    first = false;
    const Type *type = part->type;
    if (type->is(TypeKind::Str))
      call_runtime(Runtime::kiln_write_str, {str_data(value(part)), str_length(value(part))});
    else if (type->is(TypeKind::F64))
      call_runtime(Runtime::kiln_write_f64, {value(part)});
    else if (type->is_integer() && !type->is(TypeKind::U64))
      call_runtime(Runtime::kiln_write_i64, {widen(type, value(part))});
    else
      call_runtime(Runtime::kiln_write_value, {module_.type_object(type), spill(type, value(part))});
  }
  if (as_line) write_text("\n");
}

void FunctionLowering::write_text(std::string_view text) {
  call_runtime(Runtime::kiln_write_str, {module_.text(text), i64(static_cast<int64_t>(text.size()))});
}

} // namespace kiln
