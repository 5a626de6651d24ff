// Maps at once, before LLVM's static constructors run, the memory that nearly every run touches: LLVM's code, its static
// data, and room on the heap. A small program would take more than a thousand page faults for it one by one, each of which
// costs half a microsecond on a bare machine and up to twenty in a virtual one.

#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(KILN_STATIC_LLVM) && !defined(__SANITIZE_ADDRESS__)

#ifndef MADV_POPULATE_READ // Linux 5.14; older kernels refuse, and nothing is lost.
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

extern "C" const char __executable_start, etext, __bss_start, end; // The linker's.

namespace {

constexpr uintptr_t page = 4096;
constexpr int heap_bytes = 4 << 20;

void populate(uintptr_t first, uintptr_t last, int how) {
  first &= ~(page - 1);
  madvise(reinterpret_cast<void *>(first), ((last + page - 1) & ~(page - 1)) - first, how);
}

__attribute__((constructor(101))) void map_ahead() {
  auto at = [](const char &symbol) { return reinterpret_cast<uintptr_t>(&symbol); };
  populate(at(__executable_start), at(etext), MADV_POPULATE_READ);
  populate(at(__bss_start), at(end), MADV_POPULATE_WRITE);
  // The heap grows by whole steps and keeps them.
  mallopt(M_TOP_PAD, heap_bytes);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  free(malloc(1));
  uintptr_t top = reinterpret_cast<uintptr_t>(sbrk(0));
  populate(top - heap_bytes, top, MADV_POPULATE_WRITE);
}

} // namespace

#endif
