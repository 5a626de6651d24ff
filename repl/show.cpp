#include "repl/show.h"

#include "codegen/layout.h"
#include "codegen/type.h"

#include <fmt/format.h>

namespace kiln {

namespace {

constexpr ValueStyle style{.quote_strings = true, .most_elements = 100};

} // namespace

std::string shown(Value value) { return to_text(value, style); }

std::string size_note(Value value) {
  if (!value.type || !value.type->is_array()) return {};
  const auto &array = **static_cast<const ArrayHeader *const *>(value.data);
  const uint32_t rank = value.type->rank;
  const int64_t *dims = rank == 1 ? &array.length : array.dims;
  int64_t count = dims[0];
  std::string sizes = std::to_string(dims[0]);
  for (uint32_t d = 1; d < rank; ++d) {
    count *= dims[d];
    sizes += fmt::format(" x {}", dims[d]);
  }
  return static_cast<size_t>(count) <= style.most_elements ? std::string() : sizes + " elements";
}

} // namespace kiln
