// Comparison: exact across numeric types, by contents for what has parts.
#include "codegen/layout.h"
#include "codegen/lower_function.h"

namespace kiln {

namespace {

/// What a comparison asks of the order of two values.
struct Asked {
  bool less, equal, greater;
};

Asked asked(BinaryOp op) {
  switch (op) {
  case BinaryOp::Less: return {true, false, false};
  case BinaryOp::LessEqual: return {true, true, false};
  case BinaryOp::Greater: return {false, false, true};
  case BinaryOp::GreaterEqual: return {false, true, true};
  case BinaryOp::Equal: return {false, true, false};
  case BinaryOp::NotEqual: return {true, false, true};
  case BinaryOp::In:
  case BinaryOp::BitOr:
  case BinaryOp::BitXor:
  case BinaryOp::BitAnd:
  case BinaryOp::ShiftLeft:
  case BinaryOp::ShiftRight:
  case BinaryOp::Add:
  case BinaryOp::Subtract:
  case BinaryOp::AddWrap:
  case BinaryOp::SubtractWrap:
  case BinaryOp::Multiply:
  case BinaryOp::MultiplyWrap:
  case BinaryOp::Divide:
  case BinaryOp::FloorDivide:
  case BinaryOp::Modulo:
  case BinaryOp::Power: break;
  }
  llvm_unreachable("not a comparison");
}

/// The comparison with its operands exchanged.
BinaryOp mirrored(BinaryOp op) {
  Asked order = asked(op);
  if (order.less == order.greater) return op;
  if (order.less) return order.equal ? BinaryOp::GreaterEqual : BinaryOp::Greater;
  return order.equal ? BinaryOp::LessEqual : BinaryOp::Less;
}

llvm::CmpInst::Predicate integer_predicate(BinaryOp op, bool is_signed) {
  Asked order = asked(op);
  if (order.less && order.greater) return llvm::CmpInst::ICMP_NE;
  if (!order.less && !order.greater) return llvm::CmpInst::ICMP_EQ;
  if (order.less)
    return order.equal ? (is_signed ? llvm::CmpInst::ICMP_SLE : llvm::CmpInst::ICMP_ULE)
                       : (is_signed ? llvm::CmpInst::ICMP_SLT : llvm::CmpInst::ICMP_ULT);
  return order.equal ? (is_signed ? llvm::CmpInst::ICMP_SGE : llvm::CmpInst::ICMP_UGE)
                     : (is_signed ? llvm::CmpInst::ICMP_SGT : llvm::CmpInst::ICMP_UGT);
}

llvm::CmpInst::Predicate float_predicate(BinaryOp op) {
  Asked order = asked(op);
  if (order.less && order.greater) return llvm::CmpInst::FCMP_UNE; // A NaN differs from everything.
  if (!order.less && !order.greater) return llvm::CmpInst::FCMP_OEQ;
  if (order.less) return order.equal ? llvm::CmpInst::FCMP_OLE : llvm::CmpInst::FCMP_OLT;
  return order.equal ? llvm::CmpInst::FCMP_OGE : llvm::CmpInst::FCMP_OGT;
}

} // namespace

FunctionLowering::Value FunctionLowering::emit_compare(const Inst &inst) {
  const Type *left_type = inst.args[0]->type, *right_type = inst.args[1]->type;
  Value left = arg(inst, 0), right = arg(inst, 1);
  if (left_type != right_type && left_type->is_number() && right_type->is_number()) {
    if (right_type->is_float()) return compare_integer_float(inst.binary_op, left_type, left, right);
    if (left_type->is_float()) return compare_integer_float(mirrored(inst.binary_op), right_type, right, left);
    if (left_type->is_signed() != right_type->is_signed())
      return left_type->is_signed() ? compare_mixed_integers(inst.binary_op, left, right)
                                    : compare_mixed_integers(mirrored(inst.binary_op), right, left);
  }
  if (left_type->is_scalar()) return compare_scalars(inst.binary_op, left_type, left, right);
  if (inst.binary_op == BinaryOp::Equal) return equal(left_type, left, right);
  if (inst.binary_op == BinaryOp::NotEqual) return builder_.CreateNot(equal(left_type, left, right));
  Value order =
      call_runtime(Runtime::kiln_str_compare, {str_data(left), str_length(left), str_data(right), str_length(right)});
  return builder_.CreateICmp(integer_predicate(inst.binary_op, true), order, i64(0));
}

FunctionLowering::Value FunctionLowering::compare_scalars(BinaryOp op, const Type *type, Value left, Value right) {
  if (type->is_float()) return builder_.CreateFCmp(float_predicate(op), left, right);
  return builder_.CreateICmp(integer_predicate(op, type->is_signed()), left, right);
}

// A negative signed value is less than any unsigned one; else the bits compare.
FunctionLowering::Value FunctionLowering::compare_mixed_integers(BinaryOp op, Value signed_value,
                                                                 Value unsigned_value) {
  Value negative = builder_.CreateICmpSLT(signed_value, llvm::ConstantInt::get(signed_value->getType(), 0));
  Value as_bits = builder_.CreateICmp(integer_predicate(op, false), signed_value, unsigned_value);
  return builder_.CreateSelect(negative, builder_.getInt1(asked(op).less), as_bits);
}

// Rounding keeps order: when the integer's nearest float lies below or above, so does the integer. When they are equal
// the float is an integer, and that decides; only 2^63 (2^64 for u64), which the integer type does not hold, is greater
// than all.
FunctionLowering::Value FunctionLowering::compare_integer_float(BinaryOp op, const Type *integer_type, Value integer,
                                                                Value floating) {
  bool is_signed = integer_type->is_signed();
  llvm::Type *f64 = builder_.getDoubleTy(), *type = integer->getType();
  floating = builder_.CreateFPExt(floating, f64);
  Value nearest = is_signed ? builder_.CreateSIToFP(integer, f64) : builder_.CreateUIToFP(integer, f64);
  auto *constant = llvm::dyn_cast<llvm::ConstantInt>(integer);
  bool exact = integer_type->bits() < 64;
  if (constant)
    exact |=
        is_signed ? constant->getValue().abs().ule(uint64_t(1) << 53) : constant->getValue().ule(uint64_t(1) << 53);
  if (exact) return builder_.CreateFCmp(float_predicate(op), nearest, floating);
  Value whole = builder_.CreateIntrinsic(is_signed ? llvm::Intrinsic::fptosi_sat : llvm::Intrinsic::fptoui_sat,
                                         {type, f64}, {floating});
  Value beyond = builder_.CreateFCmpOEQ(floating, llvm::ConstantFP::get(f64, is_signed ? 0x1p63 : 0x1p64));
  Asked order = asked(op);
  Value when_equal = builder_.CreateSelect(beyond, builder_.getInt1(order.less),
                                           builder_.CreateICmp(integer_predicate(op, is_signed), integer, whole));
  Value differs = builder_.CreateFCmp(float_predicate(op), nearest, floating);
  return builder_.CreateSelect(builder_.CreateFCmpOEQ(nearest, floating), when_equal, differs);
}

FunctionLowering::Value FunctionLowering::equal(const Type *type, Value left, Value right) {
  if (type->is_empty()) return builder_.getTrue();
  if (type->is_scalar()) return compare_scalars(BinaryOp::Equal, type, left, right);
  if (type->is(TypeKind::Str)) return equal_texts(left, right);
  if (type->is(TypeKind::Array) || type->is(TypeKind::Map) || type->is(TypeKind::Dyn)) {
    Value place = spill(type, left);
    return call_runtime(Runtime::kiln_equal, {module_.type_object(type), place, spill(type, right, layout_of(type).size)});
  }
  if (type->is(TypeKind::Cell) || type->is(TypeKind::Class) || type->is(TypeKind::Failure))
    return builder_.CreateICmpEQ(left, right);
  if (type->is_union()) return equal_unions(type, left, right);
  if (type->is(TypeKind::Callable))
    return builder_.CreateAnd(
        builder_.CreateICmpEQ(builder_.CreateExtractValue(left, 0), builder_.CreateExtractValue(right, 0)),
        builder_.CreateICmpEQ(builder_.CreateExtractValue(left, 1), builder_.CreateExtractValue(right, 1)));
  Value all = builder_.getTrue();
  bool is_range = type->is(TypeKind::Range);
  for (uint32_t i = 0; i < (is_range ? 3 : type->elements.size()); ++i) {
    const Type *part = is_range ? module_.context.types.i64 : type->elements[i];
    if (part->is_empty()) continue;
    unsigned field = is_range ? i : ModuleLowering::field_of(type, i);
    Value left_part = to_register_form(part, builder_.CreateExtractValue(left, field));
    Value right_part = to_register_form(part, builder_.CreateExtractValue(right, field));
    all = builder_.CreateAnd(all, equal(part, left_part, right_part));
  }
  return all;
}

} // namespace kiln
