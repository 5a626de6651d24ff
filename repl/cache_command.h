#pragma once

#include "repl/options.h"

namespace kiln {

/// `kiln cache`: where machine code is kept, and how much; or clears it. The status to exit with.
int show_cache(const Options &options);

} // namespace kiln
