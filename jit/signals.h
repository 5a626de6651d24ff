#pragma once

#include <cstddef>

namespace kiln {

// Ctrl-C, stack overflow and the like, at no cost to compiled loops (architecture decision 10).

/// Installs the handlers for SIGINT and SIGSEGV on an alternate stack, once per process. SIGINT that finds Kiln code running throws
/// RuntimeError (Interrupt) from it; anywhere else it is remembered, and a short timer tries again until it lands in Kiln code.
/// SIGSEGV on the stack's guard throws StackOverflow; any other is passed on to the default action.
void install_signal_handlers();

/// Between these, compiled code may be running and SIGINT is Kiln's; outside, an interrupt only sets the flag.
class RunningKiln {
public:
  RunningKiln();
  ~RunningKiln();
  RunningKiln(const RunningKiln &) = delete;
  RunningKiln &operator=(const RunningKiln &) = delete;
  /// Whether there is one.
  static bool any();
};

/// Whether SIGINT came since last asked; clears it. For the REPL's line editor and long runtime loops.
bool take_interrupt();

/// Closes the stack's reserve zone again after a caught stack overflow. Leaving RunningKiln does it; a `try` in Kiln must.
void rearm_stack_guard();

/// Runs `body` on a stack of its own of `bytes` (mapped once, with a guard page and, below it, a reserve zone for the runtime's
/// own frames), so that recursion has a known depth, and makes it the collector's main stack. Returns when the body does.
/// Exceptions must not leave it.
void run_on_own_stack(void (*body)(void *), void *argument, size_t bytes);

/// Runs `body` on the compile stack: LLVM is deep, and the user's recursion may have eaten the stack. Interrupts wait. Must not throw.
void run_on_compile_stack(void (*body)(void *), void *argument);

} // namespace kiln
