#pragma once

#include "codegen/type.h"

#include <cstddef>
#include <cstdint>

namespace kiln {

// The one place that says how values lie in memory and in registers. Lowering, the runtime, printing and the host API follow it.
//
//   bool            one byte, 0 or 1 (i1 in registers)
//   i8..f64         themselves
//   str             StrValue: pointer and length; the bytes are followed by a zero byte, or by those of the text that they are a view of; "" may have any pointer
//   range           RangeValue
//   tuple, struct, lambda  a C struct of the elements in order, natural alignment; elements without bits take no room
//   array           a pointer to an ArrayHeader
//   cell            a pointer to the element
//   map             a pointer to an object: a C struct of the fields in map_fields.def; collected memory, never null
//   class           a pointer to an object: a C struct of the fields; collected memory, never null
//   error           a pointer to a CaughtError (jit/runtime/error.h)
//   union           UnionHeader: the place of the alternative, then its value at the next 8 bytes, filled with zeros to the size of
//                   the greatest; of a reference and none: the pointer, null for none
//   dyn             DynValue
//   callable        CallableValue
//   none, function, never: no bits; no argument, no field, no element storage (size 0)

struct StrValue {
  const char *data;
  int64_t length;
};

struct RangeValue {
  int64_t first, last, step; // last is exclusive: elements are first + k * step while before last.
};

struct UnionHeader {
  int64_t alternative; // Its place among the type's.
};

/// `dyn`: the value's type, and the value where it has no more than 8 bytes, else a pointer to it in collected memory.
struct DynValue {
  const Type *type;
  uint64_t bits;
};

/// `fn(T): U`: what to call, as calls between modules do it, and a cell that holds the callable itself, its first argument.
struct CallableValue {
  void *const *entry;
  void *cell;
};

/// What an array value points to; collected memory. Dimensions follow for rank 2 and more.
struct ArrayHeader {
  void *data;
  int64_t length;   // Number of elements, of all dimensions together.
  int64_t capacity; // Elements that `data` has room for; -1: a view, which cannot grow.
  __extension__ int64_t dims[]; // rank entries when rank >= 2; absent for rank 1.
};

/// The fields of the object that a map value points to.
enum class MapField : uint8_t {
#define KILN_MAP_FIELD(name, type) name,
#include "codegen/map_fields.def"
};

struct Layout {
  size_t size;
  size_t align;
};
Layout layout_of(const Type *type);
/// What a Class or Map value points to.
Layout object_layout(const Type *type);
/// What the words of a union (not a nullable reference) are in registers: the tag, then for each word of the alternatives
/// what all of them have there if they fill it, so that a float stays in a float's register; else an integer.
enum class WordKind : uint8_t { Integer, Reference, Float };
std::vector<WordKind> union_words(const Type *type);
/// The type of what a union or dyn in memory holds, and where its value lies.
struct Alternative {
  const Type *type;
  const void *value;
};
Alternative alternative_of(const Type *type, const void *value);
/// Byte offset of an element of a Tuple, Struct or Lambda, or of a field in an object of a Class or Map.
size_t offset_of(const Type *type, size_t part);
/// Bytes of an array's header.
inline size_t header_size(uint32_t rank) { return sizeof(ArrayHeader) + (rank >= 2 ? rank : 0) * sizeof(int64_t); }
/// A field that is an array, of the object that a map value points to.
inline const ArrayHeader *map_array(const Type *type, const void *map, MapField field) {
  auto *bytes = static_cast<const char *>(map);
  return *reinterpret_cast<const ArrayHeader *const *>(bytes + offset_of(type, static_cast<size_t>(field)));
}
/// Exact comparison of contents (`==`) of two values in memory.
bool equal_values(const Type *type, const void *a, const void *b);

} // namespace kiln
