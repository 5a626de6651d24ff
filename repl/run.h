#pragma once

#include "jit/engine.h"
#include "repl/options.h"

namespace kiln {

// Running what the command line names, and telling how it ended. The functions give the status to exit with.

int run_file(const Options &options);
int run_text(const Options &options);  // -e
int run_stdin(const Options &options); // The REPL without a terminal: a script.
int check_file(const Options &options);

/// Writes an outcome's diagnostics and run-time error to stderr.
void report(const Outcome &outcome, const Sources &sources, RenderStyle style);

/// The program's status for an outcome: 0, 1, 130 after Ctrl-C, or what the program asked for.
int exit_status(const Outcome &outcome);

} // namespace kiln
