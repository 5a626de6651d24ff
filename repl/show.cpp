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
  if (static_cast<size_t>(rank == 1 ? array.length : array.dims[0]) <= style.most_elements) return {};
  std::string sizes = std::to_string(rank == 1 ? array.length : array.dims[0]);
  for (uint32_t d = 1; d < rank; ++d) sizes += fmt::format(" x {}", array.dims[d]);
  return sizes + " elements";
}

} // namespace kiln
