#include "codegen/layout.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

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

/// A number in memory, exactly: an integer or a float.
struct Number {
  bool is_float, is_u64;
  int64_t integer; // A u64's bits.
  double floating;
};

template <typename T>
Number number_of(const void *value) {
  T number = *static_cast<const T *>(value);
  if constexpr (std::is_floating_point_v<T>)
    return {true, false, 0, number};
  else
    return {false, std::is_same_v<T, uint64_t>, static_cast<int64_t>(number), 0};
}

Number number_at(const Type *type, const void *value) {
  bool is_signed = type->is_signed();
  if (type->is(TypeKind::F64)) return number_of<double>(value);
  if (type->is(TypeKind::F32)) return number_of<float>(value);
  if (type->bits() == 64) return is_signed ? number_of<int64_t>(value) : number_of<uint64_t>(value);
  if (type->bits() == 32) return is_signed ? number_of<int32_t>(value) : number_of<uint32_t>(value);
  if (type->bits() == 16) return is_signed ? number_of<int16_t>(value) : number_of<uint16_t>(value);
  return is_signed ? number_of<int8_t>(value) : number_of<uint8_t>(value);
}

/// Numbers of different types are equal when their values are, exactly.
bool equal_numbers(const Number &a, const Number &b) {
  if (a.is_float && b.is_float) return a.floating == b.floating;
  if (a.is_float) return equal_numbers(b, a);
  if (!b.is_float) return a.integer == b.integer && (a.is_u64 == b.is_u64 || a.integer >= 0);
  double limit = a.is_u64 ? 0x1p64 : 0x1p63;
  if (!(b.floating < limit && b.floating >= (a.is_u64 ? 0.0 : -limit))) return false;
  int64_t whole = a.is_u64 ? static_cast<int64_t>(static_cast<uint64_t>(b.floating)) : static_cast<int64_t>(b.floating);
  double back = a.is_u64 ? static_cast<double>(static_cast<uint64_t>(whole)) : static_cast<double>(whole);
  return back == b.floating && whole == a.integer;
}

bool equal_unions(const Alternative &a, const Alternative &b) {
  if (a.type == b.type) return equal_values(a.type, a.value, b.value);
  return a.type->is_number() && b.type->is_number() && equal_numbers(number_at(a.type, a.value), number_at(b.type, b.value));
}

/// Whether the other map has the entry, whose place and tag are `code` (maps.kn says how): equal keys have equal tags.
bool has_entry(const Type *type, const void *map, int64_t code, const void *key, const void *value) {
  const ArrayHeader *table = map_array(type, map, MapField::table);
  auto *keys = static_cast<const char *>(map_array(type, map, MapField::keys)->data);
  auto *values = static_cast<const char *>(map_array(type, map, MapField::values)->data);
  int64_t mask = table->length - 1;
  for (int64_t at = code >> 32 & mask;; at = (at + 1) & mask) {
    int64_t other = static_cast<const int64_t *>(table->data)[at];
    if (other == 0) return false;
    if (other >> 32 != code >> 32) continue;
    size_t place = static_cast<size_t>(other & 0xffffffff) - 1;
    if (equal_values(type->key(), keys + place * layout_of(type->key()).size, key))
      return equal_values(type->mapped(), values + place * layout_of(type->mapped()).size, value);
  }
}

size_t count_codes(const ArrayHeader *table) {
  auto *codes = static_cast<const int64_t *>(table->data);
  return static_cast<size_t>(std::count_if(codes, codes + table->length, [](int64_t code) { return code > 0; }));
}

/// The same keys with the same values, in whatever order.
bool equal_maps(const Type *type, const void *a, const void *b) {
  const ArrayHeader *table = map_array(type, a, MapField::table);
  if (count_codes(table) != count_codes(map_array(type, b, MapField::table))) return false;
  auto *keys = static_cast<const char *>(map_array(type, a, MapField::keys)->data);
  auto *values = static_cast<const char *>(map_array(type, a, MapField::values)->data);
  for (int64_t i = 0; i < table->length; ++i) {
    int64_t code = static_cast<const int64_t *>(table->data)[i];
    if (code <= 0) continue;
    size_t place = static_cast<size_t>(code & 0xffffffff) - 1;
    if (!has_entry(type, b, code, keys + place * layout_of(type->key()).size, values + place * layout_of(type->mapped()).size))
      return false;
  }
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
  case TypeKind::Map: return equal_maps(type, *static_cast<const void *const *>(a), *static_cast<const void *const *>(b));
  case TypeKind::Class:
  case TypeKind::Cell:
  case TypeKind::Failure: return same<const void *>(a, b);
  case TypeKind::Union:
  case TypeKind::Dyn: return equal_unions(alternative_of(type, a), alternative_of(type, b));
  case TypeKind::Callable:
    return static_cast<const CallableValue *>(a)->entry == static_cast<const CallableValue *>(b)->entry &&
           static_cast<const CallableValue *>(a)->cell == static_cast<const CallableValue *>(b)->cell;
  }
  return false;
}

} // namespace kiln
