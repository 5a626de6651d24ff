#include "jit/runtime/collector.h"

#include "jit/runtime/calls.h"
#include "jit/runtime/error.h"

#include <fmt/format.h>
#include <gc/gc.h>
#include <gc/gc_mark.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <optional>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace kiln {
namespace {

uint64_t memory_limit = 0;

/// What is allowed beyond the limit after each time that it was met, so that whoever catches the error has room to go on.
constexpr uint64_t relief = 1 << 20;
constexpr uint64_t most_reliefs = 64;
uint64_t reliefs = 0;

/// Address space to begin with, and about what is allocated between collections as long as little is in use. What a
/// collection costs goes by what is in use, so fewer are cheaper; pages that nothing was put in take no memory.
constexpr size_t first_heap = 48 << 20;

/// The number that the file begins with, if it does.
std::optional<uint64_t> number_in(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  char text[32];
  ssize_t length = read(file, text, sizeof text);
  close(file);
  uint64_t number = 0;
  if (length <= 0 || std::from_chars(text, text + length, number).ec != std::errc()) return std::nullopt;
  return number;
}

/// The control group's limit in bytes, or no limit. Version 2, in which "max" means none, then version 1.
uint64_t control_group_limit() {
  for (const char *path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"})
    if (std::optional<uint64_t> limit = number_in(path)) return *limit;
  return UINT64_MAX;
}

/// Half of the address space that is left where that is limited (ulimit -v), or no limit. Machine code and stacks take the
/// other half.
uint64_t address_space_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
  std::optional<uint64_t> pages = number_in("/proc/self/statm");
  if (!pages) return UINT64_MAX;
  uint64_t used = *pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return used < limit.rlim_cur ? (limit.rlim_cur - used) / 2 : 0;
}

std::string size_text(uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} bytes", bytes);
  constexpr const char *units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
  double amount = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  for (; amount >= 999.95 && unit + 1 < std::size(units); ++unit) amount /= 1000;
  return fmt::format("{:.1f} {}", amount, units[unit]);
}

[[noreturn]] void out_of_memory(const std::string &wanted) {
  if (reliefs < most_reliefs) GC_set_max_heap_size(memory_limit + ++reliefs * relief);
  throw_error(RuntimeError::OutOfMemory,
              fmt::format("out of memory: no room for {} (the limit is {})", wanted, size_text(memory_limit)));
}

} // namespace

uint64_t default_memory_limit() {
  uint64_t machine = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return std::min(std::min(machine, control_group_limit()) / 10 * 8, address_space_limit());
}

void set_memory_limit(uint64_t bytes) {
  memory_limit = bytes;
  reliefs = 0;
  GC_set_max_heap_size(bytes);
}

namespace {

bool is_started = false;
ScannedStack scanned;

/// While the collector starts: whether the environment has none of its settings, so that it need not look for each.
thread_local bool has_no_settings = false;

bool has_settings() {
  for (char **variable = environ; variable && *variable; ++variable)
    if (std::strncmp(*variable, "GC_", 3) == 0) return true;
  return false;
}

/// What is allocated before the collector has begun, as far as it can come from here. To begin takes a millisecond, which a
/// program need not pay that only computes and prints. Nothing here is used twice.
class FirstMemory {
public:
  /// Zeroed; null when there is no room.
  void *take(size_t bytes) {
    size_t rounded = (bytes + alignment - 1) & ~(alignment - 1);
    if (bytes > sizeof memory_ || rounded > sizeof memory_ - used_) return nullptr;
    return memory_ + std::exchange(used_, used_ + rounded);
  }
  bool holds(const void *at) const { return std::less_equal<>()(memory_, at) && std::less<>()(at, memory_ + sizeof memory_); }
  void push() { GC_push_all(memory_, memory_ + used_); }

private:
  static constexpr size_t alignment = 16; // As the collector's.
  alignas(alignment) std::byte memory_[32 << 10]{};
  size_t used_ = 0;
};
FirstMemory first_roots; // Scanned.
FirstMemory first_values; // Without references.

/// Stands before a root in first_roots.
struct alignas(16) FirstRoot {
  size_t bytes;
};

GC_push_other_roots_proc push_others = nullptr;

void GC_CALLBACK push_scanned() {
  if (push_others) push_others();
  first_roots.push();
  if (scanned.begin) GC_push_all(const_cast<void *>(scanned.begin), const_cast<void *>(scanned.end()));
}

} // namespace

void start_collector() {
  if (std::exchange(is_started, true)) return;
  GC_set_no_dls(1);
  GC_set_warn_proc(GC_ignore_warn_proc);
  GC_set_oom_fn([](size_t) -> void * { return nullptr; }); // allocate() throws: not through the collector's own frames.
  GC_set_dont_precollect(1);
  has_no_settings = !has_settings();
  GC_INIT();
  has_no_settings = false;
  GC_clear_roots(); // Whatever was registered on the way.
  set_memory_limit(memory_limit ? memory_limit : default_memory_limit());
  GC_expand_hp(first_heap);
  push_others = GC_get_push_other_roots();
  GC_set_push_other_roots(push_scanned);
}

void scan_also(ScannedStack stack) { scanned = stack; }

void *make_root(size_t bytes) {
  bytes = std::max<size_t>(bytes, 1);
  if (!is_started)
    if (auto *root = static_cast<FirstRoot *>(first_roots.take(sizeof(FirstRoot) + bytes))) {
      root->bytes = bytes;
      return root + 1;
    }
  start_collector();
  void *root = GC_MALLOC_UNCOLLECTABLE(bytes);
  if (!root) out_of_memory(size_text(bytes));
  return root;
}

void free_root(void *root) {
  if (!first_roots.holds(root)) return GC_FREE(root);
  std::memset(root, 0, static_cast<FirstRoot *>(root)[-1].bytes);
}

void *allocate(size_t bytes, bool has_references) {
  if (!is_started) [[unlikely]] {
    if (void *memory = has_references ? nullptr : first_values.take(bytes)) return memory;
    start_collector();
  }
  // The collector rounds sizes up, which must not wrap.
  void *memory = bytes > memory_limit ? nullptr : has_references ? GC_MALLOC(bytes) : GC_MALLOC_ATOMIC(bytes);
  if (!memory) [[unlikely]]
    out_of_memory(size_text(bytes));
  return memory;
}

void *allocate_first(size_t bytes) {
  void *memory = is_started ? nullptr : first_roots.take(bytes);
  return memory ? memory : allocate(bytes, true);
}

void *allocate_elements(const Type *element, uint64_t count) {
  size_t size = layout_of(element).size;
  if (size == 0 || count == 0) return nullptr;
  size_t bytes = 0;
  if (__builtin_mul_overflow(size, count, &bytes) || bytes > memory_limit)
    out_of_memory(fmt::format("{} elements of {}", count, to_string(element)));
  return allocate(bytes, element->has_references());
}

uint64_t collections() { return GC_get_gc_no(); }

namespace calls {

extern "C" PTR kiln_alloc(I64 bytes) { return allocate(static_cast<size_t>(bytes), true); }
extern "C" PTR kiln_alloc_atomic(I64 bytes) { return allocate(static_cast<size_t>(bytes), false); }

} // namespace calls
} // namespace kiln

#ifdef KILN_STATIC_COLLECTOR
// The linker's --wrap puts these between libgc and the functions that it calls.
extern "C" {

char *__real_getenv(const char *name);
void *__real_GC_unix_get_mem(size_t bytes);

// libgc asks for thirty names, which lie anywhere among the texts of the program: to read them touches a dozen pages.
char *__wrap_getenv(const char *name) { return kiln::has_no_settings ? nullptr : __real_getenv(name); }

// Maps memory for the heap. Large pages, where the system gives them to those who ask: taking pages of 4 kB one by one may cost
// more than computing what is in them. What is small, the collector's own tables, lies in the C heap: the program may have that in
// large pages already (jit/map_ahead).
void *__wrap_GC_unix_get_mem(size_t bytes) {
  constexpr size_t small = 1 << 20, page = 4096;
  if (bytes < small) {
    void *memory = std::aligned_alloc(page, (bytes + page - 1) & ~(page - 1));
    return memory ? std::memset(memory, 0, bytes) : nullptr;
  }
  void *memory = __real_GC_unix_get_mem(bytes);
  if (memory) madvise(memory, bytes, MADV_HUGEPAGE);
  return memory;
}

} // extern "C"
#endif
