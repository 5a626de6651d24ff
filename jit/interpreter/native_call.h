#pragma once

#include "jit/interpreter/bytecode.h"

namespace kiln {

NativeSignature native_signature(std::span<const Type *const> params, const Type *result);
/// Of an extern function: C's, in which a str is a pointer.
NativeSignature extern_signature(const ExternFunction &function);
/// Calls code with the arguments in slots that follow each other. `cell` is for the lazy entry. May throw.
void call_native(void *code, void *cell, const NativeSignature &signature, const Slot *arguments, Slot *result);

} // namespace kiln
