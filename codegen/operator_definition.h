#pragma once

#include "codegen/type.h"
#include "lang/ast.h"
#include "lang/diagnostics.h"

#include <span>

namespace kiln {

/// Reports a definition of an operator that no use of it could mean: with a wrong number of operands, or for types for
/// which the language has the operator. `params`: what the annotations name, null where there is none.
void check_operator(const Ident &name, std::span<const Type *const> params, TypeTable &types, Diagnostics &diagnostics);

} // namespace kiln
