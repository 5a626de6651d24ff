#pragma once

#include <string>

namespace kiln {

/// What machine code depends on beside the program: this build of Kiln, LLVM's version, and the processor. Empty when the build
/// cannot be told from others, so that nothing may be kept of it.
std::string host_environment();

} // namespace kiln
