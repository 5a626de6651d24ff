#include "codegen/reify_body.h"

#include <cassert>
#include <cmath>

namespace kiln {

void Reify::emit(const Inst &inst) {
  if (auto dispatch = result_.dispatches.find(inst.id); dispatch != result_.dispatches.end())
    return emit_dispatch(inst, dispatch->second);
  if (result_.dynamic.contains(inst.id)) {
    map_[inst.id] = emit_call_dyn(inst);
    return;
  }
  emit_one(inst);
}

void Reify::emit_one(const Inst &inst) {
  const Abstract &value = known(&inst);
  if (value.constant)
    return; // `use` makes it where it is needed.
  Inst *&made = map_[inst.id];
  auto plan = result_.plans.find(inst.id);
  switch (inst.op) {
  case Op::Const:
  case Op::Unset:
  case Op::NoCase: return;
  case Op::Is: made = known(inst.args[0]).is(TypeKind::Dyn) ? emit_dyn_test(inst) : test(use(inst.args[0]), result_.tests.at(inst.id), inst.span); return;
  case Op::DynGet:
    made = make(Op::DynGet, inst.type, inst, {use(inst.args[0])});
    made->unchecked = inst.unchecked;
    return;
  case Op::Narrow: made = emit_narrow(inst); return;
  case Op::Unary: made = plan != result_.plans.end() ? emit_plan(inst, plan->second) : emit_unary(inst); return;
  case Op::Binary:
    if (plan == result_.plans.end())
      made = emit_binary(inst);
    else
      made = plan->second.negated ? emit_negated(inst, plan->second) : emit_plan(inst, plan->second);
    return;
  case Op::Tuple: {
    std::vector<Inst *> args;
    for (const Inst *arg : inst.args)
      args.push_back(use(arg));
    made = make(Op::Tuple, type_of(&inst), inst, args);
    return;
  }
  case Op::Array: made = emit_array(inst); return;
  case Op::Range: {
    std::vector<Inst *> args;
    for (const Inst *arg : inst.args)
      args.push_back(use_as(arg, types_.i64, Mode::Store));
    made = make(Op::Range, types_.range, inst, args);
    made->inclusive = inst.inclusive;
    return;
  }
  case Op::Lambda: {
    std::vector<Inst *> args;
    for (const Inst *arg : inst.args)
      args.push_back(use(arg));
    made = make(Op::Lambda, type_of(&inst), inst, args);
    made->refer_to(inst.function());
    return;
  }
  case Op::CellNew: {
    const Type *type = type_of(&inst);
    std::vector<Inst *> args;
    if (!inst.args.empty())
      args.push_back(use_as(inst.args[0], type->element(), Mode::Store));
    made = make(Op::CellNew, type, inst, args);
    return;
  }
  case Op::CellGet:
    made = make(Op::CellGet, type_of(&inst), inst, {use(inst.args[0])});
    made->unchecked = inst.unchecked;
    return;
  case Op::CellSet: {
    if (is_written_back(inst))
      return;
    Inst *cell = use(inst.args[0]);
    made = make(Op::CellSet, types_.none, inst, {cell, use_as(inst.args[1], cell->type->element(), Mode::Store)});
    return;
  }
  case Op::Caught: made = make(Op::Caught, types_.failure, inst); return;
  case Op::SlotNew: {
    if (!kept(&inst)) return;
    const Type *type = type_of(&inst);
    std::vector<Inst *> args;
    if (kept(inst.args[0]))
      args.push_back(use_as(inst.args[0], type, Mode::Store));
    made = make(Op::CellNew, types_.cell(type), inst, args);
    made->in_frame = true;
    return;
  }
  case Op::SlotSet:
    if (Inst *slot = map_[inst.args[0]->id])
      made = make(Op::CellSet, types_.none, inst, {slot, use_as(inst.args[1], slot->type->element(), Mode::Store)});
    return;
  case Op::SlotGet:
    if (Inst *slot = map_[inst.args[0]->id]) {
      made = make(Op::CellGet, slot->type->element(), inst, {slot});
      made->unchecked = true;
    }
    return;
  case Op::Index: made = plan != result_.plans.end() ? emit_plan(inst, plan->second) : emit_index(inst); return;
  case Op::SetIndex:
    if (is_written_back(inst))
      return;
    made = plan != result_.plans.end() ? emit_plan(inst, plan->second) : emit_set_index(inst);
    return;
  case Op::SetField: made = emit_set_field(inst); return;
  case Op::Format:
    made = plan != result_.plans.end() ? emit_plan(inst, plan->second) : use(inst.args[0]);
    if (!made->type->is(TypeKind::Str) || !inst.name.empty())
      made = make(Op::Format, types_.str, inst, {made});
    return;
  case Op::Concat: {
    std::vector<Inst *> args;
    for (const Inst *arg : inst.args)
      args.push_back(use(arg));
    made = args.size() == 1 ? args[0] : make(Op::Concat, types_.str, inst, args);
    return;
  }
  case Op::StoreGlobal: {
    auto global = result_.globals.find(inst.id);
    const Abstract &stored = known(inst.args[0]);
    if (global == result_.globals.end() || !global->second || !stored.usable() || is_written_back(inst))
      return;
    made = make(Op::StoreGlobal, types_.none, inst, {use_as(inst.args[0], concrete(global->second->type), Mode::Store)});
    made->refer_to(global->second);
    return;
  }
  case Op::Name: made = plan != result_.plans.end() ? emit_plan(inst, plan->second) : emit_name(inst); return;
  case Op::Call:
  case Op::CallMethod:
  case Op::CallLibrary:
    if (plan != result_.plans.end())
      made = emit_plan(inst, plan->second);
    else
      made = constant(types_.none, {}, inst.span); // A push onto what stays empty.
    return;
  case Op::Field: made = plan != result_.plans.end() ? emit_plan(inst, plan->second) : emit_field(inst); return;
  case Op::EmptyArray:
    made = type_of(&inst)->is(TypeKind::Map) ? emit_new_map(type_of(&inst), inst) : make(Op::ArrayNew, type_of(&inst), inst);
    return;
  case Op::Map: made = emit_map(inst, plan != result_.plans.end() ? &plan->second : nullptr); return;
  case Op::Find:
    if (plan != result_.plans.end())
      made = emit_plan(inst, plan->second);
    return;
  case Op::Coerce: made = use_as(inst.args[0], type_of(&inst), Mode::Store); return;
  case Op::Iterable: made = plan != result_.plans.end() ? emit_plan(inst, plan->second) : use(inst.args[0]); return;
  case Op::IterStart: made = emit_iterate(inst, inst.op, inst.args[0], nullptr); return;
  case Op::IterHas:
  case Op::IterGet:
  case Op::IterNext:
    made = plan != result_.plans.end() ? emit_plan(inst, plan->second)
                                       : emit_iterate(inst, inst.op, inst.args[0], inst.args[1]);
    return;
  case Op::CompNew:
  case Op::CompAppend:
  case Op::CompDone: made = emit_comprehension(inst); return;
  case Op::Broadcast: made = emit_broadcast(inst); return;
  case Op::BroadcastStore: emit_broadcast_store(inst); return;
  case Op::Destructure: made = get_part(use(inst.args[0]), inst.index, inst); return;
  case Op::Param:
  case Op::Convert:
  case Op::UnionNew:
  case Op::UnionTest:
  case Op::UnionGet:
  case Op::Retag:
  case Op::DynNew:
  case Op::DynTest:
  case Op::CallDyn:
  case Op::CallableNew:
  case Op::CallIndirect:
  case Op::LoadGlobal:
  case Op::TupleGet:
  case Op::TupleSet:
  case Op::ObjectNew:
  case Op::ObjectGet:
  case Op::ObjectSet:
  case Op::CallDirect:
  case Op::CallExtern:
  case Op::Intrinsic:
  case Op::RangeHas:
  case Op::RangeGet:
  case Op::ArrayHas:
  case Op::Increment:
  case Op::LinearGet:
  case Op::LinearSet:
  case Op::LambdaGet:
  case Op::ArrayNew:
  case Op::ArrayRaw:
  case Op::CompAlloc:
  case Op::CompFinish: assert(false && "not an instruction of untyped KIR");
  }
}

Inst *Reify::emit_unary(const Inst &inst) {
  OperatorTypes rule = unary_types(types_, inst.unary_op, known(inst.args[0]));
  Inst *operand = use_as(inst.args[0], rule.left, Mode::Promote);
  if (inst.unary_op == UnaryOp::Plus)
    return operand;
  Inst *made = make(Op::Unary, rule.wraps ? rule.left : rule.result, inst, {operand});
  return rule.wraps ? convert_by(made, rule.result, Conversion::Wrapping, inst.span) : made;
}

Inst *Reify::emit_binary(const Inst &inst) {
  if (auto found = result_.tests.find(inst.id); found != result_.tests.end()) { // A union with none.
    bool left = type_of(inst.args[0])->is_union();
    return test(use(inst.args[left ? 0 : 1]), found->second, inst.span);
  }
  OperatorTypes rule = binary_types(types_, inst.binary_op, known(inst.args[0]), known(inst.args[1]));
  if (!rule) { // Arrays, one of them still without elements: compared as the other's type.
    const Type *joined = concrete(join_types(types_, known(inst.args[0]).type, known(inst.args[1]).type));
    rule.left = rule.right = joined;
    rule.result = types_.boolean;
  }
  if (inst.binary_op == BinaryOp::Power)
    if (Inst *power = emit_power(inst, rule))
      return power;
  bool shift = inst.binary_op == BinaryOp::ShiftLeft || inst.binary_op == BinaryOp::ShiftRight;
  Inst *left = use_as(inst.args[0], rule.left, Mode::Promote);
  Inst *right = use_as(inst.args[1], rule.right, shift ? Mode::Store : Mode::Promote);
  Inst *made = make(Op::Binary, rule.wraps ? rule.left : rule.result, inst, {left, right});
  return rule.wraps ? convert_by(made, rule.result, Conversion::Wrapping, inst.span) : made;
}

Inst *Reify::multiply(Inst *a, Inst *b, const Inst &origin) {
  Inst *made = make(Op::Binary, a->type, origin, {a, b});
  made->binary_op = BinaryOp::Multiply;
  return made;
}

/// x^n for a known integer n becomes multiplications, the same in every tier and never libm's pow. Integers only for n up to 3,
/// so that an overflow is still reported as the power's.
Inst *Reify::emit_power(const Inst &inst, const OperatorTypes &rule) {
  const Abstract &exponent = known(inst.args[1]);
  if (!exponent.constant || exponent.is(TypeKind::Bool))
    return nullptr;
  double wanted = exponent.type->is_float() ? exponent.constant->floating() : static_cast<double>(exponent.constant->integer());
  bool integer_base = rule.left->is_integer();
  double most = integer_base ? 3 : 64;
  if (!(std::fabs(wanted) <= most) || wanted != std::floor(wanted) || (integer_base && wanted < 1))
    return nullptr;
  auto n = static_cast<unsigned>(std::fabs(wanted));
  Inst *base = use_as(inst.args[0], rule.left, Mode::Promote);
  auto one = [&] { return constant(rule.left, Constant::of_float(1.0), inst.span); };
  Inst *product = nullptr;
  for (Inst *square = base; n != 0; n >>= 1) {
    if (n & 1)
      product = product ? multiply(product, square, inst) : square;
    if (n > 1)
      square = multiply(square, square, inst);
  }
  if (!product)
    return one();
  if (wanted > 0)
    return product;
  Inst *made = make(Op::Binary, rule.left, inst, {one(), product});
  made->binary_op = BinaryOp::Divide;
  return made;
}

Inst *Reify::emit_array(const Inst &inst) {
  const Type *type = type_of(&inst);
  std::vector<Inst *> args;
  for (const Inst *arg : inst.args)
    args.push_back(use_as(arg, type->element(), Mode::Store));
  return make(Op::Array, type, inst, args);
}

Inst *Reify::emit_index(const Inst &inst) {
  const Type *base = type_of(inst.args[0]);
  if (base->is(TypeKind::Tuple)) {
    Inst *made = make(Op::TupleGet, type_of(&inst), inst, {use(inst.args[0])});
    made->index = static_cast<uint32_t>(known(inst.args[1]).constant->integer());
    return made;
  }
  std::vector<Inst *> args{use(inst.args[0])};
  for (size_t i = 1; i < inst.args.size(); ++i)
    args.push_back(use_as(inst.args[i], types_.i64, Mode::Store));
  return make(Op::Index, type_of(&inst), inst, args);
}

Inst *Reify::emit_set_index(const Inst &inst) {
  Inst *base = use(inst.args[0]);
  std::vector<Inst *> args{base};
  for (size_t i = 1; i + 1 < inst.args.size(); ++i)
    args.push_back(use_as(inst.args[i], types_.i64, Mode::Store));
  const Type *element = base->type->element();
  args.push_back(use_as(inst.args.back(), element, Mode::Store));
  return make(Op::SetIndex, types_.none, inst, args);
}

Inst *Reify::emit_name(const Inst &inst) {
  auto global = result_.globals.find(inst.id);
  if (global == result_.globals.end() || !global->second)
    return nullptr; // A function's name: no bits.
  Inst *made = make(Op::LoadGlobal, type_of(&inst), inst);
  made->refer_to(global->second);
  return made;
}

Inst *Reify::emit_iterate(const Inst &inst, Op op, const Inst *iterable, const Inst *state_) {
  Inst *source = use(iterable);
  if (op == Op::IterStart)
    return is_iterator(source->type) ? make(Op::TupleGet, source->type->elements[0], inst.span, {source}) : integer(0, inst.span);
  Inst *state = use(state_);
  bool range = source->type->is(TypeKind::Range);
  if (op == Op::IterHas)
    return make(range ? Op::RangeHas : Op::ArrayHas, types_.boolean, inst, {source, state});
  if (op == Op::IterGet)
    return make(range ? Op::RangeGet : Op::LinearGet, type_of(&inst), inst, {source, state});
  return make(Op::Increment, types_.i64, inst, {state});
}

Inst *Reify::emit_comprehension(const Inst &inst) {
  if (inst.op == Op::CompNew) {
    const Type *type = type_of(&inst);
    std::vector<Inst *> &extents = extents_[inst.id];
    for (const Inst *source : inst.args)
      extents.push_back(inst.exact && !known(source).is(TypeKind::Union) && !is_iterator(known(source).type) ? intrinsic(IntrinsicKind::Length, types_.i64, inst, {use(source)}) : integer(0, inst.span));
    return make(Op::CompAlloc, type, inst, extents);
  }
  Inst *array = use(inst.args[0]);
  const Inst &begun = *inst.args[0];
  if (inst.op == Op::CompDone) {
    std::vector<Inst *> args{array};
    args.insert(args.end(), extents_[begun.id].begin(), extents_[begun.id].end());
    return make(Op::CompFinish, type_of(&inst), inst, args);
  }
  Inst *made = make(Op::CompAppend, types_.none, inst, {array, use_as(inst.args[1], array->type->element(), Mode::Store)});
  // A range has as many elements at the end as at the start; an array may grow while it is visited.
  made->unchecked = begun.exact;
  for (const Inst *source : begun.args)
    made->unchecked &= known(source).is(TypeKind::Range);
  return made;
}

} // namespace kiln
