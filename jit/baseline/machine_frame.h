#pragma once

#include "jit/interpreter/interpreter.h"

namespace kiln {

/// What passes between the interpreter and baseline code. The layout is known to machine_frame.S.
struct MachineState {
  const void *target;  // In: where to go on.
  const Word *ip;      // Out: the instruction that the interpreter is to go on with...
  Slot *fp;            // In and out: ...the frame...
  int64_t budget;      // ...and what is left of it.
  uint64_t value;      // In: what a call returned, if the target is behind one.
  Activation *activation;
  const Slot *limit;   // Of the stack of values.
};

extern "C" {
/// Runs baseline code until it meets what the interpreter must do.
void kiln_enter_machine_code(MachineState *state);
/// Not to be called: where baseline code jumps to with an instruction's address in rax...
void kiln_leave_machine_code();
/// ...and where a callee that the interpreter called returns to, with the result in rax and the call in rdx.
void kiln_return_to_interpreter();
}

/// In a frame's header, of a call that the interpreter made.
inline const void *const interpreted_caller = reinterpret_cast<const void *>(&kiln_return_to_interpreter);

/// The unwind table's record for baseline code: all of it runs in the native frame of kiln_enter_machine_code. Null for
/// any other address.
const void *machine_frame_record(const void *pc);

} // namespace kiln
