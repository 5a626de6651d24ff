#include "jit/map_ahead.h"

#include <climits>
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

extern "C" const char __executable_start, etext, __bss_start, end; // The linker's.

namespace kiln {

namespace {

constexpr uintptr_t page = 4096;
constexpr uintptr_t large_page = 2 << 20;
constexpr int heap_step = 32 << 20;
constexpr size_t llvm_heap_bytes = 4 << 20;

void populate(uintptr_t first, uintptr_t last, int how) {
  uintptr_t begin = first & ~(page - 1);
  madvise(reinterpret_cast<void *>(begin), ((last + page - 1) & ~(page - 1)) - begin, how);
}

uintptr_t address_of(const char &symbol) { return reinterpret_cast<uintptr_t>(&symbol); }

/// Has what LLVM begins with mapped now.
void populate_heap() {
  if (void *step = malloc(llvm_heap_bytes)) {
    populate(reinterpret_cast<uintptr_t>(step), reinterpret_cast<uintptr_t>(step) + llvm_heap_bytes, MADV_POPULATE_WRITE);
    free(step);
  }
}

/// The heap grows by whole steps of address space, keeps them, and gives room for large blocks too.
void grow_in_steps() {
  mallopt(M_ARENA_MAX, 1); // A heap of its own for the compile thread would grow page by page.
  mallopt(M_TOP_PAD, heap_step);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_MMAP_THRESHOLD, heap_step / 2);
}

const char *heap_end = nullptr; // Up to here large pages were asked for; null: they are not wanted.

} // namespace

void map_ahead() {
  populate(address_of(__executable_start), address_of(etext), MADV_POPULATE_READ);
  populate(address_of(__bss_start), address_of(end), MADV_POPULATE_WRITE);
  grow_in_steps();
  populate_heap();
}

void keep_heap_in_large_pages() {
  grow_in_steps();
  constexpr size_t more_than_is_there = 256 << 10;
  void *first = malloc(more_than_is_there); // The heap's first step is made.
  auto begin = reinterpret_cast<uintptr_t>(first);
  free(first);
  heap_end = static_cast<const char *>(sbrk(0));
  // A large page of which nothing was touched yet: what follows `first` was.
  uintptr_t boundary = (begin + more_than_is_there + page + large_page - 1) & ~(large_page - 1);
  if (!first || boundary >= reinterpret_cast<uintptr_t>(heap_end)) return;
  madvise(reinterpret_cast<void *>(boundary), reinterpret_cast<uintptr_t>(heap_end) - boundary, MADV_HUGEPAGE);
  // What lies before it is left unused: it stays unmapped, with glibc up to the size of what follows. To make a large page takes as
  // long as a dozen small ones.
  [[maybe_unused]] void *volatile unused = malloc(boundary - begin + sizeof(size_t));
}

void extend_large_pages() {
  auto *end = static_cast<const char *>(sbrk(0));
  if (!heap_end || end <= heap_end) return;
  madvise(const_cast<char *>(heap_end), static_cast<size_t>(end - heap_end), MADV_HUGEPAGE);
  heap_end = end;
}

} // namespace kiln
