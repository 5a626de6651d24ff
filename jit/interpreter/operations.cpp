#include "jit/interpreter/operations.h"

namespace kiln {

Invocation::Handler handler_of(const Inst &inst) {
  for (auto find : {value_handler, array_handler, text_handler})
    if (Invocation::Handler found = find(inst)) return found;
  return nullptr;
}

} // namespace kiln
