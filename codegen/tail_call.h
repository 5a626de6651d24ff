#pragma once

#include "codegen/specialisation.h"

namespace kiln {

/// Whether an instruction is a call of the function by itself, maybe for other constants, as its last act: a jump.
/// Programs for an interpreter with a `const` program become such chains, and their loops are loops. (Backtraces show
/// every other caller.)
bool is_jump(const Specialisation &specialisation, const Block &block, const Inst &inst);

} // namespace kiln
