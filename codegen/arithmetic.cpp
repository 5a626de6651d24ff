#include "codegen/arithmetic.h"

#include <bit>
#include <cmath>
#include <limits>

namespace kiln {

const Type *computes_as(TypeTable &types, const Type *type) {
  switch (type->kind) {
  case TypeKind::Bool:
  case TypeKind::I8:
  case TypeKind::I16:
  case TypeKind::U8:
  case TypeKind::U16: return types.i64;
  default: return type;
  }
}

namespace {

/// The type that an unsuffixed literal takes beside an operand of the given type, or null.
const Type *literal_type(const Abstract &literal, const Type *beside) {
  if (!literal.literal || !literal.constant)
    return nullptr;
  if (beside->is(TypeKind::F32))
    return beside;
  bool adapts = beside->is(TypeKind::I32) || beside->is(TypeKind::U32) || beside->is(TypeKind::U64);
  return adapts && literal.type->is_integer() && fits(beside, literal.constant->integer()) ? beside : nullptr;
}

bool computes(const Abstract &value) { return value.type->is_number() || value.type->is(TypeKind::Bool); }

} // namespace

const Type *promoted(TypeTable &types, const Abstract &left, const Abstract &right) {
  if (const Type *type = left.literal && right.literal ? nullptr : literal_type(left, right.type))
    return type;
  if (const Type *type = left.literal && right.literal ? nullptr : literal_type(right, left.type))
    return type;
  const Type *a = computes_as(types, left.type), *b = computes_as(types, right.type);
  if (a == b)
    return a;
  if (a->is_float() || b->is_float())
    return types.f64;
  if (a->is(TypeKind::U64) || b->is(TypeKind::U64)) {
    const Type *other = a->is(TypeKind::U64) ? b : a;
    return other->is(TypeKind::U32) ? types.u64 : nullptr;
  }
  return types.i64;
}

namespace {

OperatorTypes same(const Type *type) { return {type, type, type, false, {}}; }
OperatorTypes refuse(std::string help = {}) { return {nullptr, nullptr, nullptr, false, std::move(help)}; }

OperatorTypes mixed_signs(const Abstract &left, const Abstract &right) {
  const Type *narrow = left.type->is(TypeKind::U64) ? right.type : left.type;
  return refuse(fmt::format("convert one side: `u64(...)` for the {}, or `i64(...)` for the u64", to_string(narrow)));
}

OperatorTypes arithmetic(TypeTable &types, BinaryOp op, const Abstract &left, const Abstract &right) {
  if (left.is(TypeKind::Str) && right.is(TypeKind::Str) && op == BinaryOp::Add)
    return same(types.str);
  if (op == BinaryOp::Add && (left.is(TypeKind::Str) || right.is(TypeKind::Str)))
    return refuse("interpolate it, as in \"text $x\", or convert it with `str(...)`");
  if (!computes(left) || !computes(right)) {
    if (left.type->is_array() || right.type->is_array())
      return refuse(fmt::format("for each element write `.{0}`, as in `xs .{0} ys`", spelling(op)));
    return refuse();
  }
  const Type *type = promoted(types, left, right);
  if (!type)
    return mixed_signs(left, right);
  if (op == BinaryOp::Divide && type->is_integer())
    type = types.f64;
  bool wraps_around = op == BinaryOp::AddWrap || op == BinaryOp::SubtractWrap || op == BinaryOp::MultiplyWrap;
  if (wraps_around && type->is_float())
    return refuse("floating-point numbers do not wrap around; write the operator without `%`");
  // 2^-1: a negative literal as exponent asks for a float.
  if (op == BinaryOp::Power && type->is_integer() && right.literal && right.constant && right.constant->integer() < 0)
    type = types.f64;
  return same(type);
}

OperatorTypes bits(TypeTable &types, BinaryOp op, const Abstract &left, const Abstract &right) {
  if (left.is(TypeKind::Bool) && right.is(TypeKind::Bool))
    return refuse(op == BinaryOp::BitAnd ? "write `and`" : op == BinaryOp::BitOr ? "write `or`" : "write `!=` for an exclusive or");
  if (!left.type->is_integer() || !right.type->is_integer())
    return refuse(op == BinaryOp::BitXor ? "" : left.type->is_float() || right.type->is_float() ? "bit operators work on integers" : "");
  const Type *result = left.type;
  if (op != BinaryOp::ShiftLeft && op != BinaryOp::ShiftRight)
    if (const Type *type = right.literal ? nullptr : literal_type(left, right.type))
      result = type;
  const Type *wide = computes_as(types, result);
  OperatorTypes rule = same(wide);
  rule.result = result;
  rule.wraps = wide != result;
  if (op == BinaryOp::ShiftLeft || op == BinaryOp::ShiftRight)
    rule.right = types.i64;
  return rule;
}

/// Whether values of two types can be equal at all.
bool may_be_equal(TypeTable &types, const Type *a, const Type *b) {
  if (a == b || (a->is_number() && b->is_number()))
    return true;
  if (a->is_union() || b->is_union()) {
    for (const Type *x : a->alternatives())
      for (const Type *y : b->alternatives())
        if (may_be_equal(types, x, y))
          return true;
    return false;
  }
  if (a->is(TypeKind::Tuple) && b->is(TypeKind::Tuple)) {
    if (a->elements.size() != b->elements.size())
      return false;
    for (size_t i = 0; i < a->elements.size(); ++i)
      if (!may_be_equal(types, a->elements[i], b->elements[i]))
        return false;
  }
  const Type *joined = join_types(types, a, b);
  return joined && !joined->is_union();
}

/// Operands keep their types where no one type holds both exactly: lowering compares those mixes exactly.
OperatorTypes comparison(TypeTable &types, BinaryOp op, const Abstract &left, const Abstract &right) {
  bool equality = op == BinaryOp::Equal || op == BinaryOp::NotEqual;
  auto compare_as = [&](const Type *a, const Type *b) { return OperatorTypes{a, b, types.boolean, false, {}}; };
  if (left.type->is_number() && right.type->is_number()) {
    if (const Type *type = left.literal ? nullptr : literal_type(right, left.type))
      return compare_as(type, type);
    if (const Type *type = right.literal ? nullptr : literal_type(left, right.type))
      return compare_as(type, type);
    auto widened = [&](const Type *type) {
      if (type->is(TypeKind::U64))
        return type;
      return type->is_integer() ? types.i64 : types.f64;
    };
    if (left.type == right.type && !(left.type->is_integer() && left.type->bits() < 32))
      return compare_as(left.type, left.type);
    const Type *a = widened(left.type), *b = widened(right.type);
    // A narrow integer is exact in a float.
    if (a->is_integer() && b->is_float() && left.type->bits() <= 32)
      a = types.f64;
    if (b->is_integer() && a->is_float() && right.type->bits() <= 32)
      b = types.f64;
    return compare_as(a, b);
  }
  if (left.is(TypeKind::Str) && right.is(TypeKind::Str))
    return compare_as(types.str, types.str);
  if (!equality)
    return refuse();
  if (left.is(TypeKind::U8) && right.is(TypeKind::Str))
    return refuse("an element of a str is a u8: compare it with a character such as 'a'");
  const Type *joined = join_types(types, left.type, right.type);
  if (!joined || !may_be_equal(types, left.type, right.type))
    return refuse();
  return compare_as(joined, joined);
}

} // namespace

OperatorTypes binary_types(TypeTable &types, BinaryOp op, const Abstract &left, const Abstract &right) {
  switch (op) {
  case BinaryOp::Less:
  case BinaryOp::LessEqual:
  case BinaryOp::Greater:
  case BinaryOp::GreaterEqual:
  case BinaryOp::Equal:
  case BinaryOp::NotEqual: return comparison(types, op, left, right);
  case BinaryOp::In: return refuse();
  case BinaryOp::BitOr:
  case BinaryOp::BitXor:
  case BinaryOp::BitAnd:
  case BinaryOp::ShiftLeft:
  case BinaryOp::ShiftRight: return bits(types, op, left, right);
  case BinaryOp::Add:
  case BinaryOp::Subtract:
  case BinaryOp::AddWrap:
  case BinaryOp::SubtractWrap:
  case BinaryOp::Multiply:
  case BinaryOp::MultiplyWrap:
  case BinaryOp::Divide:
  case BinaryOp::FloorDivide:
  case BinaryOp::Modulo:
  case BinaryOp::Power: return arithmetic(types, op, left, right);
  }
  return refuse();
}

OperatorTypes unary_types(TypeTable &types, UnaryOp op, const Abstract &operand) {
  const Type *type = operand.type;
  switch (op) {
  case UnaryOp::Not:
    return type->is(TypeKind::Bool) ? same(type) : refuse(type->is_integer() ? "compare it, as in `x == 0`" : "");
  case UnaryOp::BitNot: {
    if (!type->is_integer())
      return refuse(type->is(TypeKind::Bool) ? "write `not`" : "");
    OperatorTypes rule = same(computes_as(types, type));
    rule.wraps = rule.result != type;
    rule.result = type;
    return rule;
  }
  case UnaryOp::Plus:
  case UnaryOp::Negate:
    if (!computes(operand))
      return refuse(type->is_array() ? "for each element write `.-xs`" : "");
    if (type->is(TypeKind::U64))
      return op == UnaryOp::Plus ? same(type) : refuse("a u64 has no negative: convert it with `i64(...)` first, or write `0u64 -% x`");
    return same(type->is(TypeKind::U32) ? types.i64 : computes_as(types, type));
  }
  return refuse();
}

namespace {

Constant boolean(bool value) { return Constant::of_bool(value); }
Constant integer(int64_t value) { return Constant::of_int(value); }
Constant floating(double value) { return Constant::of_float(value); }

template <typename T> std::optional<Constant> fold_comparison(BinaryOp op, T a, T b) {
  switch (op) {
  case BinaryOp::Less: return boolean(a < b);
  case BinaryOp::LessEqual: return boolean(a <= b);
  case BinaryOp::Greater: return boolean(a > b);
  case BinaryOp::GreaterEqual: return boolean(a >= b);
  case BinaryOp::Equal: return boolean(a == b);
  case BinaryOp::NotEqual: return boolean(a != b);
  default: return std::nullopt;
  }
}

/// i64 and i32; what would overflow or fail is left to run time, which reports it.
std::optional<Constant> fold_signed(BinaryOp op, const Type *type, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (op) {
  case BinaryOp::Add:
    if (__builtin_add_overflow(a, b, &result))
      return std::nullopt;
    break;
  case BinaryOp::Subtract:
    if (__builtin_sub_overflow(a, b, &result))
      return std::nullopt;
    break;
  case BinaryOp::Multiply:
    if (__builtin_mul_overflow(a, b, &result))
      return std::nullopt;
    break;
  case BinaryOp::FloorDivide:
  case BinaryOp::Modulo: {
    if (b == 0 || b == -1)
      return std::nullopt;
    int64_t quotient = a / b, remainder = a % b;
    if (remainder != 0 && (remainder < 0) != (b < 0))
      --quotient, remainder += b;
    result = op == BinaryOp::Modulo ? remainder : quotient;
    break;
  }
  case BinaryOp::Power:
    if (b < 0 || b > 62)
      return std::nullopt;
    result = 1;
    for (int64_t i = 0; i < b; ++i)
      if (__builtin_mul_overflow(result, a, &result))
        return std::nullopt;
    break;
  case BinaryOp::BitAnd: result = a & b; break;
  case BinaryOp::BitOr: result = a | b; break;
  case BinaryOp::BitXor: result = a ^ b; break;
  case BinaryOp::ShiftLeft:
    if (b < 0 || b >= 31 || !type->is(TypeKind::I64))
      return std::nullopt;
    result = static_cast<int64_t>(static_cast<uint64_t>(a) << b);
    break;
  case BinaryOp::ShiftRight:
    if (b < 0 || b > 63)
      return std::nullopt;
    result = a >> b;
    break;
  default: return std::nullopt;
  }
  return fits(type, result) ? std::optional(integer(result)) : std::nullopt;
}

std::optional<Constant> fold_float(BinaryOp op, double a, double b) {
  switch (op) {
  case BinaryOp::Add: return floating(a + b);
  case BinaryOp::Subtract: return floating(a - b);
  case BinaryOp::Multiply: return floating(a * b);
  case BinaryOp::Divide: return floating(a / b);
  default: return std::nullopt;
  }
}

} // namespace

std::optional<Constant> fold_binary(BinaryOp op, const OperatorTypes &rule, const Constant &left, const Constant &right) {
  const Type *type = rule.left;
  if (rule.wraps)
    return std::nullopt;
  if (is_comparison(op)) {
    if (rule.left != rule.right)
      return std::nullopt;
    if (type->is_float())
      return fold_comparison(op, left.floating(), right.floating());
    if (type->is(TypeKind::U64))
      return fold_comparison(op, static_cast<uint64_t>(left.integer()), static_cast<uint64_t>(right.integer()));
    if (type->is_integer() || type->is(TypeKind::Bool))
      return fold_comparison(op, left.integer(), right.integer());
    if (type->is(TypeKind::Str))
      return fold_comparison(op, left.text(), right.text());
    return std::nullopt;
  }
  if (type->is(TypeKind::F64))
    return fold_float(op, left.floating(), right.floating());
  if (type->is(TypeKind::I64) || type->is(TypeKind::I32))
    return fold_signed(op, type, left.integer(), right.integer());
  return std::nullopt;
}

std::optional<Constant> fold_unary(UnaryOp op, const OperatorTypes &rule, const Constant &operand) {
  if (rule.wraps)
    return std::nullopt;
  switch (op) {
  case UnaryOp::Not: return boolean(operand.integer() == 0);
  case UnaryOp::Negate:
    if (rule.result->is_float())
      return floating(-operand.floating());
    if (rule.result->is_signed() && operand.integer() != std::numeric_limits<int64_t>::min() && fits(rule.result, -operand.integer()))
      return integer(-operand.integer());
    return std::nullopt;
  case UnaryOp::BitNot: return rule.result->is(TypeKind::I64) ? std::optional(integer(~operand.integer())) : std::nullopt;
  case UnaryOp::Plus: return operand;
  }
  return std::nullopt;
}

} // namespace kiln
