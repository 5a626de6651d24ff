// Dynamic values: finding what an operation does for the types of its operands.
#include "codegen/dyn_site.h"
#include "jit/runtime/calls.h"
#include "jit/runtime/collector.h"
#include "jit/runtime/dyn.h"
#include "jit/runtime/error.h"
#include "jit/runtime/str.h"

#include <fmt/format.h>

#include <cstring>

namespace kiln {

void *const *(*kiln_dyn_hook)(void *cache, const Type *const *held, std::string &error) = nullptr;

DynValue (*kiln_eval_hook)(std::string_view text) = nullptr;

DynValue make_dyn(const Type *type, const void *value) {
  DynValue made{type, 0};
  size_t size = layout_of(type).size;
  void *place = &made.bits;
  if (size > sizeof made.bits) {
    place = allocate(size, type->has_references());
    made.bits = reinterpret_cast<uint64_t>(place);
  }
  if (size > 0) std::memcpy(place, value, size);
  return made;
}

namespace calls {

extern "C" DYN kiln_eval(STR text) { return kiln_eval_hook(view(text)); }

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
