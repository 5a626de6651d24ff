#pragma once

#include "jit/frame_walk.h"

namespace kiln {

// An error that a signal brings may find the program inside the runtime or libc, which cannot be unwound from anywhere.
// So the return address into compiled code is exchanged for a trap's: when the runtime returns, the trap raises the
// error as if compiled code had been interrupted there. Unwinding through an exchanged address is possible: the trap
// has a frame table.

/// Sets the trap for the innermost compiled frame on the stack of the signal handler that calls this. False when there
/// is none or its return address is not found with certainty. Async-signal-safe.
bool set_return_trap();
/// To be called when the frame of a trap may be gone without returning: the frames below this one are.
void forget_return_trap(const void *frame);

/// The frame table for the trap's own address: for code_map.cpp. Null for any other address.
const void *return_trap_frame(const void *pc);

/// What the trap calls: raises the error that is pending, or returns and the program goes on. `frame` is the compiled
/// frame that was returned to; when it is changed, the error goes on from there. In signals.cpp.
void raise_pending(FrameState &frame);

} // namespace kiln
