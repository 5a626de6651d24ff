// Unions: operations dispatched over their alternatives, type tests, and what is left of a type after one.
#include "codegen/body_inference.h"

#include <algorithm>

namespace kiln {

namespace {

constexpr size_t most_combinations = 64; // Two unions of eight.

/// Operations that ask something of their operands' types. The others hold, pass or store a union as any value.
bool is_dispatched(Op op) {
  switch (op) {
  case Op::Unary:
  case Op::Binary:
  case Op::Range:
  case Op::Index:
  case Op::SetIndex:
  case Op::Format:
  case Op::Call:
  case Op::CallMethod:
  case Op::Field:
  case Op::SetField:
  case Op::Broadcast:
  case Op::BroadcastStore:
  case Op::Coerce:
  case Op::CallLibrary:
  case Op::Iterable:
  case Op::IterStart:
  case Op::IterHas:
  case Op::IterGet:
  case Op::IterNext:
  case Op::Destructure: return true;
  case Op::Param:
  case Op::Const:
  case Op::Tuple:
  case Op::Array:
  case Op::Lambda:
  case Op::CellNew:
  case Op::CellGet:
  case Op::CellSet:
  case Op::Concat:
  case Op::StoreGlobal:
  case Op::CompAppend:
  case Op::Name:
  case Op::Caught:
  case Op::SlotNew:
  case Op::SlotSet:
  case Op::SlotGet:
  case Op::Unset:
  case Op::EmptyArray:
  case Op::Map:
  case Op::Find:
  case Op::Is:
  case Op::Narrow:
  case Op::NoCase:
  case Op::CompNew:
  case Op::CompDone:
  case Op::Convert:
  case Op::UnionNew:
  case Op::UnionTest:
  case Op::UnionGet:
  case Op::Retag:
  case Op::DynNew:
  case Op::DynTest:
  case Op::CallDyn:
  case Op::DynGet:
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
  case Op::CompFinish: return false;
  }
  return false;
}

/// The value where it is known to be of one alternative, or of some.
Abstract as_alternative(const Abstract &value, const Type *type) {
  Abstract made(type, value.origin);
  std::vector<AlternativeOrigin> left;
  for (const AlternativeOrigin &from : value.alternatives()) {
    if (from.type == type)
      made.origin = from.span;
    if (type->is_union() && type->place_of(from.type))
      left.push_back(from);
  }
  made.set_alternatives(std::move(left));
  if (type->is(TypeKind::None))
    made.constant = Constant{};
  return made;
}

} // namespace

Abstract BodyInference::infer(const Inst &inst) {
  if (inst.op == Op::StoreGlobal && inst.fresh)
    return of(types_.none, inst); // Takes effect when the unit is done, also where the value cannot be used.
  if (inst.op == Op::SlotNew || inst.op == Op::SlotSet || inst.op == Op::SlotGet)
    return rule_slot(inst); // No uses of what cannot be used.
  bool unions = false, dynamic = false;
  for (const Inst *arg : inst.args) {
    if (!usable(arg, inst.span) || value(arg).is(TypeKind::Error))
      return error_value(inst);
    unions |= value(arg).is(TypeKind::Union);
    dynamic |= value(arg).is(TypeKind::Dyn);
  }
  if (dynamic && is_dispatched(inst.op))
    return infer_with_dyn(inst);
  return unions && is_dispatched(inst.op) ? infer_with_unions(inst) : apply_rule(inst);
}

Abstract BodyInference::infer_with_unions(const Inst &inst) {
  if (inst.op == Op::Binary && (inst.binary_op == BinaryOp::Equal || inst.binary_op == BinaryOp::NotEqual))
    return equal_to_union(inst);
  size_t reported = diagnostics_.list().size();
  callee_failed_ = false;
  Abstract whole = apply_rule(inst);
  if (!whole.is(TypeKind::Error) || callee_failed_)
    return whole;
  diagnostics_.truncate(reported);
  std::vector<const Inst *> operands;
  for (const Inst *arg : inst.args)
    if (value(arg).is(TypeKind::Union) && std::find(operands.begin(), operands.end(), arg) == operands.end())
      operands.push_back(arg);
  return dispatch(inst, std::move(operands));
}

/// Alternatives that are never equal are unequal; an error only when no two can be equal.
Abstract BodyInference::equal_to_union(const Inst &inst) {
  const Abstract &left = value(inst.args[0]), &right = value(inst.args[1]);
  const Abstract &whole = left.is(TypeKind::Union) ? left : right, &other = &whole == &left ? right : left;
  if (other.is(TypeKind::None)) {
    if (auto place = whole.type->place_of(types_.none)) {
      uint32_t all = (1u << whole.type->elements.size()) - 1, none = 1u << *place;
      result_->tests[inst.id] = inst.binary_op == BinaryOp::Equal ? none : all & ~none;
      return of(types_.boolean, inst);
    }
  } else if (left.type == right.type || binary_types(types_, inst.binary_op, left, right)) {
    if (left.type == right.type && left.type->is_union())
      return of(types_.boolean, inst);
    std::vector<const Inst *> operands;
    for (const Inst *arg : inst.args)
      if (value(arg).is(TypeKind::Union))
        operands.push_back(arg);
    bool outer = std::exchange(unequal_is_false_, true);
    Abstract made = dispatch(inst, std::move(operands));
    unequal_is_false_ = outer;
    return made;
  }
  return apply_rule(inst);
}

Abstract BodyInference::dispatch(const Inst &inst, std::vector<const Inst *> operands) {
  size_t combinations = 1;
  for (const Inst *operand : operands)
    combinations *= value(operand).type->elements.size();
  if (combinations > most_combinations) {
    diagnostics_.report<Diag::TooManyCombinations>(inst.span, operands.size(), combinations, most_combinations)
        .help("narrow some of them first, with `is` or `match`");
    return error_value(inst);
  }
  Dispatch made;
  made.operands = std::move(operands);
  Abstract joined;
  for (size_t number = 0; number < combinations; ++number) {
    if (!infer_case(inst, made, number))
      return error_value(inst);
    unify_open(joined, made.cases.back().result);
    Abstract before = joined;
    joined = join(types_, joined, made.cases.back().result);
    if (joined.other()) {
      report_conflict(inst.span, joined);
      return error_value(inst);
    }
  }
  joined.constant.reset();
  joined.literal = false;
  joined.origin = inst.span;
  result_->dispatches[inst.id] = std::move(made);
  return joined;
}

bool BodyInference::infer_case(const Inst &inst, Dispatch &made, size_t number) {
  Dispatch::Case &chosen = made.cases.emplace_back();
  chosen.operands.resize(made.operands.size());
  for (size_t i = made.operands.size(); i-- > 0;) {
    Abstract &operand = values()[made.operands[i]->id];
    const Type *type = operand.type;
    chosen.operands[i] = as_alternative(operand, type->elements[number % type->elements.size()]);
    number /= type->elements.size();
  }
  auto exchange = [&] { // And back.
    for (size_t i = 0; i < made.operands.size(); ++i)
      std::swap(values()[made.operands[i]->id], chosen.operands[i]);
  };
  size_t reported = diagnostics_.list().size();
  result_->plans.erase(inst.id);
  result_->globals.erase(inst.id);
  exchange();
  chosen.result = apply_rule(inst);
  exchange();
  if (auto plan = result_->plans.extract(inst.id))
    chosen.plan = std::move(plan.mapped());
  if (auto global = result_->globals.extract(inst.id))
    chosen.global = global.mapped();
  if (!chosen.result.is(TypeKind::Error))
    return true;
  if (diagnostics_.list().size() > reported)
    for (size_t i = 0; i < made.operands.size(); ++i)
      note_alternative(diagnostics_.at(reported), *made.operands[i], chosen.operands[i]);
  return false;
}

/// Says which alternative an error is about, and where it came from.
void BodyInference::note_alternative(Diagnostic &error, const Inst &operand, const Abstract &held) {
  auto noted = [&](Span span) {
    return std::any_of(error.notes.begin(), error.notes.end(), [&](const DiagNote &note) { return note.span == span; });
  };
  error.note(operand.span, fmt::format("this is {}, so it may be {}", to_string(value(&operand).type), to_string(held.type)));
  if (held.origin.known() && !(held.origin == operand.span) && !noted(held.origin))
    error.note(held.origin, fmt::format("this is {}", to_string(held.type)));
  if (operand.op == Op::Name || operand.op == Op::CellGet || operand.op == Op::Field)
    error.help("`is` and `match` narrow a local variable: `let` one for it, or `match` it");
}

/// Each union in turn as one of its alternatives, with the others as what converts to anything.
bool BodyInference::takes_alternatives(const std::vector<const KirFunction *> &methods, const Arguments &arguments) {
  std::vector<Abstract> whole;
  for (const Inst *argument : arguments.insts)
    whole.push_back(value(argument));
  auto set = [&](size_t i, const Type *type) { values()[arguments.insts[i]->id].type = type; };
  bool taken = false;
  for (size_t i = 0; i < whole.size(); ++i)
    if (whole[i].type->is_union())
      set(i, types_.never);
  for (size_t i = 0; i < whole.size() && !taken; ++i) {
    if (!whole[i].type->is_union())
      continue;
    for (const Type *alternative : whole[i].type->elements) {
      set(i, alternative);
      std::vector<int> sources;
      taken |= std::any_of(methods.begin(), methods.end(), [&](const KirFunction *method) { return match(*method, arguments, sources).has_value(); });
    }
    set(i, types_.never);
  }
  for (size_t i = 0; i < whole.size(); ++i)
    values()[arguments.insts[i]->id] = whole[i];
  return taken;
}

// --- tests ---

/// `wanted`: what the test's type is.
bool BodyInference::passes(const Inst &test, const Type *wanted, const Type *type) {
  if (wanted)
    return is_instance(type, wanted);
  if (test.count != 0)
    return type->is(TypeKind::Tuple) && type->elements.size() == test.count;
  return type->is(TypeKind::None);
}

Abstract BodyInference::rule_is(const Inst &inst) {
  std::vector<const Type *> alternatives = value(inst.args[0]).type->alternatives();
  const Type *wanted = inst.type_expr() ? resolve(inst.type_expr()) : nullptr;
  if (wanted && wanted->is(TypeKind::Error))
    return error_value(inst);
  if (value(inst.args[0]).is(TypeKind::Dyn) && wanted != types_.dyn)
    return of(types_.boolean, inst);
  uint32_t holds = 0, all = (1u << alternatives.size()) - 1;
  for (size_t i = 0; i < alternatives.size(); ++i)
    holds |= uint32_t{passes(inst, wanted, alternatives[i])} << i;
  Abstract made = of(types_.boolean, inst);
  if (holds == 0 || holds == all)
    made.constant = Constant::of_bool(holds != 0);
  else
    result_->tests[inst.id] = holds;
  return made;
}

/// A type of which nothing is left is `never`: the edge is not taken.
Abstract BodyInference::rule_narrow(const Inst &inst) {
  const Abstract &whole = value(inst.args[0]);
  Diagnostics reported; // By the test.
  TypeResolver resolver(types_, inference_.names(), reported, function_.from_library);
  const Type *wanted = inst.type_expr() ? resolver.resolve(inst.type_expr()) : nullptr;
  if (wanted && wanted->is(TypeKind::Error))
    return error_value(inst);
  if (whole.is(TypeKind::Dyn)) { // One type is left, or it may still be any.
    const Type *type = wanted ? wanted : inst.count == 0 ? types_.none : nullptr;
    bool known = type && !inst.negated && !type->is_union() && !has_family(type) && !type->is(TypeKind::Dyn);
    return known ? of(type, inst) : whole;
  }
  std::vector<const Type *> left;
  for (const Type *alternative : whole.type->alternatives())
    if (passes(inst, wanted, alternative) != inst.negated)
      left.push_back(alternative);
  if (left.empty())
    return of(types_.never, inst);
  if (left.size() == whole.type->alternatives().size())
    return whole;
  return as_alternative(whole, types_.union_of(left));
}

Abstract BodyInference::rule_no_case(const Inst &inst) {
  const Type *left = value(inst.args[0]).type;
  if (left->is(TypeKind::Never))
    return of(types_.never, inst);
  Diagnostic &error = diagnostics_.report<Diag::NoCase>(inst.span, left);
  std::string_view name = left->is_union() ? "" : "x: ";
  error.help(left->is_union() ? "`_ => ...` takes all that is left" : fmt::format("add `{}{} => ...`, or `_ => ...` for all that is left", left->is(TypeKind::None) ? "" : name, to_string(left)));
  return error_value(inst);
}

// --- types that do not join ---

void BodyInference::report_conflict(Span use, const Abstract &conflict) {
  report_conflict(use, conflict.type, conflict.other());
  Diagnostic &error = diagnostics_.at(diagnostics_.list().size() - 1);
  for (const AlternativeOrigin &from : conflict.alternatives())
    error.note(from.span, fmt::format("this is {}", to_string(from.type)));
  if (conflict.alternatives().empty())
    error.note(conflict.origin, fmt::format("this is {}", to_string(conflict.type)));
  error.note(conflict.other_origin(), fmt::format("this is {}", to_string(conflict.other())));
}

void BodyInference::report_conflict(Span use, const Type *a, const Type *b) {
  const Type *both[] = {a, b};
  if (!types_.union_of(both))
    report_wide_union(diagnostics_, use, both);
  else
    diagnostics_.report<Diag::GrowingType>(use).help("a value that holds its own earlier value grows: use an array");
}

} // namespace kiln
