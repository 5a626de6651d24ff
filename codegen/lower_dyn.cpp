// Dynamic values: a type and a word (codegen/layout.h), and calls through inline caches.
#include "codegen/dyn_site.h"
#include "codegen/layout.h"
#include "codegen/lower_function.h"

#include <cstddef>

namespace kiln {

namespace {

constexpr size_t word_bytes = sizeof(DynValue::bits);

} // namespace

FunctionLowering::Value FunctionLowering::emit_dyn_new(const Inst &inst) {
  const Type *type = inst.args[0]->type;
  size_t size = layout_of(type).size;
  Value bits = i64(0);
  if (size > word_bytes) {
    Runtime allocate = type->has_references() ? Runtime::kiln_alloc : Runtime::kiln_alloc_atomic;
    Value place = call_runtime(allocate, {i64(static_cast<int64_t>(size))});
    store(type, arg(inst, 0), place);
    bits = builder_.CreatePtrToInt(place, builder_.getInt64Ty());
  } else if (size > 0) {
    std::vector<Value> words(1);
    to_words(type, arg(inst, 0), 0, words);
    bits = cast_word(words[0], builder_.getInt64Ty());
  }
  Value whole = builder_.CreateInsertValue(llvm::PoisonValue::get(module_.register_type(inst.type)), module_.type_object(type), 0);
  return builder_.CreateInsertValue(whole, bits, 1);
}

FunctionLowering::Value FunctionLowering::emit_dyn_get(const Inst &inst) {
  Value whole = arg(inst, 0);
  if (!inst.unchecked) {
    Value held = builder_.CreateExtractValue(whole, 0);
    llvm::Constant *wanted = module_.type_object(inst.type);
    fail_if(builder_.CreateICmpNE(held, wanted), Runtime::kiln_fail_dyn, {held, wanted});
  }
  size_t size = layout_of(inst.type).size;
  if (size == 0) return nullptr;
  Value bits = builder_.CreateExtractValue(whole, 1);
  if (size > word_bytes) return load(inst.type, builder_.CreateIntToPtr(bits, builder_.getPtrTy()));
  Value words[] = {bits};
  return from_words(inst.type, 0, words);
}

FunctionLowering::Value FunctionLowering::emit_dyn_test(const Inst &inst) {
  Value held = builder_.CreateExtractValue(arg(inst, 0), 0);
  if (!inst.wanted()) return call_runtime(Runtime::kiln_is_tuple, {held, i64(inst.count)});
  llvm::Constant *wanted = module_.type_object(inst.wanted());
  if (has_family(inst.wanted()) || inst.wanted()->is_union()) return call_runtime(Runtime::kiln_is_instance, {held, wanted});
  return builder_.CreateICmpEQ(held, wanted);
}

// The entry cell for operands of these types: one of the cache's ways, else what the runtime finds.
FunctionLowering::Value FunctionLowering::find_cached(const Inst &inst, llvm::ArrayRef<Value> types) {
  llvm::Constant *cache = module_.dyn_site(inst.site()->id);
  auto ask = [&] { return call_runtime(Runtime::kiln_dyn_find, {cache, spill_words(types)}); };
  if (types.size() > DynSite::compared) return ask();
  llvm::BasicBlock *found = new_block("cached");
  std::vector<std::pair<Value, llvm::BasicBlock *>> cells;
  auto field = [&](size_t way, size_t offset) {
    size_t place = offsetof(DynSite::Cache, ways) + way * sizeof(DynSite::Way) + offset;
    Value address = builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), cache, place);
    llvm::LoadInst *loaded = builder_.CreateAlignedLoad(builder_.getPtrTy(), address, llvm::Align(word_bytes));
    loaded->setMetadata(llvm::LLVMContext::MD_tbaa, module_.tag(MemoryRole::Entry));
    return loaded;
  };
  for (size_t way = 0; way < DynSite::ways; ++way) {
    Value same = nullptr;
    for (size_t i = 0; i < types.size(); ++i) {
      Value equal = builder_.CreateICmpEQ(types[i], field(way, offsetof(DynSite::Way, types) + i * sizeof(void *)));
      same = same ? builder_.CreateAnd(same, equal) : equal;
    }
    llvm::BasicBlock *hit = new_block("hit"), *next = new_block("next");
    builder_.CreateCondBr(same, hit, next);
    builder_.SetInsertPoint(hit);
    cells.emplace_back(field(way, offsetof(DynSite::Way, cell)), hit);
    builder_.CreateBr(found);
    builder_.SetInsertPoint(next);
  }
  Value asked = ask();
  cells.emplace_back(asked, builder_.GetInsertBlock());
  builder_.CreateBr(found);
  builder_.SetInsertPoint(found);
  llvm::PHINode *cell = builder_.CreatePHI(builder_.getPtrTy(), static_cast<unsigned>(cells.size()));
  for (auto [value, block] : cells) cell->addIncoming(value, block);
  return cell;
}

FunctionLowering::Value FunctionLowering::emit_call_dyn(const Inst &inst) {
  llvm::SmallVector<Value> types, arguments{nullptr};
  llvm::AttributeList attributes;
  attributes = attributes.addParamAttribute(module_.llvm, 0, llvm::Attribute::Nest);
  for (const Inst *operand : inst.args) {
    if (operand->type->is_empty()) continue;
    Value passed = value(operand);
    if (operand->type->is(TypeKind::Dyn)) types.push_back(builder_.CreateExtractValue(passed, 0));
    attributes = attributes.addParamAttributes(module_.llvm, static_cast<unsigned>(arguments.size()), module_.attributes_of(operand->type));
    arguments.push_back(passed);
  }
  Value cell = find_cached(inst, types);
  arguments[0] = cell;
  llvm::LoadInst *target = builder_.CreateAlignedLoad(builder_.getPtrTy(), cell, llvm::Align(word_bytes));
  target->setMetadata(llvm::LLVMContext::MD_tbaa, module_.tag(MemoryRole::Entry));
  llvm::SmallVector<llvm::Type *> params;
  for (Value argument : arguments) params.push_back(argument->getType());
  auto *form = llvm::FunctionType::get(module_.register_type(inst.type), params, false);
  llvm::CallInst *call = builder_.CreateCall(form, target, arguments);
  call->setAttributes(attributes);
  call->setTailCallKind(llvm::CallInst::TCK_NoTail);
  return call;
}

} // namespace kiln
