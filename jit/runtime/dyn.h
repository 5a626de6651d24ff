#pragma once

#include "codegen/layout.h"

#include <string>
#include <string_view>

namespace kiln {

/// A value in memory as a dyn.
DynValue make_dyn(const Type *type, const void *value);

/// Set by the engine: runs a text as statements of the top level and gives the value of its last one. Throws RuntimeError.
extern DynValue (*kiln_eval_hook)(std::string_view text);
/// Set by the engine: the entry cell of what a DynSite does for dyn operands that hold these types. Null with `error` set
/// when it does not take them. `cache` is the site's. Must not throw.
extern void *const *(*kiln_dyn_hook)(void *cache, const Type *const *held, std::string &error);

} // namespace kiln
