#pragma once

#include "repl/options.h"

namespace kiln {

/// `kiln emit`: gives the status to exit with.
int emit_file(const Options &options);

} // namespace kiln
