#pragma once

#include "jit/interpreter/bytecode.h"

namespace kiln {

/// The C++ function that does an operation of typed KIR for which there is no instruction of its own. Null for what the
/// assembler must write itself (calls), and for what only compiled code can do.
Invocation::Handler handler_of(const Inst &inst);

// By subject; null for other operations.
Invocation::Handler value_handler(const Inst &inst);
Invocation::Handler array_handler(const Inst &inst);
Invocation::Handler text_handler(const Inst &inst);

inline Slot *operand(Slot *frame, const Invocation &at, size_t i) { return frame + at.args[i]; }
inline Slot *result(Slot *frame, const Invocation &at) { return frame + at.result; }
inline const Type *operand_type(const Invocation &at, size_t i) { return at.inst->args[i]->type; }

} // namespace kiln
