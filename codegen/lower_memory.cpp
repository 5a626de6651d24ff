// Values in memory: loads, stores, and room in the frame.
#include "codegen/layout.h"
#include "codegen/lower_function.h"

namespace kiln {

FunctionLowering::Value FunctionLowering::to_memory_form(const Type *type, Value value) {
  return type->is(TypeKind::Bool) ? builder_.CreateZExt(value, builder_.getInt8Ty()) : value;
}

FunctionLowering::Value FunctionLowering::to_register_form(const Type *type, Value value) {
  return type->is(TypeKind::Bool) ? builder_.CreateTrunc(value, builder_.getInt1Ty(), "", true) : value;
}

// Aggregates go field by field, so that each scalar carries its own tag and none is loaded in vain.
FunctionLowering::Value FunctionLowering::load(const Type *type, Value address, llvm::MDNode *tag) {
  llvm::Type *form = module_.memory_type(type);
  if (!form) return nullptr;
  if (auto *fields = llvm::dyn_cast<llvm::StructType>(form)) {
    Value whole = llvm::PoisonValue::get(form);
    bool is_tuple = type->is_record() || type->is(TypeKind::Lambda);
    unsigned field = 0;
    for (uint32_t i = 0; i < (is_tuple ? type->elements.size() : fields->getNumElements()); ++i) {
      if (is_tuple && type->elements[i]->is_empty()) continue;
      Value place = builder_.CreateStructGEP(form, address, field);
      Value part;
      if (is_tuple) {
        part = to_memory_form(type->elements[i], load(type->elements[i], place, tag));
      } else {
        auto *loaded = builder_.CreateAlignedLoad(fields->getElementType(i), place, llvm::Align(8));
        loaded->setMetadata(llvm::LLVMContext::MD_tbaa, tag ? tag : module_.element_tag(type));
        part = loaded;
      }
      whole = builder_.CreateInsertValue(whole, part, field++);
    }
    return whole;
  }
  auto *loaded = builder_.CreateAlignedLoad(form, address, llvm::Align(layout_of(type).align));
  loaded->setMetadata(llvm::LLVMContext::MD_tbaa, tag ? tag : module_.element_tag(type));
  llvm::MDNode *none = llvm::MDNode::get(module_.llvm, {});
  if (type->is(TypeKind::Array)) {
    loaded->setMetadata(llvm::LLVMContext::MD_nonnull, none);
    loaded->setMetadata(llvm::LLVMContext::MD_align,
                        llvm::MDNode::get(module_.llvm, number_metadata(alignof(ArrayHeader))));
    loaded->setMetadata(llvm::LLVMContext::MD_dereferenceable,
                        llvm::MDNode::get(module_.llvm, number_metadata(header_size(type->rank))));
  } else if (type->is_object()) {
    loaded->setMetadata(llvm::LLVMContext::MD_nonnull, none);
    loaded->setMetadata(llvm::LLVMContext::MD_dereferenceable,
                        llvm::MDNode::get(module_.llvm, number_metadata(object_layout(type).size)));
  }
  loaded->setMetadata(llvm::LLVMContext::MD_noundef, none);
  return to_register_form(type, loaded);
}

void FunctionLowering::store(const Type *type, Value value, Value address, llvm::MDNode *tag) {
  llvm::Type *form = module_.memory_type(type);
  if (!form) return;
  if (auto *fields = llvm::dyn_cast<llvm::StructType>(form)) {
    bool is_tuple = type->is_record() || type->is(TypeKind::Lambda);
    unsigned field = 0;
    for (uint32_t i = 0; i < (is_tuple ? type->elements.size() : fields->getNumElements()); ++i) {
      if (is_tuple && type->elements[i]->is_empty()) continue;
      Value place = builder_.CreateStructGEP(form, address, field);
      Value part = builder_.CreateExtractValue(value, field++);
      if (is_tuple)
        store(type->elements[i], to_register_form(type->elements[i], part), place, tag);
      else
        builder_.CreateAlignedStore(part, place, llvm::Align(8))
            ->setMetadata(llvm::LLVMContext::MD_tbaa, tag ? tag : module_.element_tag(type));
    }
    return;
  }
  builder_.CreateAlignedStore(to_memory_form(type, value), address, llvm::Align(layout_of(type).align))
      ->setMetadata(llvm::LLVMContext::MD_tbaa, tag ? tag : module_.element_tag(type));
}

llvm::Metadata *FunctionLowering::number_metadata(size_t number) {
  return llvm::ConstantAsMetadata::get(builder_.getInt64(number));
}

FunctionLowering::Value FunctionLowering::scratch(size_t bytes, size_t offset) {
  if (!scratch_) {
    llvm::IRBuilder<>::InsertPointGuard guard(builder_);
    llvm::BasicBlock &entry = function_.getEntryBlock();
    builder_.SetInsertPoint(&entry, entry.begin());
    scratch_ = builder_.CreateAlloca(builder_.getInt8Ty(), i64(1), "scratch");
    scratch_->setAlignment(llvm::Align(16));
  }
  scratch_bytes_ = std::max(scratch_bytes_, offset + bytes);
  return offset ? builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), scratch_, offset) : scratch_;
}

FunctionLowering::Value FunctionLowering::frame_place(const Type *type) {
  llvm::IRBuilder<>::InsertPointGuard guard(builder_);
  llvm::BasicBlock &entry = function_.getEntryBlock();
  builder_.SetInsertPoint(&entry, entry.begin());
  llvm::Type *form = module_.memory_type(type);
  return builder_.CreateAlloca(form ? form : builder_.getInt8Ty());
}

// The runtime reads what is spilled by its own types: no tags.
FunctionLowering::Value FunctionLowering::spill(const Type *type, Value value, size_t offset) {
  if (type->is_empty()) return llvm::ConstantPointerNull::get(builder_.getPtrTy());
  Value place = scratch(layout_of(type).size, offset);
  builder_.CreateAlignedStore(to_memory_form(type, value), place, llvm::Align(layout_of(type).align));
  return place;
}

FunctionLowering::Value FunctionLowering::spill_words(std::span<const Value> words) {
  Value place = scratch(words.size() * sizeof(int64_t));
  for (size_t i = 0; i < words.size(); ++i)
    builder_.CreateStore(words[i], builder_.CreateConstInBoundsGEP1_64(builder_.getInt64Ty(), place, i));
  return place;
}

} // namespace kiln
