#pragma once

#include "codegen/type.h"

#include <cstddef>
#include <cstdint>

namespace kiln {

// Collected memory: Boehm-Demers-Weiser, one mutator thread. It scans the stack, and what make_root() gave; no static
// data, neither LLVM's nor ours, so a reference kept in a C++ variable with static storage does not keep anything
// alive.

/// Starts the collector, once per process, on the program's thread; whoever first allocates what may hold references does, or
/// more than a little. The heap may grow to `default_memory_limit()`, unless another limit was set.
void start_collector();

/// 80 % of the memory of the machine, or of the control group when that has less; no more than half of the address space
/// that is left where that is limited.
uint64_t default_memory_limit();
/// Beyond this many bytes of heap, allocation is a RuntimeError (OutOfMemory).
void set_memory_limit(uint64_t bytes);

/// Zeroed memory that the collector scans and never frees: for top-level variables. Free with free_root.
void *make_root(size_t bytes);
void free_root(void *root);

/// A stack of values that is scanned, up to where it ends at the moment. One in the process.
struct ScannedStack {
  const void *begin = nullptr;
  const void *(*end)() = nullptr;
};
void scan_also(ScannedStack stack);

/// Zeroed when it may hold references, else not. Never null: throws OutOfMemory.
void *allocate(size_t bytes, bool has_references);
/// The same for what may hold references, without starting the collector if it can be done: what does so is kept for ever.
void *allocate_first(size_t bytes);
/// The same for `count` elements of an element type; the product is checked. Null when it takes no bytes.
void *allocate_elements(const Type *element, uint64_t count);
/// How many collections there have been: as long as it is the same, what was allocated is there, referred to or not.
uint64_t collections();

} // namespace kiln
