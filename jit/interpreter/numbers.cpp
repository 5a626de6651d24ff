#include "jit/interpreter/numbers.h"

#include "jit/interpreter/slot_value.h"
#include "jit/processor.h"
#include "jit/runtime/calls.h"
#include "jit/runtime/simd_math.h"
#include "jit/runtime/table.h"

#include <cmath>
#include <limits>
#include <string>

namespace kiln {

namespace {

constexpr int32_t unary_code = 255, abs_code = 254; // What kiln_fail_overflow is told instead of a BinaryOp.

template <typename T>
constexpr TypeKind kind_of() {
  if constexpr (std::is_same_v<T, int8_t>) return TypeKind::I8;
  if constexpr (std::is_same_v<T, int16_t>) return TypeKind::I16;
  if constexpr (std::is_same_v<T, int32_t>) return TypeKind::I32;
  if constexpr (std::is_same_v<T, int64_t>) return TypeKind::I64;
  if constexpr (std::is_same_v<T, uint8_t>) return TypeKind::U8;
  if constexpr (std::is_same_v<T, uint16_t>) return TypeKind::U16;
  if constexpr (std::is_same_v<T, uint32_t>) return TypeKind::U32;
  if constexpr (std::is_same_v<T, uint64_t>) return TypeKind::U64;
  if constexpr (std::is_same_v<T, float>) return TypeKind::F32;
  return TypeKind::F64;
}

template <typename T>
constexpr int32_t overflow_code(int32_t op) {
  return op | static_cast<int32_t>(kind_of<T>()) << 8;
}

template <typename T>
[[noreturn]] void fail_overflow(T left, T right, int32_t op) {
  calls::kiln_fail_overflow(static_cast<int64_t>(left), static_cast<int64_t>(right), overflow_code<T>(op));
}

// --- arithmetic ---

template <typename T>
using Unsigned = std::make_unsigned_t<T>;

template <typename T, BinaryOp op>
T wrapped(T left, T right) {
  auto a = static_cast<uint64_t>(left), b = static_cast<uint64_t>(right);
  if constexpr (op == BinaryOp::Add) return static_cast<T>(a + b);
  if constexpr (op == BinaryOp::Subtract) return static_cast<T>(a - b);
  return static_cast<T>(a * b);
}

template <typename T, BinaryOp op>
void checked(Slot *result, const Slot *left, const Slot *right) {
  T a = number<T>(*left), b = number<T>(*right), c;
  bool overflow;
  if constexpr (op == BinaryOp::Add) overflow = __builtin_add_overflow(a, b, &c);
  if constexpr (op == BinaryOp::Subtract) overflow = __builtin_sub_overflow(a, b, &c);
  if constexpr (op == BinaryOp::Multiply) overflow = __builtin_mul_overflow(a, b, &c);
  if (overflow) fail_overflow(a, b, static_cast<int32_t>(op));
  *result = slot_of(c);
}

template <typename T, BinaryOp op>
void wrapping(Slot *result, const Slot *left, const Slot *right) {
  *result = slot_of(wrapped<T, op>(number<T>(*left), number<T>(*right)));
}

template <typename T, BinaryOp op>
void check_divisor(T left, T right) {
  if (right == 0) calls::kiln_fail_division(static_cast<int64_t>(left), overflow_code<T>(static_cast<int32_t>(op)));
  if constexpr (std::is_signed_v<T> && op == BinaryOp::FloorDivide)
    if (left == std::numeric_limits<T>::min() && right == -1) fail_overflow(left, right, static_cast<int32_t>(op));
}

template <typename T>
void floor_divide(Slot *result, const Slot *left, const Slot *right) {
  T a = number<T>(*left), b = number<T>(*right);
  check_divisor<T, BinaryOp::FloorDivide>(a, b);
  T quotient = static_cast<T>(a / b);
  if constexpr (std::is_signed_v<T>)
    if (T rest = static_cast<T>(a % b); rest != 0 && (rest < 0) != (b < 0)) --quotient;
  *result = slot_of(quotient);
}

template <typename T>
void modulo(Slot *result, const Slot *left, const Slot *right) {
  T a = number<T>(*left), b = number<T>(*right);
  check_divisor<T, BinaryOp::Modulo>(a, b);
  T rest = 0;
  if constexpr (std::is_signed_v<T>) {
    if (b != -1) rest = static_cast<T>(a % b);
    if (rest != 0 && (rest < 0) != (b < 0)) rest = static_cast<T>(rest + b);
  } else {
    rest = static_cast<T>(a % b);
  }
  *result = slot_of(rest);
}

template <typename T>
void power(Slot *result, const Slot *left, const Slot *right) {
  T a = number<T>(*left), b = number<T>(*right);
  if constexpr (sizeof(T) == 8) {
    if constexpr (std::is_signed_v<T>)
      *result = slot_of<T>(calls::kiln_power_i64(a, b));
    else
      *result = slot_of<T>(calls::kiln_power_u64(a, b));
    return;
  }
  if (b >= 0 && b <= 16) { // As multiplied out.
    T value = 1;
    for (T i = 0; i < b; ++i)
      if (__builtin_mul_overflow(value, a, &value)) fail_overflow(a, b, static_cast<int32_t>(BinaryOp::Power));
    *result = slot_of(value);
    return;
  }
  int64_t wide = std::is_signed_v<T> ? calls::kiln_power_i64(a, b) : static_cast<int64_t>(calls::kiln_power_u64(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
  T narrow = static_cast<T>(wide);
  if (static_cast<int64_t>(narrow) != wide) fail_overflow(a, b, static_cast<int32_t>(BinaryOp::Power));
  *result = slot_of(narrow);
}

template <typename T>
void power_wrapping(Slot *result, const Slot *left, const Slot *right) {
  T a = number<T>(*left), b = number<T>(*right);
  if (!(b >= 0 && b <= 16)) return power<T>(result, left, right);
  T value = 1;
  for (T i = 0; i < b; ++i) value = wrapped<T, BinaryOp::Multiply>(value, a);
  *result = slot_of(value);
}

template <typename T, BinaryOp op>
void floating(Slot *result, const Slot *left, const Slot *right) {
  T a = number<T>(*left), b = number<T>(*right), c = 0;
  if constexpr (op == BinaryOp::Add) c = a + b;
  if constexpr (op == BinaryOp::Subtract) c = a - b;
  if constexpr (op == BinaryOp::Multiply) c = a * b;
  if constexpr (op == BinaryOp::Divide) c = a / b;
  if constexpr (op == BinaryOp::FloorDivide) c = static_cast<T>(calls::kiln_floor_divide(a, b));
  if constexpr (op == BinaryOp::Modulo) { // As Python's: the sign of the divisor, exact but for one rounded addition.
    T rest = std::fmod(a, b);
    if (std::isnan(rest))
      c = rest;
    else if (rest == 0)
      c = std::copysign(T(0), b);
    else
      c = (rest < 0) != (b < 0) ? rest + b : rest;
  }
  *result = slot_of(c);
}

template <typename T>
Apply2 integer_arithmetic(BinaryOp op, bool check) {
  switch (op) {
  case BinaryOp::Add: return check ? &checked<T, BinaryOp::Add> : &wrapping<T, BinaryOp::Add>;
  case BinaryOp::Subtract: return check ? &checked<T, BinaryOp::Subtract> : &wrapping<T, BinaryOp::Subtract>;
  case BinaryOp::Multiply: return check ? &checked<T, BinaryOp::Multiply> : &wrapping<T, BinaryOp::Multiply>;
  case BinaryOp::AddWrap: return &wrapping<T, BinaryOp::Add>;
  case BinaryOp::SubtractWrap: return &wrapping<T, BinaryOp::Subtract>;
  case BinaryOp::MultiplyWrap: return &wrapping<T, BinaryOp::Multiply>;
  case BinaryOp::FloorDivide: return &floor_divide<T>;
  case BinaryOp::Modulo: return &modulo<T>;
  case BinaryOp::Power: return check ? &power<T> : &power_wrapping<T>;
  default: return nullptr;
  }
}

template <typename T>
Apply2 float_arithmetic(BinaryOp op) {
  switch (op) {
  case BinaryOp::Add: return &floating<T, BinaryOp::Add>;
  case BinaryOp::Subtract: return &floating<T, BinaryOp::Subtract>;
  case BinaryOp::Multiply: return &floating<T, BinaryOp::Multiply>;
  case BinaryOp::Divide: return &floating<T, BinaryOp::Divide>;
  case BinaryOp::FloorDivide: return &floating<T, BinaryOp::FloorDivide>;
  case BinaryOp::Modulo: return &floating<T, BinaryOp::Modulo>;
  default: return nullptr;
  }
}

template <typename T>
void negate(Slot *result, const Slot *operand) {
  T value = number<T>(*operand);
  if constexpr (std::is_floating_point_v<T>) {
    *result = slot_of<T>(-value);
  } else {
    T negated;
    if (__builtin_sub_overflow(T(0), value, &negated)) fail_overflow(value, T(0), unary_code);
    *result = slot_of(negated);
  }
}

template <typename T>
void negate_wrapping(Slot *result, const Slot *operand) {
  *result = slot_of(wrapped<T, BinaryOp::Subtract>(0, number<T>(*operand)));
}

template <typename T>
void bit_not(Slot *result, const Slot *operand) {
  *result = slot_of(static_cast<T>(~number<T>(*operand)));
}

// --- bits ---

template <typename T>
void bit_and(Slot *result, const Slot *left, const Slot *right) { *result = slot_of(static_cast<T>(number<T>(*left) & number<T>(*right))); }
template <typename T>
void bit_or(Slot *result, const Slot *left, const Slot *right) { *result = slot_of(static_cast<T>(number<T>(*left) | number<T>(*right))); }
template <typename T>
void bit_xor(Slot *result, const Slot *left, const Slot *right) { *result = slot_of(static_cast<T>(number<T>(*left) ^ number<T>(*right))); }

/// The count as compiled code widens it: of a u64, its bits as an i64.
void check_count(int64_t count) {
  if (count < 0) calls::kiln_fail_shift(count);
}

template <typename T>
void shift_left(Slot *result, const Slot *left, const Slot *right) {
  check_count(right->i);
  T value = number<T>(*left);
  *result = slot_of(right->u < 8 * sizeof(T) ? static_cast<T>(static_cast<uint64_t>(value) << right->u) : T(0));
}

template <typename T>
void shift_right(Slot *result, const Slot *left, const Slot *right) {
  check_count(right->i);
  T value = number<T>(*left);
  constexpr uint64_t width = 8 * sizeof(T);
  if constexpr (std::is_signed_v<T>)
    *result = slot_of(static_cast<T>(value >> (right->u < width ? right->u : width - 1)));
  else
    *result = slot_of(right->u < width ? static_cast<T>(value >> right->u) : T(0));
}

// --- comparison ---

struct Order {
  bool less, equal, greater; // Of a NaN: none.
};

template <typename A, typename B>
Order compare(A a, B b) {
  if constexpr (std::is_floating_point_v<A> == std::is_floating_point_v<B>) {
    if constexpr (std::is_floating_point_v<A>)
      return {a < b, a == b, a > b};
    else
      return {std::cmp_less(a, b), std::cmp_equal(a, b), std::cmp_greater(a, b)};
  } else if constexpr (std::is_floating_point_v<A>) {
    Order mirrored = compare(b, a);
    return {mirrored.greater, mirrored.equal, mirrored.less};
  } else { // The runtime compares exactly: -1, 0, 1, or 2 of a NaN.
    int32_t order;
    if constexpr (std::is_signed_v<A>)
      order = calls::kiln_compare_i64_f64(a, b);
    else
      order = calls::kiln_compare_u64_f64(a, b);
    return {order == -1, order == 0, order == 1};
  }
}

template <typename A, typename B, BinaryOp op>
void compare_slots(Slot *result, const Slot *left, const Slot *right) {
  Order order = compare(number<A>(*left), number<B>(*right));
  bool holds = false;
  if constexpr (op == BinaryOp::Less) holds = order.less;
  if constexpr (op == BinaryOp::LessEqual) holds = order.less || order.equal;
  if constexpr (op == BinaryOp::Greater) holds = order.greater;
  if constexpr (op == BinaryOp::GreaterEqual) holds = order.greater || order.equal;
  if constexpr (op == BinaryOp::Equal) holds = order.equal;
  if constexpr (op == BinaryOp::NotEqual) holds = !order.equal;
  result->u = holds;
}

template <typename A, typename B>
Apply2 comparison(BinaryOp op) {
  switch (op) {
  case BinaryOp::Less: return &compare_slots<A, B, BinaryOp::Less>;
  case BinaryOp::LessEqual: return &compare_slots<A, B, BinaryOp::LessEqual>;
  case BinaryOp::Greater: return &compare_slots<A, B, BinaryOp::Greater>;
  case BinaryOp::GreaterEqual: return &compare_slots<A, B, BinaryOp::GreaterEqual>;
  case BinaryOp::Equal: return &compare_slots<A, B, BinaryOp::Equal>;
  case BinaryOp::NotEqual: return &compare_slots<A, B, BinaryOp::NotEqual>;
  default: return nullptr;
  }
}

// --- conversion ---

template <typename From, typename To>
void convert_plain(Slot *result, const Slot *operand) {
  *result = slot_of(static_cast<To>(number<From>(*operand)));
}

template <typename From>
void convert_to_bool(Slot *result, const Slot *operand) {
  result->u = number<From>(*operand) != 0;
}

template <typename From, typename To>
void convert_checked(Slot *result, const Slot *operand) {
  From value = number<From>(*operand);
  if (!std::in_range<To>(value))
    calls::kiln_fail_convert_int(static_cast<int64_t>(value), static_cast<int32_t>(kind_of<From>()), static_cast<int32_t>(kind_of<To>()));
  *result = slot_of(static_cast<To>(value));
}

template <typename From, typename To>
void convert_exact(Slot *result, const Slot *operand) {
  From value = number<From>(*operand);
  To converted = static_cast<To>(value);
  double beyond = std::ldexp(1.0, static_cast<int>(8 * sizeof(From)) - std::is_signed_v<From>);
  bool exact = converted != static_cast<To>(beyond) && static_cast<From>(converted) == value;
  if (!exact)
    calls::kiln_fail_inexact(static_cast<int64_t>(value), static_cast<int32_t>(kind_of<From>()), static_cast<int32_t>(kind_of<To>()));
  *result = slot_of(converted);
}

template <typename From, typename To>
void convert_truncating(Slot *result, const Slot *operand) {
  double wide = number<From>(*operand);
  double above = std::ldexp(1.0, static_cast<int>(8 * sizeof(To)) - std::is_signed_v<To>);
  bool high_enough;
  if constexpr (std::is_same_v<To, int64_t>)
    high_enough = wide >= -above;
  else
    high_enough = wide > (std::is_signed_v<To> ? -above - 1 : -1.0);
  if (!(wide < above && high_enough)) calls::kiln_fail_convert_float(wide, static_cast<int32_t>(kind_of<To>()));
  *result = slot_of(static_cast<To>(wide));
}

template <typename From, typename To>
Apply1 conversion(Conversion conversion, bool from_bool, bool check) {
  constexpr bool from_float = std::is_floating_point_v<From>, to_float = std::is_floating_point_v<To>;
  bool is_checked = conversion == Conversion::Checked || (conversion == Conversion::Truncating && !from_float);
  if constexpr (!from_float && !to_float)
    if (is_checked && !from_bool && check) return &convert_checked<From, To>;
  if constexpr (!from_float && to_float && sizeof(From) >= 4)
    if (conversion == Conversion::CheckedExact && check && 8 * sizeof(From) > std::numeric_limits<To>::digits)
      return &convert_exact<From, To>;
  if constexpr (from_float && !to_float)
    if (conversion == Conversion::Truncating && check) return &convert_truncating<From, To>;
  return &convert_plain<From, To>;
}

// --- intrinsics ---

template <typename T>
void absolute(Slot *result, const Slot *operand) {
  T value = number<T>(*operand);
  if constexpr (std::is_floating_point_v<T>) {
    value = std::fabs(value);
  } else if constexpr (std::is_signed_v<T>) {
    if (value == std::numeric_limits<T>::min()) fail_overflow(value, T(0), abs_code);
    if (value < 0) value = static_cast<T>(-value);
  }
  *result = slot_of(value);
}

template <typename T>
void sign(Slot *result, const Slot *operand) {
  T value = number<T>(*operand);
  if (value > 0) value = 1; // Zeros and NaN stay as they are.
  if constexpr (std::is_signed_v<T>)
    if (value < 0) value = -1;
  *result = slot_of(value);
}

template <typename T>
void square_root(Slot *result, const Slot *operand) { *result = slot_of(std::sqrt(number<T>(*operand))); }
template <typename T>
void floor_of(Slot *result, const Slot *operand) { *result = slot_of(std::floor(number<T>(*operand))); }
template <typename T>
void ceil_of(Slot *result, const Slot *operand) { *result = slot_of(std::ceil(number<T>(*operand))); }
template <typename T>
void round_of(Slot *result, const Slot *operand) { *result = slot_of(std::round(number<T>(*operand))); }
template <typename T>
void trunc_of(Slot *result, const Slot *operand) { *result = slot_of(std::trunc(number<T>(*operand))); }
template <typename T>
void is_nan(Slot *result, const Slot *operand) { result->u = std::isnan(number<T>(*operand)); }
template <typename T>
void is_inf(Slot *result, const Slot *operand) { result->u = std::isinf(number<T>(*operand)); }

/// IEEE 754-2019 minimum and maximum: a NaN stays, -0 is less than 0.
template <typename T, bool max>
void extremum(Slot *result, const Slot *left, const Slot *right) {
  T a = number<T>(*left), b = number<T>(*right);
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) {
      *result = slot_of(std::isnan(a) ? a : b);
      return;
    }
    if (a == b && std::signbit(a) != std::signbit(b)) {
      *result = slot_of(std::signbit(a) == max ? b : a);
      return;
    }
  }
  *result = slot_of(max ? (a < b ? b : a) : (b < a ? b : a));
}

template <typename T>
void copy_sign(Slot *result, const Slot *left, const Slot *right) {
  *result = slot_of(std::copysign(number<T>(*left), number<T>(*right)));
}

template <typename T>
Apply1 float_intrinsic(IntrinsicKind kind) {
  switch (kind) {
  case IntrinsicKind::Sqrt: return &square_root<T>;
  case IntrinsicKind::Floor: return &floor_of<T>;
  case IntrinsicKind::Ceil: return &ceil_of<T>;
  case IntrinsicKind::Round: return &round_of<T>;
  case IntrinsicKind::Trunc: return &trunc_of<T>;
  case IntrinsicKind::IsNan: return &is_nan<T>;
  case IntrinsicKind::IsInf: return &is_inf<T>;
  default: return nullptr;
  }
}

} // namespace

Apply1 unary_function(UnaryOp op, const Type *type, bool checked) {
  Apply1 found = nullptr;
  with_number(type, [&](auto value) {
    using T = decltype(value);
    if (op == UnaryOp::Negate) found = &negate<T>;
    if constexpr (!std::is_floating_point_v<T>) {
      if (op == UnaryOp::Negate && !checked) found = &negate_wrapping<T>;
      if (op == UnaryOp::BitNot) found = &bit_not<T>;
    }
  });
  return found;
}

Apply2 arithmetic_function(BinaryOp op, const Type *type, bool checked) {
  Apply2 found = nullptr;
  with_number(type, [&](auto value) {
    using T = decltype(value);
    if constexpr (std::is_floating_point_v<T>)
      found = float_arithmetic<T>(op);
    else
      found = integer_arithmetic<T>(op, checked);
  });
  return found;
}

Apply2 bit_function(BinaryOp op, const Type *left) {
  Apply2 found = nullptr;
  with_number(left, [&](auto value) {
    using T = decltype(value);
    if constexpr (!std::is_floating_point_v<T>) {
      if (op == BinaryOp::BitAnd) found = &bit_and<T>;
      if (op == BinaryOp::BitOr) found = &bit_or<T>;
      if (op == BinaryOp::BitXor) found = &bit_xor<T>;
      if (op == BinaryOp::ShiftLeft) found = &shift_left<T>;
      if (op == BinaryOp::ShiftRight) found = &shift_right<T>;
    }
  });
  return found;
}

Apply2 comparison_function(BinaryOp op, const Type *left, const Type *right) {
  // Wider types hold the values of narrower ones.
  auto wide = [](const Type *type) {
    if (type->is(TypeKind::U64)) return 1;
    return type->is(TypeKind::F64) ? 2 : type->is(TypeKind::F32) ? 3 : 0;
  };
  Apply2 found = nullptr;
  auto with_wide = [&](int kind, auto body) {
    if (kind == 0) body(int64_t{});
    if (kind == 1) body(uint64_t{});
    if (kind == 2) body(double{});
    if (kind == 3) body(float{});
  };
  with_wide(wide(left), [&](auto a) {
    with_wide(wide(right), [&](auto b) { found = comparison<decltype(a), decltype(b)>(op); });
  });
  return found;
}

Apply1 conversion_function(Conversion how, const Type *from, const Type *to, bool checked) {
  Apply1 found = nullptr;
  with_number(from, [&](auto a) {
    using From = decltype(a);
    if (to->is(TypeKind::Bool))
      found = &convert_to_bool<From>;
    else
      with_number(to, [&](auto b) { found = conversion<From, decltype(b)>(how, from->is(TypeKind::Bool), checked); });
  });
  return found;
}

Apply1 intrinsic_function(IntrinsicKind kind, const Type *operand) {
  Apply1 found = nullptr;
  with_number(operand, [&](auto value) {
    using T = decltype(value);
    if (kind == IntrinsicKind::Sign) found = &sign<T>;
    if (kind == IntrinsicKind::Abs) found = &absolute<T>;
    if constexpr (std::is_floating_point_v<T>)
      if (!found) found = float_intrinsic<T>(kind);
  });
  return found;
}

Apply2 intrinsic_function2(IntrinsicKind kind, const Type *type) {
  Apply2 found = nullptr;
  with_number(type, [&](auto value) {
    using T = decltype(value);
    if (kind == IntrinsicKind::Min) found = &extremum<T, false>;
    if (kind == IntrinsicKind::Max) found = &extremum<T, true>;
    if constexpr (std::is_floating_point_v<T>)
      if (kind == IntrinsicKind::CopySign) found = &copy_sign<T>;
  });
  return found;
}

void *math_function(std::string_view name, const Type *type) {
  struct Row {
    std::string_view name, f64, f32;
  };
  static constexpr Row rows[] = {
#define KILN_MATH(name, f64, f32, operands) {name, #f64, #f32},
#include "codegen/math.def"
  };
  struct Simd {
    std::string_view name, bound;
  };
  static constexpr Simd simd[] = {
#define KILN_SIMD_MATH(name, bound, operands) {name, bound},
#include "codegen/simd_math.def"
  };
  if (type->is(TypeKind::F64) && processor_has_fma())
    for (const Simd &row : simd)
      if (row.name == name && has_simd_math())
        return simd_math_address("Sleef_finz_" + std::string(name) + "d1_" + std::string(row.bound) + "purecfma");
  for (const Row &row : rows)
    if (row.name == name) return runtime_address(type->is(TypeKind::F32) ? row.f32 : row.f64);
  return nullptr;
}

} // namespace kiln
