#include "jit/runtime/calls.h"
#include "lang/ast.h"

#include <cmath>

namespace kiln::calls {
namespace {

constexpr int32_t overflow_in(BinaryOp op, TypeKind kind) {
  return static_cast<int32_t>(op) | static_cast<int32_t>(kind) << 8;
}

/// Exponentiation by squaring; true when it overflows. The last square is not taken: it may overflow though the result
/// does not.
template <typename Integer>
bool power(Integer base, uint64_t exponent, Integer &result) {
  result = 1;
  bool overflow = false;
  for (;;) {
    if (exponent & 1) overflow |= __builtin_mul_overflow(result, base, &result);
    exponent >>= 1;
    if (exponent == 0 || overflow) return overflow;
    if (__builtin_mul_overflow(base, base, &base))
      return result != 0; // Some power of at least 2 is still to be multiplied in, and the base is not 0.
  }
}

/// Compares an integer's real value with a float's. A float of at least 2^63 (2^64) in size decides alone; a smaller
/// one truncates to an integer without loss, and its fraction decides when that is equal.
template <typename Integer>
int32_t compare(Integer integer, double floating, double beyond) {
  if (std::isnan(floating)) return 2;
  if (floating >= beyond) return -1;
  if (floating < static_cast<double>(std::numeric_limits<Integer>::min())) return 1;
  auto whole = static_cast<Integer>(floating);
  if (integer != whole) return integer < whole ? -1 : 1;
  double fraction = floating - std::trunc(floating);
  return fraction > 0 ? -1 : fraction < 0;
}

} // namespace

extern "C" I64 kiln_power_i64(I64 base, I64 exponent) {
  if (exponent < 0) kiln_fail_power(base, exponent);
  I64 result;
  if (power(base, static_cast<uint64_t>(exponent), result))
    kiln_fail_overflow(base, exponent, overflow_in(BinaryOp::Power, TypeKind::I64));
  return result;
}

// As CPython's float_floor_div, but for a zero divisor, where IEEE's a / b is the answer.
extern "C" F64 kiln_floor_divide(F64 a, F64 b) {
  if (b == 0) return a / b;
  double rest = std::fmod(a, b);
  double quotient = (a - rest) / b;
  if (rest != 0 && (b < 0) != (rest < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(0.0, a / b);
  double whole = std::floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

extern "C" U64 kiln_power_u64(U64 base, U64 exponent) {
  U64 result;
  if (power(base, exponent, result))
    kiln_fail_overflow(static_cast<I64>(base), static_cast<I64>(exponent), overflow_in(BinaryOp::Power, TypeKind::U64));
  return result;
}

extern "C" I32 kiln_compare_i64_f64(I64 a, F64 b) { return compare(a, b, 0x1p63); }
extern "C" I32 kiln_compare_u64_f64(U64 a, F64 b) { return compare(a, b, 0x1p64); }

} // namespace kiln::calls
