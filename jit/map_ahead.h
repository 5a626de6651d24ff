#pragma once

namespace kiln {

/// Maps at once the memory that LLVM's first module touches, in a program that holds LLVM: its code, its static data, and room
/// on the heap. One by one it would be more than a thousand page faults, each of which costs half a microsecond on a bare
/// machine and up to twenty in a virtual one.
void map_ahead();

} // namespace kiln
