#pragma once

#include "codegen/kir.h"
#include "lang/diagnostics.h"

namespace kiln {

/// Parses and verifies the body of an `llvm` function and reports what LLVM finds wrong with it, at its line. False when
/// there was something.
bool check_ir_body(const ExternFunction &function, const Sources &sources, Diagnostics &diagnostics);

} // namespace kiln
