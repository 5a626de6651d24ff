#pragma once

#include "codegen/type.h"

#include <cstddef>
#include <cstdint>

namespace kiln {

// The one place that says how values lie in memory and in registers. Lowering, the runtime, printing and the host API follow it.
//
//   bool            one byte, 0 or 1 (i1 in registers)
//   i8..f64         themselves
//   str             StrValue: pointer and length; the bytes are followed by a zero byte when Kiln made them; "" may have any pointer
//   range           RangeValue
//   tuple, struct, lambda  a C struct of the elements in order, natural alignment; elements without bits take no room
//   array           a pointer to an ArrayHeader
//   cell            a pointer to the element
//   class           a pointer to an object: a C struct of the fields; collected memory, never null
//   error           a pointer to a CaughtError (jit/runtime/error.h)
//   none, function, never: no bits; no argument, no field, no element storage (size 0)

struct StrValue {
  const char *data;
  int64_t length;
};

struct RangeValue {
  int64_t first, last, step; // last is exclusive: elements are first + k * step while before last.
};

/// What an array value points to; collected memory. Dimensions follow for rank 2 and more.
struct ArrayHeader {
  void *data;
  int64_t length;   // Number of elements, of all dimensions together.
  int64_t capacity; // Elements that `data` has room for; -1: a view, which cannot grow.
  __extension__ int64_t dims[]; // rank entries when rank >= 2; absent for rank 1.
};

struct Layout {
  size_t size;
  size_t align;
};
Layout layout_of(const Type *type);
/// What a Class value points to.
Layout object_layout(const Type *type);
/// Byte offset of an element of a Tuple, Struct or Lambda, or of a field in an object of a Class.
size_t offset_of(const Type *type, size_t part);
/// Bytes of an array's header.
inline size_t header_size(uint32_t rank) { return sizeof(ArrayHeader) + (rank >= 2 ? rank : 0) * sizeof(int64_t); }
/// Exact comparison of contents (`==`) of two values in memory.
bool equal_values(const Type *type, const void *a, const void *b);

} // namespace kiln
