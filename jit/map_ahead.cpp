#include "jit/map_ahead.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ // Linux 5.14; older kernels refuse, and nothing is lost.
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

namespace kiln {

#if defined(KILN_STATIC_LLVM) && !defined(__SANITIZE_ADDRESS__)

extern "C" const char __executable_start, etext; // The linker's.

namespace {

constexpr uintptr_t page = 4096;
constexpr size_t heap_bytes = size_t(3) << 20;

void populate(uintptr_t begin, uintptr_t end, int how) {
  begin &= ~(page - 1);
  madvise(reinterpret_cast<void *>(begin), ((end + page - 1) & ~(page - 1)) - begin, how);
}

} // namespace

void map_ahead() {
  populate(reinterpret_cast<uintptr_t>(&__executable_start), reinterpret_cast<uintptr_t>(&etext), MADV_POPULATE_READ);
  mallopt(M_TOP_PAD, heap_bytes);
  free(malloc(heap_bytes / 2));
  uintptr_t end = reinterpret_cast<uintptr_t>(sbrk(0));
  populate(end - heap_bytes, end, MADV_POPULATE_WRITE);
}

#else

void map_ahead() {}

#endif

} // namespace kiln
