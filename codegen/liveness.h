#pragma once

#include "codegen/kir.h"

#include <vector>

namespace kiln {

/// What must be known to go on from the start of a block of typed KIR: its parameters, then the values made before it that it
/// or what follows it uses, by id. Constants and values without bits are not among them.
std::vector<const Inst *> live_at(const KirFunction &function, const Block &block);

/// By block id: whether a block can be reached from this one (itself included).
std::vector<bool> reachable_from(const KirFunction &function, const Block &block);

} // namespace kiln
