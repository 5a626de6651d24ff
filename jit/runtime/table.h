#pragma once

#include <string_view>

namespace kiln {

/// The address of a function that compiled code may call: one of codegen/runtime.def or codegen/math.def, or what LLVM
/// itself makes calls to (memcpy, floor, ...). Null when there is none of that name.
void *runtime_address(std::string_view symbol);

} // namespace kiln
