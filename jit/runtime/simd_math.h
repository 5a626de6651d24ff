#pragma once

#include <string_view>

namespace kiln {

/// Whether SLEEF's shared library is there. Loads it when first asked: it costs nothing where no function of it is called.
bool has_simd_math();
/// The address of a function of SLEEF; null when it has none of the name.
void *simd_math_address(std::string_view symbol);

} // namespace kiln
