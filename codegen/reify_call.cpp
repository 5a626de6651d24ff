#include "codegen/file_names.h"
#include "codegen/reify_body.h"

namespace kiln {

Inst *Reify::emit_plan(const Inst &inst, const CallPlan &plan) {
  const Type *result = concrete(plan.result);
  auto operands = [&] {
    std::vector<Inst *> args;
    for (size_t i = 0; i < plan.operands.size(); ++i)
      args.push_back(use_as(plan.arguments[i], concrete(plan.operands[i]), plan.kind == CallPlan::Extern ? Mode::Store : Mode::Promote));
    return args;
  };
  switch (plan.kind) {
  case CallPlan::Direct: return emit_direct(inst, plan);
  case CallPlan::Construct: return emit_construct(inst, plan);
  case CallPlan::Indirect: {
    std::vector<Inst *> args{callee_value(inst, plan)};
    for (size_t i = 0; i < plan.operands.size(); ++i)
      args.push_back(use_as(plan.arguments[i], concrete(plan.operands[i]), Mode::Store));
    return make(Op::CallIndirect, result, inst, args);
  }
  case CallPlan::Extern: {
    Inst *made = make(Op::CallExtern, result, inst, operands());
    made->refer_to(plan.external);
    return made;
  }
  case CallPlan::Intrinsic: {
    std::vector<Inst *> args;
    for (size_t i = 0; i < plan.operands.size(); ++i) {
      // Integers that index or count must keep their value; numbers of mathematics are promoted.
      bool stored = plan.operands[i]->is_integer() || plan.intrinsic == IntrinsicKind::Push;
      args.push_back(use_as(plan.arguments[i], concrete(plan.operands[i]), stored ? Mode::Store : Mode::Promote));
    }
    if (plan.intrinsic == IntrinsicKind::Assert && args.size() == 1)
      args.push_back(constant(types_.str, Constant::of_text(""), inst.span));
    Inst *made = intrinsic(plan.intrinsic, result, inst, args);
    made->name = plan.name;
    return made;
  }
  case CallPlan::Fold: {
    std::vector<Inst *> args = operands();
    Inst *made = args[0];
    for (size_t i = 1; i < args.size(); ++i)
      made = intrinsic(plan.intrinsic, result, inst, {made, args[i]});
    return made;
  }
  case CallPlan::Convert:
    if (result->is(TypeKind::Dyn))
      return convert(use(plan.arguments[0]), result, Mode::Store, inst.span);
    return convert_by(use(plan.arguments[0]), result, plan.conversion, inst.span);
  case CallPlan::Text: {
    Inst *value = use(plan.arguments[0]);
    if (value->type->is(TypeKind::Str))
      return value;
    Inst *made = make(Op::Format, types_.str, inst.span, {value});
    return made;
  }
  case CallPlan::Print: {
    std::vector<Inst *> args;
    for (const CallPlan &shown : plan.shown)
      args.push_back(emit_plan(inst, shown));
    return intrinsic(plan.intrinsic, types_.none, inst, args);
  }
  case CallPlan::Fill: {
    std::vector<Inst *> args;
    for (const Inst *argument : plan.arguments)
      args.push_back(use_as(argument, types_.i64, Mode::Store));
    if (plan.value.floating() == 0)
      return make(Op::ArrayNew, result, inst, args);
    args.insert(args.begin(), constant(result->element(), plan.value, inst.span));
    return intrinsic(IntrinsicKind::Fill, result, inst, args);
  }
  case CallPlan::Iterate:
    return emit_iterate(inst, plan.iteration, plan.arguments[0], plan.arguments.size() > 1 ? plan.arguments[1] : nullptr);
  case CallPlan::Argument: return use(plan.arguments[0]);
  case CallPlan::Value: return constant(result, plan.value, inst.span);
  }
  return nullptr;
}

/// The lambda or callable that a call of a value goes to.
Inst *Reify::callee_value(const Inst &inst, const CallPlan &plan) {
  if (plan.iterator)
    return get_part(use(plan.iterator), plan.part, inst);
  if (inst.op == Op::Call)
    return use(inst.args[0]);
  if (auto global = result_.globals.find(inst.id); global != result_.globals.end()) {
    Inst *callee = make(Op::LoadGlobal, concrete(global->second->type), inst);
    callee->refer_to(global->second);
    return callee;
  }
  return get_part(use(inst.args[0]), *type_of(inst.args[0])->part(without_file(inst.name)), inst);
}

void Reify::add_operands(const Inst &inst, const CallPlan &plan, std::vector<Inst *> &args) {
  size_t captures = args.size(), next_default = 0;
  for (size_t p = 0; p < plan.sources.size(); ++p) {
    const Type *type = concrete(plan.operands[captures + p]);
    if (plan.sources[p] >= 0) {
      args.push_back(use_as(plan.arguments[static_cast<size_t>(plan.sources[p])], type, Mode::Store));
      continue;
    }
    Specialisation *value_of = plan.defaults[next_default++];
    Inst *value = make(Op::CallDirect, concrete(value_of->result), inst.span, args);
    value->refer_to(value_of);
    args.push_back(convert(value, type, Mode::Store, inst.span));
  }
}

Inst *Reify::emit_direct(const Inst &inst, const CallPlan &plan) {
  std::vector<Inst *> args;
  if (plan.unpack_lambda) {
    Inst *lambda = callee_value(inst, plan);
    for (size_t i = 0; i < lambda->type->elements.size(); ++i) {
      Inst *capture = make(Op::LambdaGet, lambda->type->elements[i], inst.span, {lambda});
      capture->index = static_cast<uint32_t>(i);
      args.push_back(capture);
    }
  }
  add_operands(inst, plan, args);
  Inst *made = make(Op::CallDirect, concrete(plan.result), inst, args);
  made->refer_to(plan.callee);
  return made;
}

/// `!=` by a method of `==`.
Inst *Reify::emit_negated(const Inst &inst, const CallPlan &plan) {
  Inst *made = make(Op::Unary, types_.boolean, inst.span, {emit_plan(inst, plan)});
  made->unary_op = UnaryOp::Not;
  made->op_span = inst.op_span;
  return made;
}

} // namespace kiln
