#pragma once

#include "jit/interpreter/bytecode.h"

namespace kiln {

// Arithmetic on numbers as functions of slots, by operator and type: what compiled code does in line, with the same
// results to the bit and the same errors (codegen/lower_number.cpp, lower_convert.cpp, lower_compare.cpp).

using Apply1 = void (*)(Slot *result, const Slot *operand);
using Apply2 = void (*)(Slot *result, const Slot *left, const Slot *right);

/// Null where the operator is not one on numbers of this type. `checked`: an overflow is an error.
Apply1 unary_function(UnaryOp op, const Type *type, bool checked);
/// Both operands and the result have the type.
Apply2 arithmetic_function(BinaryOp op, const Type *type, bool checked);
/// Bits: the left operand has the result's type; the right one may have another, and is as wide in its slot.
Apply2 bit_function(BinaryOp op, const Type *left);
/// A comparison of numbers, exact across types.
Apply2 comparison_function(BinaryOp op, const Type *left, const Type *right);
Apply1 conversion_function(Conversion conversion, const Type *from, const Type *to, bool checked);
Apply1 intrinsic_function(IntrinsicKind kind, const Type *operand);
Apply2 intrinsic_function2(IntrinsicKind kind, const Type *type);
/// The C function of math.def: on doubles the one that compiled code calls.
using Math1 = double (*)(double);
using Math2 = double (*)(double, double);
void *math_function(std::string_view name, const Type *type);

} // namespace kiln
