#pragma once

#include "codegen/layout.h"

#include <string>

namespace kiln {

/// How many elements a range has, at most the largest i64.
int64_t range_length(RangeValue range);
/// As written: `0..5`, `0..10 by 2`.
std::string to_string(RangeValue range);
/// The number of elements that the range selects of `length` ones. Fails unless all exist.
/// `what` and `unit` name them in the message: "an array" of 5, "a str" of 5 " bytes".
int64_t check_slice(RangeValue range, int64_t length, const char *what, const char *unit);

} // namespace kiln
