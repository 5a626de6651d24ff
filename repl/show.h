#pragma once

#include "jit/engine.h"

namespace kiln {

/// How the REPL shows a value, and what a test's `# =>` is compared with: strings quoted, big arrays cut in the middle.
inline constexpr ValueStyle shown_style{.quote_strings = true, .most_elements = 100};

} // namespace kiln
