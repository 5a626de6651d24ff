#include "jit/lazy_entry.h"

#include "jit/signals.h"

namespace kiln {

extern "C" {

void *(*kiln_materialize_hook)(void **cell) = nullptr;

// Called by the lazy entry.
void *kiln_materialize(void **cell) {
  struct Request {
    void **cell;
    void *code;
  } request{cell, nullptr};
  run_on_compile_stack(
      [](void *argument) {
        auto *request = static_cast<Request *>(argument);
        request->code = kiln_materialize_hook(request->cell);
      },
      &request);
  return request.code;
}

} // extern "C"

} // namespace kiln
