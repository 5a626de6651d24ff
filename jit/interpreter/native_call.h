#pragma once

#include "jit/interpreter/bytecode.h"

namespace kiln {

/// A call by compiled code of what has none: its arguments by the C calling convention, as lazy_entry.S saves them, and what it is
/// to get back.
struct NativeCall {
  uint64_t integers[6];
  uint64_t vector_count; // Of a variadic call.
  void **cell;           // The entry cell that it went through.
  struct {
    uint64_t low, high;
  } vectors[8];
  uint64_t returned[3];
  uint64_t on_x87; // How many floats are returned there: the third and fourth.
  uint64_t floats[4];

  /// The arguments that found no register: they lie outside of lazy_entry.S's frame, which ends in two words.
  const uint64_t *stack() const { return reinterpret_cast<const uint64_t *>(this + 1) + 2; }
};
static_assert(sizeof(NativeCall) == 256); // Known to lazy_entry.S.

NativeSignature native_signature(std::span<const Type *const> params, const Type *result);
/// Of an extern function: C's, in which a str is a pointer.
NativeSignature extern_signature(const ExternFunction &function);
/// Calls code with the arguments in slots that follow each other. `cell` is for the lazy entry. May throw.
void call_native(void *code, void *cell, const NativeSignature &signature, const Slot *arguments, Slot *result);
/// The other way round: what compiled code passes, as slots that follow each other; and what it gets back of a result in slots.
void read_arguments(const NativeCall &call, const NativeSignature &signature, Slot *arguments);
void return_result(NativeCall &call, const NativeSignature &signature, const Slot *result);

} // namespace kiln
