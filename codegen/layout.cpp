#include "codegen/layout.h"

#include <algorithm>

namespace kiln {

namespace {

size_t align_up(size_t offset, size_t align) { return (offset + align - 1) / align * align; }

Layout layout_of_elements(const Type *type, size_t count) {
  Layout all{0, 1};
  for (size_t i = 0; i < count; ++i) {
    Layout element = layout_of(type->elements[i]);
    all.size = align_up(all.size, element.align) + element.size;
    all.align = std::max(all.align, element.align);
  }
  return all;
}

} // namespace

Layout layout_of(const Type *type) {
  if (type->is_empty()) return {0, 1};
  switch (type->kind) {
  case TypeKind::Bool:
  case TypeKind::I8:
  case TypeKind::U8: return {1, 1};
  case TypeKind::I16:
  case TypeKind::U16: return {2, 2};
  case TypeKind::I32:
  case TypeKind::U32:
  case TypeKind::F32: return {4, 4};
  case TypeKind::I64:
  case TypeKind::U64:
  case TypeKind::F64: return {8, 8};
  case TypeKind::Str: return {sizeof(StrValue), alignof(StrValue)};
  case TypeKind::Range: return {sizeof(RangeValue), alignof(RangeValue)};
  case TypeKind::Array:
  case TypeKind::Cell: return {sizeof(void *), alignof(void *)};
  case TypeKind::Tuple:
  case TypeKind::Lambda: {
    Layout all = layout_of_elements(type, type->elements.size());
    return {align_up(all.size, all.align), all.align};
  }
  case TypeKind::Error:
  case TypeKind::Never:
  case TypeKind::None:
  case TypeKind::Function:
  case TypeKind::Open: return {0, 1};
  }
  return {0, 1};
}

size_t offset_of(const Type *type, size_t element) {
  return align_up(layout_of_elements(type, element).size, layout_of(type->elements[element]).align);
}

} // namespace kiln
