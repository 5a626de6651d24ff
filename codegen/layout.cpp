#include "codegen/layout.h"

#include <algorithm>

namespace kiln {

namespace {

size_t align_up(size_t offset, size_t align) { return (offset + align - 1) / align * align; }

Layout layout_of_parts(const Type *type, size_t count) {
  Layout all{0, 1};
  for (size_t i = 0; i < count; ++i) {
    Layout element = layout_of(type->parts()[i]);
    all.size = align_up(all.size, element.align) + element.size;
    all.align = std::max(all.align, element.align);
  }
  return all;
}

Layout layout_of_whole(const Type *type) {
  Layout all = layout_of_parts(type, type->parts().size());
  return {align_up(all.size, all.align), all.align};
}

Layout layout_of_union(const Type *type) {
  if (type->is_nullable_reference()) return layout_of(type->elements[0]);
  size_t greatest = 0;
  for (const Type *alternative : type->elements) greatest = std::max(greatest, layout_of(alternative).size);
  return {sizeof(UnionHeader) + align_up(greatest, alignof(UnionHeader)), alignof(UnionHeader)};
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
  case TypeKind::Class:
  case TypeKind::Map:
  case TypeKind::Cell:
  case TypeKind::Failure: return {sizeof(void *), alignof(void *)};
  case TypeKind::Callable: return {sizeof(CallableValue), alignof(CallableValue)};
  case TypeKind::Dyn: return {sizeof(DynValue), alignof(DynValue)};
  case TypeKind::Union: return layout_of_union(type);
  case TypeKind::Tuple:
  case TypeKind::Struct:
  case TypeKind::Lambda: return layout_of_whole(type);
  case TypeKind::Error:
  case TypeKind::Never:
  case TypeKind::None:
  case TypeKind::Function:
  case TypeKind::Family:
  case TypeKind::Open: return {0, 1};
  }
  return {0, 1};
}

Layout object_layout(const Type *type) { return layout_of_whole(type); }

namespace {

/// Calls `visit` with the place in bytes and the kind of each word or part of one.
template <typename Visit>
void each_word(const Type *type, size_t offset, Visit visit) {
  if (type->is_empty()) return;
  if (type->is_record() || type->is(TypeKind::Lambda)) {
    for (size_t i = 0; i < type->elements.size(); ++i) each_word(type->elements[i], offset + offset_of(type, i), visit);
    return;
  }
  if (type->is_union() && !type->is_nullable_reference()) {
    for (WordKind kind : union_words(type)) visit(offset, kind), offset += sizeof(int64_t);
    return;
  }
  auto first = WordKind::Integer;
  if (type->is(TypeKind::F64)) first = WordKind::Float;
  if (!type->is_scalar() && !type->is(TypeKind::Range)) first = WordKind::Reference;
  visit(offset, first);
  auto rest = type->is(TypeKind::Callable) ? WordKind::Reference : WordKind::Integer; // Of a str, range, dyn or callable.
  for (size_t at = sizeof(int64_t); at < layout_of(type).size; at += sizeof(int64_t)) visit(offset + at, rest);
}

} // namespace

std::vector<WordKind> union_words(const Type *type) {
  std::vector<std::optional<WordKind>> words(layout_of(type).size / sizeof(int64_t));
  words[0] = WordKind::Integer;
  for (const Type *alternative : type->elements)
    each_word(alternative, sizeof(UnionHeader), [&](size_t offset, WordKind kind) {
      auto &word = words[offset / sizeof(int64_t)];
      word = !word || word == kind ? kind : WordKind::Integer;
    });
  std::vector<WordKind> result;
  for (auto word : words) result.push_back(word.value_or(WordKind::Integer));
  return result;
}

Alternative alternative_of(const Type *type, const void *value) {
  if (type->is(TypeKind::Dyn)) {
    auto *held = static_cast<const DynValue *>(value);
    bool inside = layout_of(held->type).size <= sizeof held->bits;
    return {held->type, inside ? static_cast<const void *>(&held->bits) : reinterpret_cast<const void *>(held->bits)};
  }
  if (type->is_nullable_reference()) {
    bool is_none = *static_cast<const void *const *>(value) == nullptr;
    return {type->elements[is_none ? 1 : 0], value};
  }
  auto *header = static_cast<const UnionHeader *>(value);
  return {type->elements[static_cast<size_t>(header->alternative)], header + 1};
}

size_t offset_of(const Type *type, size_t part) {
  return align_up(layout_of_parts(type, part).size, layout_of(type->parts()[part]).align);
}

} // namespace kiln
