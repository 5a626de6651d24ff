#include "codegen/layout.h"

#include <cstring>

namespace kiln {
namespace {

template <typename T>
bool same(const void *a, const void *b) {
  return *static_cast<const T *>(a) == *static_cast<const T *>(b);
}

/// Whether equal values are equal bytes, so that whole arrays compare at once. Not floats: -0.0 == 0.0, nan != nan.
bool is_bitwise(const Type *type) { return type->is(TypeKind::Bool) || type->is_integer(); }

bool equal_arrays(const Type *type, const ArrayHeader *a, const ArrayHeader *b) {
  if (a == b && is_bitwise(type->element())) return true;
  if (a->length != b->length) return false;
  if (type->rank >= 2 && std::memcmp(a->dims, b->dims, type->rank * sizeof(int64_t)) != 0) return false;
  const Type *element = type->element();
  size_t size = layout_of(element).size;
  auto count = static_cast<size_t>(a->length);
  if (count == 0 || size == 0) return true;
  if (is_bitwise(element)) return std::memcmp(a->data, b->data, size * count) == 0;
  const char *left = static_cast<const char *>(a->data), *right = static_cast<const char *>(b->data);
  for (size_t i = 0; i < count; ++i)
    if (!equal_values(element, left + i * size, right + i * size)) return false;
  return true;
}

} // namespace

bool equal_values(const Type *type, const void *a, const void *b) {
  switch (type->kind) {
  case TypeKind::Error:
  case TypeKind::Never:
  case TypeKind::None:
  case TypeKind::Function:
  case TypeKind::Family:
  case TypeKind::Open: return true;
  case TypeKind::Bool:
  case TypeKind::I8:
  case TypeKind::U8: return same<uint8_t>(a, b);
  case TypeKind::I16:
  case TypeKind::U16: return same<uint16_t>(a, b);
  case TypeKind::I32:
  case TypeKind::U32: return same<uint32_t>(a, b);
  case TypeKind::I64:
  case TypeKind::U64: return same<uint64_t>(a, b);
  case TypeKind::F32: return same<float>(a, b);
  case TypeKind::F64: return same<double>(a, b);
  case TypeKind::Str: {
    auto *left = static_cast<const StrValue *>(a), *right = static_cast<const StrValue *>(b);
    return left->length == right->length &&
           (left->length == 0 || std::memcmp(left->data, right->data, static_cast<size_t>(left->length)) == 0);
  }
  case TypeKind::Range: {
    auto *left = static_cast<const RangeValue *>(a), *right = static_cast<const RangeValue *>(b);
    return left->first == right->first && left->last == right->last && left->step == right->step;
  }
  case TypeKind::Tuple:
  case TypeKind::Struct:
  case TypeKind::Lambda:
    for (size_t i = 0; i < type->elements.size(); ++i) {
      size_t offset = offset_of(type, i);
      if (!equal_values(type->elements[i], static_cast<const char *>(a) + offset,
                        static_cast<const char *>(b) + offset))
        return false;
    }
    return true;
  case TypeKind::Array:
    return equal_arrays(type, *static_cast<const ArrayHeader *const *>(a), *static_cast<const ArrayHeader *const *>(b));
  case TypeKind::Class:
  case TypeKind::Cell:
  case TypeKind::Failure: return same<const void *>(a, b);
  }
  return false;
}

} // namespace kiln
