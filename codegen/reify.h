#pragma once

#include "codegen/infer.h"

namespace kiln {

/// The typed copy of an inferred body: conversions explicit, every call bound, constants folded, branches that are never taken
/// gone. The specialisation must be Done.
std::unique_ptr<KirFunction> reify(Inference &inference, Specialisation &specialisation);

} // namespace kiln
