#pragma once

namespace kiln {

struct NativeCall;

/// What an entry cell points to before its specialisation is compiled. Compiled code jumps here with the cell's address in the
/// `nest` register (r10) and the callee's arguments in place. All registers that may hold one are saved as a NativeCall, for which
/// the hook is called. Written in assembly (lazy_entry.S).
extern "C" void kiln_lazy_entry();

/// Set by the engine. Gives the code to go on with, which gets the arguments as they were; or null when the call has been done, and
/// the NativeCall says what it returns. May throw RuntimeError.
extern "C" void *(*kiln_lazy_call_hook)(NativeCall &call);

} // namespace kiln
