#pragma once

namespace kiln {

/// Maps at once the memory that LLVM's first module touches, in a program that holds LLVM: its code, its static data, and room
/// on the heap. One by one it would be more than a thousand page faults, each of which costs half a microsecond on a bare
/// machine and up to twenty in a virtual one.
void map_ahead();

/// Has the heap lie in large pages from here on, where the system gives them to those who ask. For a program to call when it
/// begins...
void keep_heap_in_large_pages();
/// ...and now and then where much is allocated, such as before each function that is built: asks for what the heap has grown by.
void extend_large_pages();

} // namespace kiln
