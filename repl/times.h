#pragma once

#include "jit/engine.h"

namespace kiln {

/// What was added from one reading to a later one.
PhaseTimes since(const PhaseTimes &before, PhaseTimes after);
/// The table of `--time` and `:time`: a row for each phase with its time, its share and what it counted.
std::string times_table(const PhaseTimes &times);
/// The same, to stderr.
void print_times(const PhaseTimes &times);

} // namespace kiln
