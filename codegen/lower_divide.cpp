// Integer division and remainder that floor, as Python's, in the forms that LLVM makes cheap.
#include "codegen/lower_function.h"

namespace kiln {

// Kept without checks too: the processor would trap.
void FunctionLowering::check_divisor(const Inst &inst, Value left, Value right) {
  const Type *type = inst.type;
  auto code = static_cast<uint32_t>(inst.binary_op) | static_cast<uint32_t>(type->kind) << 8;
  auto *constant = llvm::dyn_cast<llvm::ConstantInt>(right);
  if (!constant || constant->isZero())
    fail_if(builder_.CreateICmpEQ(right, llvm::ConstantInt::get(right->getType(), 0)), Runtime::kiln_fail_division,
            {widen(type, left), i32(code)});
  if (inst.binary_op == BinaryOp::FloorDivide && type->is_signed() && (!constant || constant->isMinusOne())) {
    Value least = llvm::ConstantInt::get(module_.llvm, llvm::APInt::getSignedMinValue(type->bits()));
    Value minus_one = llvm::ConstantInt::getSigned(right->getType(), -1);
    fail_if(builder_.CreateAnd(builder_.CreateICmpEQ(left, least), builder_.CreateICmpEQ(right, minus_one)),
            Runtime::kiln_fail_overflow, {widen(type, left), widen(type, right), i32(code)});
  }
}

FunctionLowering::Value FunctionLowering::emit_floor_divide(const Inst &inst, Value left, Value right) {
  if (!is_covered(inst)) check_divisor(inst, left, right);
  if (inst.type->is_unsigned()) return builder_.CreateUDiv(left, right);
  auto *constant = llvm::dyn_cast<llvm::ConstantInt>(right);
  if (constant && constant->getValue().isPowerOf2() && !constant->isNegative())
    return builder_.CreateAShr(left, constant->getValue().logBase2());
  Value quotient = builder_.CreateSDiv(left, right);
  Value rest = builder_.CreateSub(left, builder_.CreateMul(quotient, right));
  Value zero = llvm::ConstantInt::get(left->getType(), 0);
  Value too_high; // The quotient was rounded up, toward zero.
  if (constant && constant->getValue().isStrictlyPositive())
    too_high = builder_.CreateICmpSLT(rest, zero);
  else
    too_high = builder_.CreateAnd(builder_.CreateICmpNE(rest, zero),
                                  builder_.CreateICmpSLT(builder_.CreateXor(rest, right), zero));
  return builder_.CreateAdd(quotient, builder_.CreateSExt(too_high, left->getType()));
}

FunctionLowering::Value FunctionLowering::emit_modulo(const Inst &inst, Value left, Value right) {
  if (!is_covered(inst)) check_divisor(inst, left, right);
  if (inst.type->is_unsigned()) return builder_.CreateURem(left, right);
  auto *constant = llvm::dyn_cast<llvm::ConstantInt>(right);
  Value zero = llvm::ConstantInt::get(left->getType(), 0), one = llvm::ConstantInt::get(left->getType(), 1);
  if (constant && constant->getValue().isStrictlyPositive()) {
    if (constant->getValue().isPowerOf2()) return builder_.CreateAnd(left, builder_.CreateSub(constant, one));
    Value rest = builder_.CreateSRem(left, right);
    return builder_.CreateSelect(builder_.CreateICmpSLT(rest, zero), builder_.CreateAdd(rest, right), rest);
  }
  // The least integer % -1 is 0, but the instruction for it traps; % 1 is 0 as well.
  Value minus_one = llvm::ConstantInt::getSigned(right->getType(), -1);
  Value divisor = builder_.CreateSelect(builder_.CreateICmpEQ(right, minus_one), one, right);
  Value rest = builder_.CreateSRem(left, divisor);
  Value wrong_sign = builder_.CreateAnd(builder_.CreateICmpNE(rest, zero),
                                        builder_.CreateICmpSLT(builder_.CreateXor(rest, right), zero));
  return builder_.CreateSelect(wrong_sign, builder_.CreateAdd(rest, right), rest);
}

} // namespace kiln
