// Operations of the core library.
#include "codegen/layout.h"
#include "codegen/lower_function.h"

namespace kiln {

FunctionLowering::Value FunctionLowering::emit_intrinsic(const Inst &inst) {
  auto unary = [&](llvm::Intrinsic::ID id) { return builder_.CreateUnaryIntrinsic(id, arg(inst, 0)); };
  const Type *first = inst.args.empty() ? nullptr : inst.args[0]->type;
  switch (inst.intrinsic) {
  case IntrinsicKind::None: return nullptr;
  case IntrinsicKind::Abs: return emit_abs(inst);
  case IntrinsicKind::Min: return emit_min_max(inst, false);
  case IntrinsicKind::Max: return emit_min_max(inst, true);
  case IntrinsicKind::Sign: return emit_sign(inst);
  case IntrinsicKind::Sqrt: return unary(llvm::Intrinsic::sqrt);
  case IntrinsicKind::Floor: return unary(llvm::Intrinsic::floor);
  case IntrinsicKind::Ceil: return unary(llvm::Intrinsic::ceil);
  case IntrinsicKind::Round: return unary(llvm::Intrinsic::round);
  case IntrinsicKind::Trunc: return unary(llvm::Intrinsic::trunc);
  case IntrinsicKind::CopySign:
    return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, arg(inst, 0), arg(inst, 1));
  case IntrinsicKind::Math: {
    llvm::SmallVector<Value, 2> operands;
    for (const Inst *operand : inst.args) operands.push_back(value(operand));
    return call_math(inst.name, inst.type, operands);
  }
  case IntrinsicKind::IsNan: return builder_.CreateFCmpUNO(arg(inst, 0), arg(inst, 0));
  case IntrinsicKind::IsInf:
    return builder_.CreateFCmpOEQ(unary(llvm::Intrinsic::fabs), llvm::ConstantFP::getInfinity(arg(inst, 0)->getType()));
  case IntrinsicKind::Length: return first->is(TypeKind::Range) ? emit_range_length(inst) : length_of(inst.args[0]);
  case IntrinsicKind::Dimension: return emit_dimension(inst);
  case IntrinsicKind::Push: return emit_append(inst);
  case IntrinsicKind::Pop: return emit_pop(inst);
  case IntrinsicKind::Fill: return emit_fill(inst);
  case IntrinsicKind::Copy: return call_runtime(Runtime::kiln_array_copy, {arg(inst, 0), module_.type_object(first)});
  case IntrinsicKind::Slice:
  case IntrinsicKind::View: return emit_slice(inst);
  case IntrinsicKind::ViewRow:
    return call_runtime(Runtime::kiln_array_view_row, {arg(inst, 0), module_.type_object(first), arg(inst, 1)});
  case IntrinsicKind::RangeFirst: return range_part(inst.args[0], 0);
  case IntrinsicKind::RangeLast: return range_part(inst.args[0], 1);
  case IntrinsicKind::RangeStep: return range_part(inst.args[0], 2);
  case IntrinsicKind::Print: emit_write(inst, true); return nullptr;
  case IntrinsicKind::Write: emit_write(inst, false); return nullptr;
  case IntrinsicKind::Error:
    call_runtime(Runtime::kiln_fail_message, {str_data(arg(inst, 0)), str_length(arg(inst, 0))});
    return nullptr;
  case IntrinsicKind::Rethrow: call_runtime(Runtime::kiln_rethrow, {arg(inst, 0)}); return nullptr;
  case IntrinsicKind::ErrorMessage: return call_runtime(Runtime::kiln_error_message, {arg(inst, 0)});
  case IntrinsicKind::ErrorLine: return call_runtime(Runtime::kiln_error_line, {arg(inst, 0)});
  case IntrinsicKind::ErrorTrace:
    return call_runtime(Runtime::kiln_error_trace, {arg(inst, 0), module_.type_object(inst.type)});
  case IntrinsicKind::Assert:
    fail_if(builder_.CreateNot(arg(inst, 0)), Runtime::kiln_fail_assert,
            {str_data(arg(inst, 1)), str_length(arg(inst, 1))});
    return nullptr;
  case IntrinsicKind::Exit: call_runtime(Runtime::kiln_exit, {arg(inst, 0)}); return nullptr;
  case IntrinsicKind::Time: return call_runtime(Runtime::kiln_time, {});
  case IntrinsicKind::Arguments: return call_runtime(Runtime::kiln_arguments, {});
  case IntrinsicKind::Eval:
    return call_runtime(Runtime::kiln_eval, {str_data(arg(inst, 0)), str_length(arg(inst, 0))});
  case IntrinsicKind::ParseInt:
    return call_runtime(Runtime::kiln_parse_int, {str_data(arg(inst, 0)), str_length(arg(inst, 0))});
  case IntrinsicKind::ParseFloat:
    return call_runtime(Runtime::kiln_parse_float, {str_data(arg(inst, 0)), str_length(arg(inst, 0))});
  case IntrinsicKind::Chars:
    return call_runtime(Runtime::kiln_str_chars, {str_data(arg(inst, 0)), str_length(arg(inst, 0))});
  case IntrinsicKind::CommonShape: return emit_common_shape(inst);
  case IntrinsicKind::CheckShapes: emit_check_shapes(inst); return nullptr;
  case IntrinsicKind::Apart:
    return call_runtime(Runtime::kiln_array_apart, {arg(inst, 0), module_.type_object(first), arg(inst, 1),
                                                    module_.type_object(inst.args[1]->type)});
  case IntrinsicKind::FromBytes: return call_runtime(Runtime::kiln_str_from_bytes, {arg(inst, 0)});
  case IntrinsicKind::Hash: return hash(first, arg(inst, 0));
  case IntrinsicKind::Identity: return builder_.CreateICmpEQ(arg(inst, 0), arg(inst, 1));
  }
  return nullptr;
}

FunctionLowering::Value FunctionLowering::emit_abs(const Inst &inst) {
  Value operand = arg(inst, 0);
  if (inst.type->is_float()) return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, operand);
  if (inst.type->is_unsigned()) return operand;
  bool check = checks() && !is_covered(inst);
  if (check) {
    Value least = llvm::ConstantInt::get(module_.llvm, llvm::APInt::getSignedMinValue(inst.type->bits()));
    fail_if(builder_.CreateICmpEQ(operand, least), Runtime::kiln_fail_overflow,
            {widen(inst.type, operand), i64(0), i32(abs_code | static_cast<uint32_t>(inst.type->kind) << 8)});
  }
  return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::abs, operand, builder_.getTrue());
}

FunctionLowering::Value FunctionLowering::emit_min_max(const Inst &inst, bool max) {
  llvm::Intrinsic::ID id;
  if (inst.type->is_float())
    id = max ? llvm::Intrinsic::maximum : llvm::Intrinsic::minimum;
  else if (inst.type->is_signed())
    id = max ? llvm::Intrinsic::smax : llvm::Intrinsic::smin;
  else
    id = max ? llvm::Intrinsic::umax : llvm::Intrinsic::umin;
  return builder_.CreateBinaryIntrinsic(id, arg(inst, 0), arg(inst, 1));
}

FunctionLowering::Value FunctionLowering::emit_sign(const Inst &inst) {
  Value operand = arg(inst, 0);
  llvm::Type *type = operand->getType();
  if (inst.type->is_float()) { // Zeros and NaN stay as they are.
    Value zero = llvm::ConstantFP::get(type, 0.0);
    Value not_above =
        builder_.CreateSelect(builder_.CreateFCmpOLT(operand, zero), llvm::ConstantFP::get(type, -1.0), operand);
    return builder_.CreateSelect(builder_.CreateFCmpOGT(operand, zero), llvm::ConstantFP::get(type, 1.0), not_above);
  }
  Value zero = llvm::ConstantInt::get(type, 0);
  if (inst.type->is_unsigned()) return builder_.CreateZExt(builder_.CreateICmpNE(operand, zero), type);
  Value above = builder_.CreateZExt(builder_.CreateICmpSGT(operand, zero), type);
  return builder_.CreateAdd(above, builder_.CreateSExt(builder_.CreateICmpSLT(operand, zero), type));
}

// LLVM may not know these by name: it would turn some into others that differ in the last digit.
FunctionLowering::Value FunctionLowering::call_math(std::string_view name, const Type *type,
                                                    llvm::ArrayRef<Value> operands) {
  std::optional<ModuleLowering::SimdMath> simd;
  if (type->is(TypeKind::F64)) simd = module_.simd_math(name);
  llvm::CallInst *call = builder_.CreateCall(simd ? llvm::FunctionCallee(simd->scalar) : module_.math(name, type), operands);
  if (simd)
    call->addFnAttr(llvm::Attribute::get(module_.llvm, "vector-function-abi-variant", simd->variants));
  else
    call->addFnAttr(llvm::Attribute::NoBuiltin);
  return call;
}

FunctionLowering::Value FunctionLowering::emit_slice(const Inst &inst) {
  const Inst *base = inst.args[0], *range = inst.args[1];
  Value first = range_part(range, 0), last = range_part(range, 1), step = range_part(range, 2);
  auto *constant_step = llvm::dyn_cast<llvm::ConstantInt>(step);
  bool every = constant_step && constant_step->isOne();
  if (base->type->is(TypeKind::Str) && inst.intrinsic == IntrinsicKind::View && every)
    return emit_str_view(value(base), first, last);
  if (base->type->is(TypeKind::Str))
    return call_runtime(inst.intrinsic == IntrinsicKind::View ? Runtime::kiln_str_view : Runtime::kiln_str_slice,
                        {str_data(value(base)), str_length(value(base)), first, last, step});
  Runtime function = inst.intrinsic == IntrinsicKind::View ? Runtime::kiln_array_view : Runtime::kiln_array_slice;
  return call_runtime(function, {value(base), module_.type_object(base->type), first, last, step});
}

} // namespace kiln
