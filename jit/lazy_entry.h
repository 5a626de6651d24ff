#pragma once

namespace kiln {

/// What an entry cell points to before its specialisation is compiled. Compiled code jumps here with the cell's address in the
/// `nest` register (r10) and the callee's arguments in place; it saves all argument registers, calls kiln_materialize(cell)
/// (on the compile stack), restores them, and jumps to the address that returns. Written in assembly (lazy_entry.S).
extern "C" void kiln_lazy_entry();

/// Set by the engine: compiles the specialisation whose entry cell this is, stores the code's address into the cell and returns
/// it. On failure it returns the address of a function that raises the error. Never throws.
extern "C" void *(*kiln_materialize_hook)(void **cell);

} // namespace kiln
