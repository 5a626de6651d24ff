// The dispatcher over operations, and the small ones: constants, tuples, structs, objects, cells, globals.
#include "codegen/layout.h"
#include "codegen/lower_function.h"

#include <algorithm>

namespace kiln {

FunctionLowering::Value FunctionLowering::lower_inst(const Inst &inst) {
  switch (inst.op) {
  case Op::Param: return value(&inst);
  case Op::Const: return emit_constant(inst);
  case Op::Unary: return emit_unary(inst);
  case Op::Binary: return emit_binary(inst);
  case Op::Tuple:
  case Op::Lambda: return emit_tuple(inst.type, inst.args);
  case Op::Array: return emit_array_literal(inst);
  case Op::Range: return emit_range(inst);
  case Op::CellNew: return emit_cell_new(inst);
  case Op::CellGet: return emit_cell_get(inst);
  case Op::CellSet: return emit_cell_set(inst);
  case Op::Caught: return call_runtime(Runtime::kiln_caught, {});
  case Op::Index: return inst.args[0]->type->is(TypeKind::Str) ? emit_str_index(inst) : emit_index(inst);
  case Op::SetIndex: return emit_set_index(inst);
  case Op::Format: return emit_format(inst);
  case Op::Concat: return emit_concat(inst.args);
  case Op::StoreGlobal:
    if (!inst.global()->type->is_empty())
      store(inst.global()->type, arg(inst, 0), module_.global(*inst.global()), module_.global_tag(*inst.global()));
    return nullptr;
  case Op::LoadGlobal:
    if (inst.type->is_empty()) return nullptr;
    return load(inst.type, module_.global(*inst.global()), module_.global_tag(*inst.global()));
  case Op::CompAppend: return emit_append(inst);
  case Op::Convert: return emit_convert(inst);
  case Op::TupleGet:
  case Op::LambdaGet: return emit_field(inst);
  case Op::TupleSet: return emit_set_field(inst);
  case Op::ObjectNew: return emit_object_new(inst);
  case Op::ObjectGet: return emit_object_get(inst);
  case Op::ObjectSet: return emit_object_set(inst);
  case Op::UnionNew: return emit_union_new(inst);
  case Op::UnionTest: return union_test(inst.args[0]->type, arg(inst, 0), inst.index);
  case Op::UnionGet: return union_get(inst.args[0]->type, arg(inst, 0), inst.index);
  case Op::Retag: return emit_retag(inst);
  case Op::DynNew: return emit_dyn_new(inst);
  case Op::DynGet: return emit_dyn_get(inst);
  case Op::DynTest: return emit_dyn_test(inst);
  case Op::CallDyn: return emit_call_dyn(inst);
  case Op::CallableNew: return emit_callable_new(inst);
  case Op::CallIndirect: return emit_call_indirect(inst);
  case Op::CallDirect: return emit_call(inst);
  case Op::CallExtern: return emit_call_extern(inst);
  case Op::Intrinsic: return emit_intrinsic(inst);
  case Op::RangeHas: return emit_range_has(inst);
  case Op::RangeGet: return emit_range_get(inst);
  case Op::ArrayHas: return builder_.CreateICmpSLT(arg(inst, 1), length_of(inst.args[0]));
  case Op::Increment: return builder_.CreateAdd(arg(inst, 0), i64(1), "", true, true);
  case Op::LinearGet: return emit_linear_get(inst);
  case Op::LinearSet: return emit_linear_set(inst);
  case Op::ArrayNew: return emit_array_new(inst);
  case Op::ArrayRaw: return emit_array_raw(inst);
  case Op::CompAlloc: return emit_comp_alloc(inst);
  case Op::CompFinish: return emit_comp_finish(inst);
  case Op::Name:
  case Op::Unset:
  case Op::Call:
  case Op::CallMethod:
  case Op::CallLibrary:
  case Op::Iterable:
  case Op::Field:
  case Op::SetField:
  case Op::EmptyArray:
  case Op::Map:
  case Op::Find:
  case Op::Is:
  case Op::Narrow:
  case Op::NoCase:
  case Op::Coerce:
  case Op::IterStart:
  case Op::IterHas:
  case Op::IterGet:
  case Op::IterNext:
  case Op::CompNew:
  case Op::CompDone:
  case Op::Broadcast:
  case Op::BroadcastStore:
  case Op::SlotNew:
  case Op::SlotSet:
  case Op::SlotGet:
  case Op::Destructure: break;
  }
  llvm_unreachable("an untyped operation in typed KIR");
}

FunctionLowering::Value FunctionLowering::emit_constant(const Inst &inst) {
  llvm::Type *type = module_.register_type(inst.type);
  if (!type) return nullptr;
  switch (inst.constant.kind()) {
  case Constant::None: return nullptr;
  case Constant::Bool: return builder_.getInt1(inst.constant.integer() != 0);
  case Constant::Int:
    if (inst.type->is_float()) return llvm::ConstantFP::get(type, static_cast<double>(inst.constant.integer()));
    return llvm::ConstantInt::get(type, static_cast<uint64_t>(inst.constant.integer()), inst.type->is_signed(), true);
  case Constant::Float: return llvm::ConstantFP::get(type, inst.constant.floating());
  case Constant::Str: return str_constant(inst.constant.text());
  }
  return nullptr;
}

FunctionLowering::Value FunctionLowering::emit_tuple(const Type *type, std::span<Inst *const> elements) {
  llvm::Type *form = module_.memory_type(type);
  if (!form) return nullptr;
  Value whole = llvm::PoisonValue::get(form);
  unsigned field = 0;
  for (const Inst *element : elements)
    if (!element->type->is_empty())
      whole = builder_.CreateInsertValue(whole, to_memory_form(element->type, value(element)), field++);
  return whole;
}

FunctionLowering::Value FunctionLowering::emit_field(const Inst &inst) {
  if (inst.type->is_empty()) return nullptr;
  const Inst *whole = inst.args[0];
  unsigned field = ModuleLowering::field_of(whole->type, inst.index);
  return to_register_form(inst.type, builder_.CreateExtractValue(value(whole), field));
}

FunctionLowering::Value FunctionLowering::emit_set_field(const Inst &inst) {
  const Inst *part = inst.args[1];
  if (part->type->is_empty()) return arg(inst, 0);
  unsigned field = ModuleLowering::field_of(inst.type, inst.index);
  return builder_.CreateInsertValue(arg(inst, 0), to_memory_form(part->type, value(part)), field);
}

FunctionLowering::Value FunctionLowering::field_address(const Type *type, Value object, uint32_t index) {
  return builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), object, offset_of(type, index));
}

FunctionLowering::Value FunctionLowering::emit_object_new(const Inst &inst) {
  const Type *type = inst.type;
  bool references = std::any_of(type->fields.begin(), type->fields.end(),
                                [](const Type *field) { return field->has_references(); });
  size_t size = std::max<size_t>(object_layout(type).size, 1); // Each object has an address of its own.
  Value object = call_runtime(references ? Runtime::kiln_alloc : Runtime::kiln_alloc_atomic,
                              {i64(static_cast<int64_t>(size))});
  for (uint32_t i = 0; i < type->fields.size(); ++i)
    store(type->fields[i], arg(inst, i), field_address(type, object, i), module_.field_tag(type, i));
  return object;
}

FunctionLowering::Value FunctionLowering::emit_object_get(const Inst &inst) {
  const Type *type = inst.args[0]->type;
  return load(inst.type, field_address(type, arg(inst, 0), inst.index), module_.field_tag(type, inst.index));
}

FunctionLowering::Value FunctionLowering::emit_object_set(const Inst &inst) {
  const Type *type = inst.args[0]->type;
  store(inst.args[1]->type, arg(inst, 1), field_address(type, arg(inst, 0), inst.index),
        module_.field_tag(type, inst.index));
  return nullptr;
}

// Behind a cell's element lies a byte that says whether it was set: a captured variable may be read before its
// assignment.
FunctionLowering::Value FunctionLowering::emit_cell_new(const Inst &inst) {
  const Type *element = inst.type->element();
  if (inst.in_frame) { // Only read where it is set.
    Value cell = frame_place(element);
    if (!inst.args.empty()) store(element, arg(inst, 0), cell, module_.cell_tag());
    return cell;
  }
  size_t size = layout_of(element).size;
  Runtime allocate = element->has_references() ? Runtime::kiln_alloc : Runtime::kiln_alloc_atomic;
  llvm::CallInst *cell = call_runtime(allocate, {i64(static_cast<int64_t>(size + 1))});
  if (!inst.args.empty()) store(element, arg(inst, 0), cell, module_.cell_tag());
  set_cell_flag(element, cell, !inst.args.empty());
  return cell;
}

FunctionLowering::Value FunctionLowering::emit_cell_get(const Inst &inst) {
  const Type *element = inst.args[0]->type->element();
  Value cell = arg(inst, 0);
  if (!inst.unchecked) {
    Value place = builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), cell, layout_of(element).size);
    llvm::LoadInst *flag = builder_.CreateAlignedLoad(builder_.getInt8Ty(), place, llvm::Align(1));
    flag->setMetadata(llvm::LLVMContext::MD_tbaa, module_.tag(MemoryRole::CellSet));
    fail_if(builder_.CreateICmpEQ(flag, builder_.getInt8(0)), Runtime::kiln_fail_unset,
            {module_.text(inst.name), i64(static_cast<int64_t>(inst.name.size()))});
  }
  return load(element, cell, module_.cell_tag());
}

FunctionLowering::Value FunctionLowering::emit_cell_set(const Inst &inst) {
  const Type *element = inst.args[0]->type->element();
  store(element, arg(inst, 1), arg(inst, 0), module_.cell_tag());
  if (!inst.args[0]->in_frame) set_cell_flag(element, arg(inst, 0), true);
  return nullptr;
}

void FunctionLowering::set_cell_flag(const Type *element, Value cell, bool set) {
  Value place = builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), cell, layout_of(element).size);
  builder_.CreateAlignedStore(builder_.getInt8(set), place, llvm::Align(1))
      ->setMetadata(llvm::LLVMContext::MD_tbaa, module_.tag(MemoryRole::CellSet));
}

} // namespace kiln
