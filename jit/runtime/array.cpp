#include "jit/runtime/array.h"

#include "jit/runtime/calls.h"
#include "jit/runtime/collector.h"
#include "jit/runtime/error.h"
#include "lang/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace kiln {
namespace {

ArrayHeader *new_header(uint32_t rank) { return static_cast<ArrayHeader *>(allocate(header_size(rank), true)); }

std::string shape_text(const int64_t *dims, uint32_t rank) {
  return fmt::format("({})", fmt::join(dims, dims + rank, ", "));
}

/// The number of elements of the dimensions. Fails on a negative one and on products that no memory holds.
int64_t product(const int64_t *dims, uint32_t rank) {
  if (const int64_t *negative = std::find_if(dims, dims + rank, [](int64_t d) { return d < 0; });
      negative != dims + rank)
    calls::kiln_fail_dimension(*negative);
  if (std::find(dims, dims + rank, 0) != dims + rank) return 0;
  int64_t count = 1;
  for (uint32_t d = 0; d < rank; ++d)
    if (__builtin_mul_overflow(count, dims[d], &count))
      throw_error(RuntimeError::OutOfMemory,
                  fmt::format("out of memory: no room for an array of shape {}", shape_text(dims, rank)));
  return count;
}

ArrayHeader *with_dimensions(const Type *type, const int64_t *dims, int64_t capacity, int64_t length) {
  ArrayHeader *array = new_header(type->rank);
  array->data = allocate_elements(type->element(), static_cast<uint64_t>(capacity));
  array->length = length;
  array->capacity = capacity;
  if (type->rank >= 2) std::copy_n(dims, type->rank, array->dims);
  return array;
}

char *element_at(const ArrayHeader *array, size_t size, int64_t index) {
  return static_cast<char *>(array->data) + size * static_cast<size_t>(index);
}

/// A header that shares elements of another array from `first` on.
ArrayHeader *share(const ArrayHeader *array, const Type *element, uint32_t rank, int64_t first, int64_t length) {
  ArrayHeader *view = new_header(rank);
  view->data = element_at(array, layout_of(element).size, first);
  view->length = length;
  view->capacity = -1;
  return view;
}

} // namespace

int64_t range_length(RangeValue range) {
  // Unsigned arithmetic: the distance may exceed i64, the number of elements then too; both are far beyond any array.
  auto first = static_cast<uint64_t>(range.first), last = static_cast<uint64_t>(range.last),
       step = static_cast<uint64_t>(range.step);
  uint64_t count = 0;
  if (range.step > 0 && range.first < range.last)
    count = (last - first - 1) / step + 1;
  else if (range.step < 0 && range.first > range.last)
    count = (first - last - 1) / (0 - step) + 1;
  return static_cast<int64_t>(std::min<uint64_t>(count, std::numeric_limits<int64_t>::max()));
}

int64_t check_slice(RangeValue range, int64_t length, const char *what, const char *unit) {
  int64_t count = range_length(range);
  // All elements lie between the first and the last; an empty range must start at an element or right behind the last
  // one.
  bool fits = range.first >= 0 && range.first <= length;
  if (count > 0) {
    int64_t end = 0;
    fits = range.first >= 0 && range.first < length && !__builtin_mul_overflow(count - 1, range.step, &end) &&
           !__builtin_add_overflow(range.first, end, &end) && end >= 0 && end < length;
  }
  if (!fits)
    throw_failure(fmt::format("range {} is out of range for {} of {}{}", to_string(range), what, length, unit));
  return count;
}

std::string to_string(RangeValue range) {
  return range.step == 1 ? fmt::format("{}..{}", range.first, range.last)
                         : fmt::format("{}..{} by {}", range.first, range.last, range.step);
}

namespace calls {

extern "C" PTR kiln_array_new(TYPE type, PTR dimensions) {
  auto *dims = static_cast<const int64_t *>(dimensions);
  int64_t count = product(dims, type->rank);
  ArrayHeader *array = with_dimensions(type, dims, count, count);
  if (array->data && !type->element()->has_references())
    std::memset(array->data, 0, layout_of(type->element()).size * static_cast<size_t>(count));
  return array;
}

extern "C" PTR kiln_array_reserve(TYPE type, PTR dimensions) {
  auto *dims = static_cast<const int64_t *>(dimensions);
  return with_dimensions(type, dims, product(dims, type->rank), 0);
}

extern "C" V kiln_array_finish(PTR array_, TYPE type, PTR dimensions) {
  auto *array = static_cast<ArrayHeader *>(array_);
  auto *dims = static_cast<const int64_t *>(dimensions);
  if (type->rank < 2) return;
  if (array->length != product(dims, type->rank))
    throw_failure(fmt::format("the comprehension made {}, not as many as its shape {} holds",
                              counted(static_cast<uint64_t>(array->length), "element"),
                              shape_text(dims, type->rank)));
  std::copy_n(dims, type->rank, array->dims);
}

extern "C" V kiln_array_grow(PTR array_, TYPE type) {
  auto *array = static_cast<ArrayHeader *>(array_);
  if (array->capacity < 0) throw_failure("cannot push to a view: it shares the elements of another array");
  if (array->length < array->capacity) return;
  int64_t capacity = std::max<int64_t>(4, array->capacity);
  if (array->capacity > 0 && __builtin_mul_overflow(array->capacity, 2, &capacity))
    capacity = std::numeric_limits<int64_t>::max();
  // The old elements stay where they are: views may share them.
  void *data = allocate_elements(type->element(), static_cast<uint64_t>(capacity));
  if (data && array->length > 0)
    std::memcpy(data, array->data, layout_of(type->element()).size * static_cast<size_t>(array->length));
  array->data = data;
  array->capacity = capacity;
}

extern "C" PTR kiln_array_copy(PTR array_, TYPE type) {
  auto *array = static_cast<ArrayHeader *>(array_);
  ArrayHeader *copy = with_dimensions(type, array->dims, array->length, array->length);
  if (copy->data)
    std::memcpy(copy->data, array->data, layout_of(type->element()).size * static_cast<size_t>(array->length));
  return copy;
}

extern "C" PTR kiln_array_slice(PTR array_, TYPE type, I64 first, I64 last, I64 step) {
  auto *array = static_cast<ArrayHeader *>(array_);
  int64_t count = check_slice({first, last, step}, array->length, "an array", "");
  ArrayHeader *copy = with_dimensions(type, nullptr, count, count);
  size_t size = layout_of(type->element()).size;
  if (!copy->data) return copy;
  if (step == 1)
    std::memcpy(copy->data, element_at(array, size, first), size * static_cast<size_t>(count));
  else
    for (int64_t k = 0; k < count; ++k)
      std::memcpy(element_at(copy, size, k), element_at(array, size, first + k * step), size);
  return copy;
}

extern "C" PTR kiln_array_view(PTR array_, TYPE type, I64 first, I64 last, I64 step) {
  auto *array = static_cast<ArrayHeader *>(array_);
  int64_t extent = type->rank >= 2 ? array->dims[0] : array->length;
  int64_t count = check_slice({first, last, step}, extent, type->rank >= 2 ? "dimension 0" : "an array", "");
  if (step != 1 && count > 1)
    throw_failure(fmt::format("a view needs a range with step 1, not {}", to_string(RangeValue{first, last, step})));
  int64_t row = 1;
  for (uint32_t d = 1; d < type->rank; ++d) row *= array->dims[d];
  ArrayHeader *view = share(array, type->element(), type->rank, first * row, count * row);
  if (type->rank >= 2) {
    view->dims[0] = count;
    std::copy_n(array->dims + 1, type->rank - 1, view->dims + 1);
  }
  return view;
}

extern "C" PTR kiln_array_view_row(PTR array_, TYPE type, I64 index) {
  auto *array = static_cast<ArrayHeader *>(array_);
  if (index < 0 || index >= array->dims[0]) kiln_fail_index(index, array->dims[0], 0);
  int64_t row = 1;
  for (uint32_t d = 1; d < type->rank; ++d) row *= array->dims[d];
  ArrayHeader *view = share(array, type->element(), type->rank - 1, index * row, row);
  if (type->rank >= 3) std::copy_n(array->dims + 1, type->rank - 1, view->dims);
  return view;
}

extern "C" I1 kiln_equal(TYPE type, PTR a, PTR b) { return equal_values(type, a, b); }

} // namespace calls
} // namespace kiln
