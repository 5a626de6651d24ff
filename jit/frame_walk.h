#pragma once

#include <cstdint>

namespace kiln {

/// The registers that a caller gets back: where a compiled frame is and what it is to restore. x86-64 only.
struct FrameState {
  uintptr_t pc, sp, rbx, rbp, r12, r13, r14, r15;
};

/// Goes from a frame of compiled code to its caller, by the frame tables. `exact`: `pc` was interrupted; else it is a
/// return address. False, with the state unchanged, when the frame is not compiled code or not understood. The C++
/// unwinder takes some 300 ns per frame and pass; this takes few, since recursion meets the same addresses again.
bool step_out(FrameState &frame, bool exact);

struct RuntimeError;

/// Goes out to the last compiled frame before one of the runtime or the host, if that is far: an exception thrown there
/// finds its way in no time. The frames on the way are noted in `error` as collect_addresses() would. False, with
/// nothing changed, when it is near. Compiled frames have no clean-ups, so none is missed.
bool skip_compiled_frames(FrameState &frame, bool exact, RuntimeError &error);

} // namespace kiln
