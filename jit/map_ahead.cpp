#include "jit/map_ahead.h"

#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <malloc.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_READ // Linux 5.14; older kernels refuse, and nothing is lost.
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

extern "C" const char __executable_start, etext, __bss_start, end; // The linker's.

namespace kiln {

namespace {

constexpr uintptr_t page = 4096;
constexpr int heap_bytes = 4 << 20;
constexpr int default_mmap_threshold = 128 << 10;

void populate(const void *first, const void *last, int how) {
  uintptr_t begin = reinterpret_cast<uintptr_t>(first) & ~(page - 1);
  madvise(reinterpret_cast<void *>(begin), ((reinterpret_cast<uintptr_t>(last) + page - 1) & ~(page - 1)) - begin, how);
}

/// The heap grows by whole steps, keeps them, and has its next one now.
void grow_heap() {
  mallopt(M_TOP_PAD, heap_bytes);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_MMAP_THRESHOLD, 2 * heap_bytes); // Room for one block of a step is taken from the heap itself.
  if (void *step = malloc(heap_bytes)) {
    populate(step, static_cast<char *>(step) + heap_bytes, MADV_POPULATE_WRITE);
    free(step);
  }
  mallopt(M_MMAP_THRESHOLD, default_mmap_threshold);
}

} // namespace

void map_ahead() {
  populate(&__executable_start, &etext, MADV_POPULATE_READ);
  populate(&__bss_start, &end, MADV_POPULATE_WRITE);
  grow_heap();
}

} // namespace kiln
