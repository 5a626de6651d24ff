#include "jit/runtime/calls.h"
#include "jit/runtime/error.h"
#include "jit/runtime/number_text.h"
#include "jit/runtime/str.h"
#include "lang/ast.h"
#include "lang/diagnostics.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

// The messages of the checks in compiled code: short, with the values, and with the way out where there is one.

namespace kiln {
namespace {

/// The scalar types' names and ranges, as the messages need them; compiled code passes a TypeKind, not a Type.
std::string_view name_of(TypeKind kind) {
  switch (kind) {
  case TypeKind::Bool: return "bool";
  case TypeKind::I8: return "i8";
  case TypeKind::I16: return "i16";
  case TypeKind::I32: return "i32";
  case TypeKind::I64: return "i64";
  case TypeKind::U8: return "u8";
  case TypeKind::U16: return "u16";
  case TypeKind::U32: return "u32";
  case TypeKind::U64: return "u64";
  case TypeKind::F32: return "f32";
  case TypeKind::F64: return "f64";
  case TypeKind::Str: return "str";
  case TypeKind::Error:
  case TypeKind::Never:
  case TypeKind::None:
  case TypeKind::Range:
  case TypeKind::Tuple:
  case TypeKind::Array:
  case TypeKind::Function:
  case TypeKind::Lambda:
  case TypeKind::Cell:
  case TypeKind::Struct:
  case TypeKind::Class:
  case TypeKind::Map:
  case TypeKind::Family:
  case TypeKind::Failure:
  case TypeKind::Union:
  case TypeKind::Dyn:
  case TypeKind::Callable:
  case TypeKind::Open: return "?";
  }
  return "?";
}

template <typename Integer>
std::string range_of() {
  return fmt::format("{} to {}", std::numeric_limits<Integer>::min(), std::numeric_limits<Integer>::max());
}

std::string range_text(TypeKind kind) {
  switch (kind) {
  case TypeKind::Bool: return "0 to 1";
  case TypeKind::I8: return range_of<int8_t>();
  case TypeKind::I16: return range_of<int16_t>();
  case TypeKind::I32: return range_of<int32_t>();
  case TypeKind::I64: return range_of<int64_t>();
  case TypeKind::U8: return range_of<uint8_t>();
  case TypeKind::U16: return range_of<uint16_t>();
  case TypeKind::U32: return range_of<uint32_t>();
  case TypeKind::U64: return range_of<uint64_t>();
  case TypeKind::F32:
  case TypeKind::F64:
  case TypeKind::Str:
  case TypeKind::Error:
  case TypeKind::Never:
  case TypeKind::None:
  case TypeKind::Range:
  case TypeKind::Tuple:
  case TypeKind::Array:
  case TypeKind::Function:
  case TypeKind::Lambda:
  case TypeKind::Cell:
  case TypeKind::Struct:
  case TypeKind::Class:
  case TypeKind::Map:
  case TypeKind::Family:
  case TypeKind::Failure:
  case TypeKind::Union:
  case TypeKind::Dyn:
  case TypeKind::Callable:
  case TypeKind::Open: return "?";
  }
  return "?";
}

std::string integer_text(int64_t bits, TypeKind kind) {
  return kind == TypeKind::U64 ? std::to_string(static_cast<uint64_t>(bits)) : std::to_string(bits);
}

/// "3 + 4"; powers without spaces, as people write them, and a negative base in parentheses, since ^ binds tighter.
std::string operation_text(BinaryOp op, std::string_view left, std::string_view right) {
  if (op == BinaryOp::Power)
    return left.starts_with('-') ? fmt::format("({})^{}", left, right) : fmt::format("{}^{}", left, right);
  return fmt::format("{} {} {}", left, spelling(op), right);
}

constexpr int32_t unary = 255, absolute = 254;
BinaryOp operator_of(int32_t which) { return static_cast<BinaryOp>(which & 0xFF); }
/// The operand type in the higher bits; i64 when there is none.
TypeKind type_of(int32_t which) { return which >> 8 ? static_cast<TypeKind>(which >> 8) : TypeKind::I64; }

} // namespace

namespace calls {

extern "C" V kiln_fail_overflow(I64 left, I64 right, I32 which) {
  TypeKind kind = type_of(which);
  std::string operand = integer_text(left, kind);
  std::string operation;
  if ((which & 0xFF) == absolute)
    operation = fmt::format("abs({})", operand);
  else if ((which & 0xFF) != unary)
    operation = operation_text(operator_of(which), operand, integer_text(right, kind));
  else
    operation = operand.starts_with('-') ? fmt::format("-({})", operand) : "-" + operand;
  throw_failure(kind == TypeKind::I64 ? fmt::format("integer overflow in {}", operation)
                                      : fmt::format("integer overflow in {} ({})", operation, name_of(kind)));
}

extern "C" V kiln_fail_division(I64 dividend, I32 which) {
  throw_failure(fmt::format("division by zero in {}",
                            operation_text(operator_of(which), integer_text(dividend, type_of(which)), "0")));
}

extern "C" V kiln_fail_power(I64 base, I64 exponent) {
  throw_failure(fmt::format("negative exponent in {}: an integer's power would be a fraction; make the base a float",
                            operation_text(BinaryOp::Power, std::to_string(base), std::to_string(exponent))));
}

extern "C" V kiln_fail_shift(I64 count) {
  throw_failure(fmt::format("cannot shift by {} bits: the count is negative", count));
}

extern "C" V kiln_fail_index(I64 index, I64 extent, I32 dimension) {
  std::string place;
  if (dimension >= 0)
    place = fmt::format("dimension {} of {}", dimension, extent);
  else if (dimension == -2)
    place = extent == 0 ? "an empty str" : "a str of " + counted(static_cast<uint64_t>(extent), "byte");
  else
    place = extent == 0 ? "an empty array" : fmt::format("an array of {}", extent);
  std::string message = fmt::format("index {} is out of range for {}", index, place);
  // Someone counts from the end, as Python does.
  if (index < 0 && index >= -extent) message += fmt::format("; from the end that is {}", extent + index);
  throw_failure(std::move(message));
}

extern "C" V kiln_fail_convert_int(I64 value, I32 source, I32 target) {
  auto to = static_cast<TypeKind>(target);
  throw_failure(fmt::format("cannot convert {} to {}: out of range ({})",
                            integer_text(value, static_cast<TypeKind>(source)), name_of(to), range_text(to)));
}

extern "C" V kiln_fail_convert_float(F64 value, I32 target) {
  auto to = static_cast<TypeKind>(target);
  NumberText text;
  if (std::isnan(value)) throw_failure(fmt::format("cannot convert nan to {}", name_of(to)));
  throw_failure(fmt::format("cannot convert {} to {}: out of range ({})", text.of(value), name_of(to), range_text(to)));
}

extern "C" V kiln_fail_inexact(I64 value, I32 source, I32 target) {
  std::string_view to = name_of(static_cast<TypeKind>(target));
  throw_failure(fmt::format("{} is not exact as {}; write {}(...) to round it",
                            integer_text(value, static_cast<TypeKind>(source)), to, to));
}

extern "C" V kiln_fail_range_step() { throw_failure("the step of a range cannot be 0"); }

extern "C" V kiln_fail_dimension(I64 extent) { throw_failure(fmt::format("an array cannot have {} elements", extent)); }

extern "C" V kiln_fail_pop(I64 capacity) {
  throw_failure(capacity < 0 ? "cannot pop from a view: it shares the elements of another array"
                             : "cannot pop from an empty array");
}

extern "C" V kiln_fail_unset(STR name) { throw_failure(fmt::format("'{}' is read before it is set", view(name))); }

extern "C" V kiln_fail_message(STR message) { throw_failure(std::string(view(message))); }

extern "C" V kiln_fail_assert(STR message) {
  throw_failure(message.length == 0 ? "assertion failed" : fmt::format("assertion failed: {}", view(message)));
}

extern "C" V kiln_fail_undefined(STR message) { throw_failure(std::string(view(message))); }

extern "C" V kiln_exit(I64 status) { throw_exit(static_cast<int>(status & 0xFF)); }

} // namespace calls
} // namespace kiln
