// Dynamic values: finding what an operation does for the types of its operands.
#include "codegen/dyn_site.h"
#include "jit/runtime/calls.h"
#include "jit/runtime/dyn.h"
#include "jit/runtime/error.h"

#include <fmt/format.h>

namespace kiln {

void *const *(*kiln_dyn_hook)(void *cache, const Type *const *held, std::string &error) = nullptr;

namespace calls {

extern "C" PTR kiln_dyn_find(PTR cache, PTR types) {
  if (void *const *known = DynSite::of(cache).find(static_cast<const Type *const *>(types))) return const_cast<void **>(known);
  std::string error;
  void *const *cell = kiln_dyn_hook(cache, static_cast<const Type *const *>(types), error);
  if (!cell) throw_failure(std::move(error));
  return const_cast<void **>(cell);
}

extern "C" I1 kiln_is_instance(TYPE held, TYPE wanted) { return is_instance(held, wanted); }

extern "C" I1 kiln_is_tuple(TYPE held, I64 count) {
  return held->is(TypeKind::Tuple) && held->elements.size() == static_cast<size_t>(count);
}

extern "C" V kiln_fail_dyn(TYPE held, TYPE wanted) {
  throw_failure(fmt::format("this is {}, not {}", to_string(held), to_string(wanted)));
}

} // namespace calls
} // namespace kiln
