// Arithmetic and bits. Floating operations are strictly those written: no contraction, no reassociation.
#include "codegen/lower_function.h"

namespace kiln {

namespace {

constexpr uint32_t unary_code = 255; // What kiln_fail_overflow is told instead of a BinaryOp.

uint32_t overflow_code(uint32_t op, const Type *type) { return op | static_cast<uint32_t>(type->kind) << 8; }

llvm::Intrinsic::ID overflow_intrinsic(BinaryOp op, bool is_signed) {
  switch (op) {
  case BinaryOp::Add: return is_signed ? llvm::Intrinsic::sadd_with_overflow : llvm::Intrinsic::uadd_with_overflow;
  case BinaryOp::Subtract: return is_signed ? llvm::Intrinsic::ssub_with_overflow : llvm::Intrinsic::usub_with_overflow;
  case BinaryOp::Multiply: return is_signed ? llvm::Intrinsic::smul_with_overflow : llvm::Intrinsic::umul_with_overflow;
  case BinaryOp::Less:
  case BinaryOp::LessEqual:
  case BinaryOp::Greater:
  case BinaryOp::GreaterEqual:
  case BinaryOp::Equal:
  case BinaryOp::NotEqual:
  case BinaryOp::In:
  case BinaryOp::BitOr:
  case BinaryOp::BitXor:
  case BinaryOp::BitAnd:
  case BinaryOp::ShiftLeft:
  case BinaryOp::ShiftRight:
  case BinaryOp::AddWrap:
  case BinaryOp::SubtractWrap:
  case BinaryOp::MultiplyWrap:
  case BinaryOp::Divide:
  case BinaryOp::FloorDivide:
  case BinaryOp::Modulo:
  case BinaryOp::Power: break;
  }
  llvm_unreachable("not an operation with an overflow intrinsic");
}

} // namespace

FunctionLowering::Value FunctionLowering::emit_unary(const Inst &inst) {
  Value operand = arg(inst, 0);
  switch (inst.unary_op) {
  case UnaryOp::Negate: {
    if (inst.type->is_float()) return builder_.CreateFNeg(operand);
    Value zero = llvm::ConstantInt::get(operand->getType(), 0);
    return checked_arithmetic(BinaryOp::Subtract, inst.type, zero, operand, is_covered(inst),
                              {operand, zero, overflow_code(unary_code, inst.type)});
  }
  case UnaryOp::BitNot:
  case UnaryOp::Not: return builder_.CreateNot(operand);
  case UnaryOp::Plus: return operand;
  }
  return nullptr;
}

FunctionLowering::Value FunctionLowering::emit_binary(const Inst &inst) {
  const Type *type = inst.args[0]->type;
  if (is_comparison(inst.binary_op)) return emit_compare(inst);
  if (inst.type->is(TypeKind::Str)) return emit_concat(inst.args);
  Value left = arg(inst, 0), right = arg(inst, 1);
  if (type->is_float()) return emit_float(inst, left, right);
  switch (inst.binary_op) {
  case BinaryOp::Add:
  case BinaryOp::Subtract:
  case BinaryOp::Multiply: {
    auto [known, is_new] = known_.arithmetic.try_emplace({inst.binary_op, left, right}, nullptr);
    if (is_new)
      known->second = checked_arithmetic(inst.binary_op, type, left, right, is_covered(inst),
                                         {left, right, overflow_code(static_cast<uint32_t>(inst.binary_op), type)});
    return known->second;
  }
  case BinaryOp::AddWrap: return builder_.CreateAdd(left, right);
  case BinaryOp::SubtractWrap: return builder_.CreateSub(left, right);
  case BinaryOp::MultiplyWrap: return builder_.CreateMul(left, right);
  case BinaryOp::FloorDivide: return emit_floor_divide(inst, left, right);
  case BinaryOp::Modulo: return emit_modulo(inst, left, right);
  case BinaryOp::Power: return emit_power(inst, left, right);
  case BinaryOp::BitOr:
  case BinaryOp::BitXor:
  case BinaryOp::BitAnd: return emit_bits(inst, left, right);
  case BinaryOp::ShiftLeft:
  case BinaryOp::ShiftRight: return emit_shift(inst, left, right);
  case BinaryOp::Less:
  case BinaryOp::LessEqual:
  case BinaryOp::Greater:
  case BinaryOp::GreaterEqual:
  case BinaryOp::Equal:
  case BinaryOp::NotEqual:
  case BinaryOp::In:
  case BinaryOp::Divide: break;
  }
  llvm_unreachable("an operator that inference does not let through on integers");
}

FunctionLowering::Value FunctionLowering::checked_arithmetic(BinaryOp op, const Type *type, Value left, Value right,
                                                             bool unchecked, const OverflowReport &report) {
  bool is_signed = type->is_signed();
  if (!unchecked && checks()) {
    Value both = builder_.CreateBinaryIntrinsic(overflow_intrinsic(op, is_signed), left, right);
    Value result = builder_.CreateExtractValue(both, 0);
    fail_if(builder_.CreateExtractValue(both, 1), Runtime::kiln_fail_overflow,
            {widen(type, report.left), widen(type, report.right), i32(report.code)});
    return result;
  }
  // Without checks signed overflow is undefined, as in C; unsigned wraps unless it was proven not to.
  bool nuw = !is_signed && unchecked;
  if (op == BinaryOp::Add) return builder_.CreateAdd(left, right, "", nuw, is_signed);
  if (op == BinaryOp::Subtract) return builder_.CreateSub(left, right, "", nuw, is_signed);
  return builder_.CreateMul(left, right, "", nuw, is_signed);
}

FunctionLowering::Value FunctionLowering::emit_float(const Inst &inst, Value left, Value right) {
  switch (inst.binary_op) {
  case BinaryOp::Add: return builder_.CreateFAdd(left, right);
  case BinaryOp::Subtract: return builder_.CreateFSub(left, right);
  case BinaryOp::Multiply: return builder_.CreateFMul(left, right);
  case BinaryOp::Divide: return builder_.CreateFDiv(left, right);
  case BinaryOp::FloorDivide:
    if (inst.type->is(TypeKind::F64)) return call_runtime(Runtime::kiln_floor_divide, {left, right});
    return builder_.CreateFPTrunc(
        call_runtime(Runtime::kiln_floor_divide, {builder_.CreateFPExt(left, builder_.getDoubleTy()),
                                                  builder_.CreateFPExt(right, builder_.getDoubleTy())}),
        left->getType());
  case BinaryOp::Modulo: { // As Python's: the sign of the divisor, exact but for one rounded addition.
    Value rest = builder_.CreateFRem(left, right), zero = llvm::ConstantFP::get(left->getType(), 0.0);
    Value signs_differ = builder_.CreateICmpNE(builder_.CreateFCmpOLT(rest, zero), builder_.CreateFCmpOLT(right, zero));
    Value moved = builder_.CreateSelect(signs_differ, builder_.CreateFAdd(rest, right), rest);
    Value signed_zero = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, zero, right);
    Value nan = builder_.CreateFCmpUNO(rest, rest);
    Value fixed = builder_.CreateSelect(builder_.CreateFCmpOEQ(rest, zero), signed_zero, moved);
    return builder_.CreateSelect(nan, rest, fixed);
  }
  case BinaryOp::Power: return call_math("pow", inst.type, {left, right});
  case BinaryOp::Less:
  case BinaryOp::LessEqual:
  case BinaryOp::Greater:
  case BinaryOp::GreaterEqual:
  case BinaryOp::Equal:
  case BinaryOp::NotEqual:
  case BinaryOp::In:
  case BinaryOp::BitOr:
  case BinaryOp::BitXor:
  case BinaryOp::BitAnd:
  case BinaryOp::ShiftLeft:
  case BinaryOp::ShiftRight:
  case BinaryOp::AddWrap:
  case BinaryOp::SubtractWrap:
  case BinaryOp::MultiplyWrap: break;
  }
  llvm_unreachable("an operator that inference does not let through on floats");
}

FunctionLowering::Value FunctionLowering::emit_bits(const Inst &inst, Value left, Value right) {
  if (left->getType() != right->getType()) // The result has the left operand's type.
    right = builder_.CreateIntCast(right, left->getType(), inst.args[1]->type->is_signed());
  if (inst.binary_op == BinaryOp::BitOr) return builder_.CreateOr(left, right);
  return inst.binary_op == BinaryOp::BitXor ? builder_.CreateXor(left, right) : builder_.CreateAnd(left, right);
}

// A count of the width or more shifts everything out; the selects keep LLVM's undefined shifts from being seen.
FunctionLowering::Value FunctionLowering::emit_shift(const Inst &inst, Value left, Value count) {
  unsigned width = inst.type->bits();
  llvm::Type *type = left->getType();
  count = widen(inst.args[1]->type, count);
  if (!is_covered(inst)) fail_if(builder_.CreateICmpSLT(count, i64(0)), Runtime::kiln_fail_shift, {count});
  Value in_width = builder_.CreateICmpULT(count, i64(width));
  Value amount = builder_.CreateTrunc(count, type);
  if (inst.binary_op == BinaryOp::ShiftRight && inst.type->is_signed()) {
    Value most = llvm::ConstantInt::get(type, width - 1);
    return builder_.CreateAShr(left, builder_.CreateSelect(in_width, amount, most));
  }
  Value shifted =
      inst.binary_op == BinaryOp::ShiftLeft ? builder_.CreateShl(left, amount) : builder_.CreateLShr(left, amount);
  return builder_.CreateSelect(in_width, shifted, llvm::ConstantInt::get(type, 0));
}

// A small constant exponent is multiplied out: an intermediate product overflows only when the result does.
FunctionLowering::Value FunctionLowering::emit_power(const Inst &inst, Value left, Value right) {
  auto *constant = llvm::dyn_cast<llvm::ConstantInt>(right);
  if (constant && constant->getValue().ule(16)) {
    uint64_t exponent = constant->getZExtValue();
    OverflowReport report{left, right, overflow_code(static_cast<uint32_t>(BinaryOp::Power), inst.type)};
    Value result = nullptr, square = left;
    for (; exponent > 0; exponent >>= 1) {
      if (exponent & 1)
        result = result ? checked_arithmetic(BinaryOp::Multiply, inst.type, result, square, is_covered(inst), report)
                        : square;
      if (exponent > 1)
        square = checked_arithmetic(BinaryOp::Multiply, inst.type, square, square, is_covered(inst), report);
    }
    return result ? result : llvm::ConstantInt::get(left->getType(), 1);
  }
  Runtime power = inst.type->is_signed() ? Runtime::kiln_power_i64 : Runtime::kiln_power_u64;
  Value wide = call_runtime(power, {widen(inst.type, left), widen(inst.args[1]->type, right)});
  if (inst.type->bits() == 64) return wide;
  Value narrow = builder_.CreateTrunc(wide, left->getType()); // i32 and u32: what 64 bits hold may not fit.
  if (checks())
    fail_if(builder_.CreateICmpNE(widen(inst.type, narrow), wide), Runtime::kiln_fail_overflow,
            {widen(inst.type, left), widen(inst.type, right),
             i32(overflow_code(static_cast<uint32_t>(BinaryOp::Power), inst.type))});
  return narrow;
}

} // namespace kiln
