#include "jit/runtime/simd_math.h"

#include <dlfcn.h>
#include <string>

namespace kiln {

namespace {

void *library() {
  static void *const loaded = dlopen("libsleef.so.3", RTLD_LAZY | RTLD_LOCAL);
  return loaded;
}

} // namespace

bool has_simd_math() { return library() != nullptr; }
void *simd_math_address(std::string_view symbol) { return dlsym(library(), std::string(symbol).c_str()); }

} // namespace kiln
