#pragma once

#include <string>

namespace kiln {

/// Bytes that tell this processor from others that machine code is made differently for. Where the C library knows it, no CPUID
/// instruction is executed: in a virtual machine, each takes microseconds.
std::string processor_identity();

/// Whether it multiplies and adds in one instruction (x86's FMA with AVX2).
bool processor_has_fma();

} // namespace kiln
