#pragma once

#include "jit/engine.h"

namespace kiln {

/// A value as the REPL shows it, and what a test's `# =>` is compared with: strings quoted, big arrays cut in the
/// middle.
std::string shown(Value value);

/// The size of an array that shown() cuts: `100000 elements`, `1000 x 200 elements`. Empty for all else.
std::string size_note(Value value);

} // namespace kiln
