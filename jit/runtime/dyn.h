#pragma once

#include "codegen/type.h"

#include <string>

namespace kiln {

/// Set by the engine: the entry cell of what a DynSite does for dyn operands that hold these types. Null with `error` set
/// when it does not take them. `cache` is the site's. Must not throw.
extern void *const *(*kiln_dyn_hook)(void *cache, const Type *const *held, std::string &error);

} // namespace kiln
