#include "jit/return_trap.h"

#include "jit/orc.h"

#include <cstddef>
#include <cstring>
#include <unwind.h>

#if defined(__x86_64__)

extern "C" char kiln_return_trap[];

namespace kiln {
namespace {

uintptr_t *slot = nullptr; // Where the exchanged return address stood.
uintptr_t original = 0;    // What stood there.

uintptr_t trap_address() { return reinterpret_cast<uintptr_t>(kiln_return_trap); }

_Unwind_Reason_Code find_compiled(_Unwind_Context *context, void *found) {
  int exact = 0;
  uintptr_t address = _Unwind_GetIPInfo(context, &exact);
  if (!Orc::is_code(reinterpret_cast<const void *>(address - (exact ? 0 : 1)))) return _URC_NO_REASON;
  if (exact) return _URC_END_OF_STACK; // Interrupted itself: something was already thrown from a handler above.
  // The frame's stack pointer after the return, so the address lies below.
  auto *at = reinterpret_cast<uintptr_t *>(_Unwind_GetCFA(context)) - 1;
  if (*at != address) return _URC_END_OF_STACK;
  *static_cast<uintptr_t **>(found) = at;
  return _URC_END_OF_STACK;
}

// A CIE and an FDE (see code_map.cpp) that say: the stack pointer is the frame's, and the return address is in
// `original`.
constexpr size_t cie_bytes = 36;
struct {
  uint8_t head[24] = {cie_bytes - 4, 0,  0,  0,    0,  0, 0, 0,    1, 'z',
                      'R',           0,  1,  0x78, 16, 1, 0, 0x0c, 7, 0, // DW_CFA_def_cfa rsp+0
                      0x16,          16, 10, 0x03}; // DW_CFA_val_expression of the return address: DW_OP_addr
  const void *address = &original;
  uint8_t tail[32] = {0x06, 0, 0, 0, // DW_OP_deref
                      24,   0, 0, 0, cie_bytes + 4};
} const trap_frame;
static_assert(sizeof trap_frame == cie_bytes + 28);

} // namespace

bool set_return_trap() {
  uintptr_t *found = nullptr;
  _Unwind_Backtrace(find_compiled, &found);
  if (!found) return false;
  if (slot > found && *slot == trap_address()) *slot = original; // A frame further out: this one returns first.
  slot = found;
  original = *found;
  *found = trap_address();
  return true;
}

void forget_return_trap(const void *frame) {
  if (reinterpret_cast<uintptr_t>(slot) < reinterpret_cast<uintptr_t>(frame)) slot = nullptr;
}

const void *return_trap_frame(const void *pc) {
  if (reinterpret_cast<uintptr_t>(pc) != trap_address() - 1) return nullptr; // The byte before a return address.
  return reinterpret_cast<const uint8_t *>(&trap_frame) + cie_bytes;
}

} // namespace kiln

extern "C" {

// The return address that the trap stood for. The trap is not set any more.
uintptr_t kiln_return_trap_take() {
  kiln::slot = nullptr;
  return kiln::original;
}

void kiln_return_trap_raise(kiln::FrameState *frame) { kiln::raise_pending(*frame); }

} // extern "C"

#else // Without return addresses on the stack, errors wait until the timer finds compiled code.

namespace kiln {

bool set_return_trap() { return false; }
void forget_return_trap(const void *) {}
const void *return_trap_frame(const void *) { return nullptr; }

} // namespace kiln

#endif
