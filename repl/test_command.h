#pragma once

#include "repl/options.h"

namespace kiln {

/// `kiln test`: runs the files statement by statement, compares with the comments beside them, prints a report whose
/// last line is `N passed, N failed`. Gives the status to exit with.
int test_files(const Options &options);

} // namespace kiln
