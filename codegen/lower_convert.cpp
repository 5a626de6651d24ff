// Conversions between numbers, with the checks that each kind asks for.
#include "codegen/lower_function.h"

#include <cmath>

namespace kiln {

FunctionLowering::Value FunctionLowering::emit_convert(const Inst &inst) {
  const Type *from = inst.args[0]->type, *to = inst.type;
  Value operand = arg(inst, 0);
  if (from == to) return operand;
  if (to->is(TypeKind::Bool))
    return from->is_float() ? builder_.CreateFCmpUNE(operand, llvm::ConstantFP::get(operand->getType(), 0.0))
                            : builder_.CreateIsNotNull(operand);
  switch (inst.conversion) {
  case Conversion::Exact:
  case Conversion::Rounding:
  case Conversion::Wrapping: return convert_plain(from, to, operand);
  case Conversion::Checked: return convert_checked(from, to, operand, is_covered(inst));
  case Conversion::CheckedExact: return convert_exact_float(from, to, operand, is_covered(inst));
  case Conversion::Truncating:
    return from->is_float() ? convert_truncating(from, to, operand, is_covered(inst))
                            : convert_checked(from, to, operand, is_covered(inst));
  }
  return nullptr;
}

FunctionLowering::Value FunctionLowering::convert_plain(const Type *from, const Type *to, Value operand) {
  llvm::Type *type = module_.register_type(to);
  if (from->is_float())
    return to->is_float()
               ? builder_.CreateFPCast(operand, type)
               : (to->is_signed() ? builder_.CreateFPToSI(operand, type) : builder_.CreateFPToUI(operand, type));
  if (to->is_float())
    return from->is_signed() ? builder_.CreateSIToFP(operand, type) : builder_.CreateUIToFP(operand, type);
  return builder_.CreateIntCast(operand, type, from->is_signed());
}

// One or two compares in the source's width.
FunctionLowering::Value FunctionLowering::convert_checked(const Type *from, const Type *to, Value operand,
                                                          bool unchecked) {
  if (from->is_float() || to->is_float() || from->is(TypeKind::Bool) || unchecked)
    return convert_plain(from, to, operand);
  unsigned from_bits = from->bits(), to_bits = to->bits();
  auto bits = [&](llvm::APInt number) { return llvm::ConstantInt::get(module_.llvm, number); };
  auto greatest = [&] { // Of the target, in the source's width; only when it fits.
    return bits((to->is_signed() ? llvm::APInt::getSignedMaxValue(to_bits) : llvm::APInt::getMaxValue(to_bits))
                    .zext(from_bits));
  };
  Value failed;
  if (from->is_unsigned()) { // To fewer bits, or to as many with a sign.
    if (to_bits > from_bits || (to_bits == from_bits && to->is_unsigned())) return convert_plain(from, to, operand);
    failed = builder_.CreateICmpUGT(operand, greatest());
  } else if (to->is_unsigned()) { // A negative value is great as unsigned.
    failed = to_bits < from_bits ? builder_.CreateICmpUGT(operand, greatest())
                                 : builder_.CreateICmpSLT(operand, llvm::ConstantInt::get(operand->getType(), 0));
  } else {
    if (to_bits >= from_bits) return convert_plain(from, to, operand);
    Value moved = builder_.CreateAdd(operand, bits(llvm::APInt::getOneBitSet(from_bits, to_bits - 1)));
    failed = builder_.CreateICmpUGE(moved, bits(llvm::APInt::getOneBitSet(from_bits, to_bits)));
  }
  fail_if(failed, Runtime::kiln_fail_convert_int,
          {widen(from, operand), i32(static_cast<uint32_t>(from->kind)), i32(static_cast<uint32_t>(to->kind))});
  return convert_plain(from, to, operand);
}

FunctionLowering::Value FunctionLowering::convert_exact_float(const Type *from, const Type *to, Value operand,
                                                              bool unchecked) {
  Value result = convert_plain(from, to, operand);
  unsigned digits = to->is(TypeKind::F32) ? 24 : 53;
  if (from->is_float() || unchecked || from->is(TypeKind::Bool) || from->bits() <= digits) return result;
  // Back again, and the same? 2^63 or 2^64, which rounding up may give, does not come back.
  Value back = builder_.CreateIntrinsic(from->is_signed() ? llvm::Intrinsic::fptosi_sat : llvm::Intrinsic::fptoui_sat,
                                        {operand->getType(), result->getType()}, {result});
  double beyond = std::ldexp(1.0, static_cast<int>(from->bits()) - (from->is_signed() ? 1 : 0));
  Value failed = builder_.CreateOr(builder_.CreateICmpNE(back, operand),
                                   builder_.CreateFCmpOEQ(result, llvm::ConstantFP::get(result->getType(), beyond)));
  fail_if(failed, Runtime::kiln_fail_inexact,
          {widen(from, operand), i32(static_cast<uint32_t>(from->kind)), i32(static_cast<uint32_t>(to->kind))});
  return result;
}

FunctionLowering::Value FunctionLowering::convert_truncating(const Type *from, const Type *to, Value operand,
                                                             bool unchecked) {
  if (unchecked) return convert_plain(from, to, operand);
  llvm::Type *f64 = builder_.getDoubleTy();
  Value wide = builder_.CreateFPExt(operand, f64);
  // Above the least and below the greatest by less than one: all these limits are doubles, but least - 1 of i64, where
  // no double lies between it and the least.
  int bits = static_cast<int>(to->bits());
  double above = to->is_signed() ? std::ldexp(1.0, bits - 1) : std::ldexp(1.0, bits);
  Value low_enough = builder_.CreateFCmpOLT(wide, llvm::ConstantFP::get(f64, above));
  Value high_enough;
  if (to->is(TypeKind::I64))
    high_enough = builder_.CreateFCmpOGE(wide, llvm::ConstantFP::get(f64, -above));
  else
    high_enough = builder_.CreateFCmpOGT(wide, llvm::ConstantFP::get(f64, to->is_signed() ? -above - 1 : -1.0));
  fail_if(builder_.CreateNot(builder_.CreateAnd(low_enough, high_enough)), Runtime::kiln_fail_convert_float,
          {wide, i32(static_cast<uint32_t>(to->kind))});
  return convert_plain(from, to, operand);
}

} // namespace kiln
