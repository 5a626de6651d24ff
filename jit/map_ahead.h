#pragma once

namespace kiln {

/// Maps at once the memory that compiling touches anyway: LLVM's code, and room on the heap. A small program would take a
/// thousand page faults for it one by one, each of which costs up to 20 microseconds in a virtual machine.
void map_ahead();

} // namespace kiln
