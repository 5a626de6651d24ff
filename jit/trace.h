#pragma once

#include "jit/engine.h"

namespace kiln {

/// Whether a place is in the part of the library that is written in Kiln.
bool is_library(Span place, const Sources &sources);

/// Where people look for an error's cause: the innermost known place that is not in the library. Unknown when there is none.
Span place_of(std::span<const Frame> trace, const Sources &sources);

/// A text for each frame, those of a recursion counted: `fib(i64) at fib.kn:2 (12 times)`.
std::vector<std::string> trace_lines(std::span<const Frame> trace, size_t omitted, const Sources &sources);

} // namespace kiln
