#include "jit/runtime/calls.h"
#include "jit/runtime/error.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <vector>

// Shapes of broadcasts, where they are not all the same: aligned at the last dimension, extents equal or 1.

namespace kiln {
namespace {

using Shape = std::span<const int64_t>;

/// Each shape is its rank and then its extents.
std::vector<Shape> read_shapes(const void *words, int64_t count) {
  std::vector<Shape> shapes;
  const auto *next = static_cast<const int64_t *>(words), *end = next + count;
  while (next != end) {
    shapes.emplace_back(next + 1, static_cast<size_t>(*next));
    next += 1 + *next;
  }
  return shapes;
}

std::string to_string(Shape shape) { return fmt::format("({})", fmt::join(shape, ", ")); }

/// The extent in the dimension that is `from_last` before the last; 1 where the shape has none.
int64_t extent(Shape shape, size_t from_last) {
  return from_last < shape.size() ? shape[shape.size() - 1 - from_last] : 1;
}

bool meet(Shape a, Shape b) {
  for (size_t d = 0; d < std::min(a.size(), b.size()); ++d)
    if (extent(a, d) != extent(b, d) && extent(a, d) != 1 && extent(b, d) != 1) return false;
  return true;
}

bool fits_into(Shape shape, Shape target) {
  for (size_t d = 0; d < shape.size(); ++d)
    if (extent(shape, d) != extent(target, d) && extent(shape, d) != 1) return false;
  return true;
}

Shape shape_of(const ArrayHeader *array, const Type *type) {
  return type->rank >= 2 ? Shape(array->dims, type->rank) : Shape(&array->length, 1);
}

} // namespace

namespace calls {

extern "C" V kiln_common_shape(PTR words, I64 count, I64 rank, PTR result) {
  std::vector<Shape> shapes = read_shapes(words, count);
  for (size_t i = 0; i < shapes.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (!meet(shapes[j], shapes[i]))
        throw_failure(fmt::format("shapes {} and {} do not broadcast: from the last dimension on, extents must be equal "
                                  "or 1",
                                  to_string(shapes[j]), to_string(shapes[i])));
  auto *extents = static_cast<int64_t *>(result);
  for (size_t d = 0; d < static_cast<size_t>(rank); ++d) {
    int64_t common = 1;
    for (Shape shape : shapes)
      if (extent(shape, d) != 1) common = extent(shape, d);
    extents[static_cast<size_t>(rank) - 1 - d] = common;
  }
}

extern "C" V kiln_check_shapes(PTR words, I64 count) {
  std::vector<Shape> shapes = read_shapes(words, count);
  for (size_t i = 1; i < shapes.size(); ++i)
    if (!fits_into(shapes[i], shapes[0]))
      throw_failure(fmt::format("shape {} cannot be written into shape {}: from the last dimension on, its extents must "
                                "be the same or 1",
                                to_string(shapes[i]), to_string(shapes[0])));
}

extern "C" PTR kiln_array_apart(PTR target_, TYPE target_type, PTR array_, TYPE type) {
  auto *target = static_cast<ArrayHeader *>(target_), *array = static_cast<ArrayHeader *>(array_);
  Shape into = shape_of(target, target_type), from = shape_of(array, type);
  if (target->data == array->data && std::equal(into.begin(), into.end(), from.begin(), from.end())) return array;
  size_t size = layout_of(type->element()).size;
  auto *a = static_cast<char *>(target->data), *b = static_cast<char *>(array->data);
  bool overlap = a < b + size * static_cast<size_t>(array->length) && b < a + size * static_cast<size_t>(target->length);
  return overlap ? kiln_array_copy(array, type) : array;
}

} // namespace calls
} // namespace kiln
