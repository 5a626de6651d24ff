// LLVM's form of types, what is known of their values, and alias metadata.
#include "codegen/layout.h"
#include "codegen/lower_module.h"

namespace kiln {

llvm::Type *ModuleLowering::register_type(const Type *type) {
  return type->is(TypeKind::Bool) ? llvm::Type::getInt1Ty(llvm) : memory_type(type);
}

llvm::Type *ModuleLowering::memory_type(const Type *type) {
  if (type->is_empty()) return nullptr;
  llvm::Type *i64 = llvm::Type::getInt64Ty(llvm), *pointer = llvm::PointerType::get(llvm, 0);
  switch (type->kind) {
  case TypeKind::Bool:
  case TypeKind::I8:
  case TypeKind::I16:
  case TypeKind::I32:
  case TypeKind::I64:
  case TypeKind::U8:
  case TypeKind::U16:
  case TypeKind::U32:
  case TypeKind::U64: return llvm::IntegerType::get(llvm, type->bits());
  case TypeKind::F32: return llvm::Type::getFloatTy(llvm);
  case TypeKind::F64: return llvm::Type::getDoubleTy(llvm);
  case TypeKind::Str: return llvm::StructType::get(llvm, {pointer, i64});
  case TypeKind::Range: return llvm::StructType::get(llvm, {i64, i64, i64});
  case TypeKind::Array:
  case TypeKind::Class:
  case TypeKind::Map:
  case TypeKind::Cell:
  case TypeKind::Failure: return pointer;
  case TypeKind::Callable: return llvm::StructType::get(llvm, {pointer, pointer});
  case TypeKind::Dyn: return llvm::StructType::get(llvm, {pointer, i64});
  case TypeKind::Union:
    if (type->is_nullable_reference()) return pointer;
    return union_form(type);
  case TypeKind::Tuple:
  case TypeKind::Struct:
  case TypeKind::Lambda: {
    llvm::Type *&known = memory_types_[type];
    if (!known) {
      llvm::SmallVector<llvm::Type *> fields;
      for (const Type *element : type->elements)
        if (llvm::Type *field = memory_type(element)) fields.push_back(field);
      memory_types_[type] = llvm::StructType::get(llvm, fields); // The recursion may have moved `known`.
    }
    return memory_types_[type];
  }
  case TypeKind::Error:
  case TypeKind::Never:
  case TypeKind::None:
  case TypeKind::Function:
  case TypeKind::Family:
  case TypeKind::Open: return nullptr;
  }
  return nullptr;
}

llvm::StructType *ModuleLowering::union_form(const Type *type) {
  llvm::Type *&known = memory_types_[type];
  if (!known) {
    llvm::SmallVector<llvm::Type *> fields;
    for (WordKind kind : union_words(type)) {
      if (kind == WordKind::Integer) fields.push_back(llvm::Type::getInt64Ty(llvm));
      if (kind == WordKind::Reference) fields.push_back(llvm::PointerType::get(llvm, 0));
      if (kind == WordKind::Float) fields.push_back(llvm::Type::getDoubleTy(llvm));
    }
    known = llvm::StructType::get(llvm, fields);
  }
  return llvm::cast<llvm::StructType>(known);
}

unsigned ModuleLowering::field_of(const Type *aggregate, uint32_t element) {
  unsigned field = 0;
  for (uint32_t i = 0; i < element; ++i) field += !aggregate->elements[i]->is_empty();
  return field;
}

llvm::AttrBuilder ModuleLowering::attributes_of(const Type *type) {
  llvm::AttrBuilder attributes(llvm);
  attributes.addAttribute(llvm::Attribute::NoUndef);
  switch (type->kind) {
  case TypeKind::Bool:
  case TypeKind::U8:
  case TypeKind::U16: attributes.addAttribute(llvm::Attribute::ZExt); break;
  case TypeKind::I8:
  case TypeKind::I16: attributes.addAttribute(llvm::Attribute::SExt); break;
  case TypeKind::Array:
    attributes.addAttribute(llvm::Attribute::NonNull);
    attributes.addAlignmentAttr(alignof(ArrayHeader));
    attributes.addDereferenceableAttr(header_size(type->rank));
    break;
  case TypeKind::Cell:
    attributes.addAttribute(llvm::Attribute::NonNull);
    attributes.addDereferenceableAttr(layout_of(type->element()).size + 1); // The byte that says whether it is set.
    break;
  case TypeKind::Class:
  case TypeKind::Map:
    attributes.addAttribute(llvm::Attribute::NonNull);
    attributes.addDereferenceableAttr(object_layout(type).size);
    break;
  case TypeKind::Failure: attributes.addAttribute(llvm::Attribute::NonNull); break;
  case TypeKind::I32:
  case TypeKind::I64:
  case TypeKind::U32:
  case TypeKind::U64:
  case TypeKind::F32:
  case TypeKind::F64:
  case TypeKind::Str:
  case TypeKind::Range:
  case TypeKind::Tuple:
  case TypeKind::Struct:
  case TypeKind::Family:
  case TypeKind::Lambda:
  case TypeKind::Union:
  case TypeKind::Dyn:
  case TypeKind::Callable:
  case TypeKind::Error:
  case TypeKind::Never:
  case TypeKind::None:
  case TypeKind::Function:
  case TypeKind::Open: break;
  }
  return attributes;
}

llvm::MDNode *ModuleLowering::tag_named(llvm::StringRef name) {
  llvm::MDNode *&known = tags_[name.str()];
  if (!known) {
    llvm::MDNode *type = metadata_.createTBAAScalarTypeNode(name, tbaa_root_);
    known = metadata_.createTBAAStructTagNode(type, type, 0);
  }
  return known;
}

llvm::MDNode *ModuleLowering::tag(MemoryRole role) {
  switch (role) {
  case MemoryRole::ArrayData: return tag_named("array data");
  case MemoryRole::ArrayLength: return tag_named("array length");
  case MemoryRole::ArrayCapacity: return tag_named("array capacity");
  case MemoryRole::ArrayDimension: return tag_named("array dimension");
  case MemoryRole::StrBytes: return tag_named("str bytes");
  case MemoryRole::Entry: return tag_named("entry");
  case MemoryRole::CellSet: return tag_named("cell is set");
  }
  return nullptr;
}

llvm::MDNode *ModuleLowering::element_tag(const Type *scalar) {
  switch (scalar->kind) {
  case TypeKind::Bool:
  case TypeKind::I8:
  case TypeKind::U8: return tag_named("i8");
  case TypeKind::I16:
  case TypeKind::U16: return tag_named("i16");
  case TypeKind::I32:
  case TypeKind::U32: return tag_named("i32");
  case TypeKind::I64:
  case TypeKind::U64:
  case TypeKind::Range: return tag_named("i64");
  case TypeKind::F32: return tag_named("f32");
  case TypeKind::F64: return tag_named("f64");
  case TypeKind::Str: return tag_named("str");
  case TypeKind::Array:
  case TypeKind::Class:
  case TypeKind::Map:
  case TypeKind::Cell:
  case TypeKind::Failure: return tag_named("reference");
  case TypeKind::Union: return tag_named(scalar->is_nullable_reference() ? "reference" : "union");
  case TypeKind::Callable: return tag_named("callable");
  case TypeKind::Dyn: return tag_named("dyn");
  case TypeKind::Tuple:
  case TypeKind::Struct:
  case TypeKind::Family:
  case TypeKind::Lambda: // Have no tag of their own: their scalars do.
  case TypeKind::Error:
  case TypeKind::Never:
  case TypeKind::None:
  case TypeKind::Function:
  case TypeKind::Open: return nullptr;
  }
  return nullptr;
}

} // namespace kiln
