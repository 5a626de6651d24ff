#pragma once

#include "codegen/layout.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace kiln {

/// How a value is shown.
struct ShowOptions {
  bool quote = false; // A str at the top is quoted, as the REPL shows it. Inside containers it always is.
  size_t max_elements =
      static_cast<size_t>(-1); // A bigger array is cut in the middle: `[0, 1, ..., 98, 99]`.
};

/// Appends the value in memory at `value` as `print` shows it.
void append_value(std::string &out, const Type *type, const void *value, const ShowOptions &options = {});
/// As a Kiln string literal that reads back equal.
void append_quoted(std::string &out, std::string_view text);

} // namespace kiln
