// What delay_libm.S calls when a function of libm is first called.

#if defined(__x86_64__)

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <gnu/lib-names.h>

namespace {

/// As delay_libm.S lays it out.
struct DelayedFunction {
  std::atomic<void *> address;
  __extension__ const char name[];
};

void *libm() {
  static void *const loaded = dlopen(LIBM_SO, RTLD_LAZY | RTLD_GLOBAL);
  return loaded;
}

} // namespace

/// The address of the function in libm, which from now on is called at once. The program ends where there is none: it cannot have
/// been built with this C library.
extern "C" void *kiln_libm_function(DelayedFunction &function) {
  void *address = libm() ? dlsym(libm(), function.name) : nullptr;
  if (!address) {
    const char *why = dlerror();
    std::fprintf(stderr, "error: the C library's %s cannot be loaded: %s\n", function.name, why ? why : "unknown reason");
    std::abort();
  }
  function.address.store(address, std::memory_order_release);
  return address;
}

#endif
