#include "jit/lazy_entry.h"

namespace kiln {

extern "C" {

void *(*kiln_lazy_call_hook)(NativeCall &call) = nullptr;

} // extern "C"

} // namespace kiln
