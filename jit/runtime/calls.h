#pragma once

#include "codegen/layout.h"

#include <cstdint>

// The functions that compiled code calls, declared from the table, so that a definition with another signature does not
// compile: two functions of one name with C linkage conflict. They are defined inside this namespace, which C linkage
// ignores.
namespace kiln::calls {

// The kinds of codegen/runtime.def.
using V = void;
using I1 = bool;
using I32 = int32_t;
using I64 = int64_t;
using U64 = uint64_t;
using F32 = float;
using F64 = double;
using PTR = void *;
using STR = StrValue;
using DYN = DynValue;
using TYPE = const Type *;

#define KILN_CALL_Cold [[noreturn]]
#define KILN_CALL_Alloc
#define KILN_CALL_Plain
extern "C" {
#define KILN_RUNTIME(symbol, attribute, result, ...) KILN_CALL_##attribute result symbol(__VA_ARGS__);
#include "codegen/runtime.def"
}
#undef KILN_CALL_Cold
#undef KILN_CALL_Alloc
#undef KILN_CALL_Plain

} // namespace kiln::calls
