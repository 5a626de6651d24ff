#include "codegen/body_inference.h"

#include "codegen/format_spec.h"

#include <algorithm>
#include <cmath>

namespace kiln {

Abstract BodyInference::apply_rule(const Inst &inst) {
  switch (inst.op) {
  case Op::Const: return rule_const(inst);
  case Op::Unary: return rule_unary(inst);
  case Op::Binary: return rule_binary(inst);
  case Op::Tuple: return rule_tuple(inst);
  case Op::Array: return rule_array(inst);
  case Op::Range: return rule_range(inst);
  case Op::Lambda: return rule_lambda(inst);
  case Op::CellNew:
  case Op::CellGet:
  case Op::CellSet: return rule_cell(inst);
  case Op::Index: return rule_index(inst);
  case Op::SetIndex: return rule_set_index(inst);
  case Op::Format: return rule_format(inst);
  case Op::Concat: return of(types_.str, inst);
  case Op::StoreGlobal: return rule_store_global(inst);
  case Op::Name: return rule_name(inst);
  case Op::Caught: return of(types_.failure, inst);
  case Op::Unset: {
    Abstract unset = of(types_.never, inst);
    unset.set_unset(inst.name, {});
    return unset;
  }
  case Op::Call: return rule_call(inst);
  case Op::CallMethod: return rule_method_call(inst);
  case Op::Field: return rule_field(inst);
  case Op::SetField: return rule_set_field(inst);
  case Op::EmptyArray: return rule_empty_array(inst);
  case Op::Map: return rule_map(inst);
  case Op::Find: return rule_find(inst);
  case Op::Is: return rule_is(inst);
  case Op::Narrow: return rule_narrow(inst);
  case Op::DynGet: return of(inst.type, inst);
  case Op::NoCase: return rule_no_case(inst);
  case Op::Coerce: return rule_coerce(inst);
  case Op::CallLibrary: return call_name(inst, inst.name, {{inst.args.begin(), inst.args.end()}, {}}, true);
  case Op::Iterable: return iterable(inst, inst.args[0]);
  case Op::IterStart: return iterate(inst, inst.op, inst.args[0], nullptr);
  case Op::IterHas:
  case Op::IterGet:
  case Op::IterNext: return iterate(inst, inst.op, inst.args[0], inst.args[1]);
  case Op::CompNew:
  case Op::CompAppend:
  case Op::CompDone: return rule_comprehension(inst);
  case Op::Destructure: return rule_destructure(inst);
  case Op::Broadcast: return rule_broadcast(inst);
  case Op::BroadcastStore: return rule_broadcast_store(inst);
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
  case Op::CompFinish: break; // Typed KIR only.
  case Op::SlotNew:
  case Op::SlotSet:
  case Op::SlotGet: break;    // Above.
  }
  assert(false && "not an instruction of untyped KIR");
  return error_value(inst);
}

Abstract BodyInference::rule_const(const Inst &inst) {
  Abstract made = of(types_.none, inst);
  made.constant = inst.constant;
  made.literal = inst.literal;
  switch (inst.constant.kind()) {
  case Constant::None: break;
  case Constant::Bool: made.type = types_.boolean; break;
  case Constant::Str: made.type = types_.str; break;
  case Constant::Int:
  case Constant::Float: {
    const Type *numbers[] = {types_.i8, types_.i16, types_.i32, types_.i64, types_.u8, types_.u16, types_.u32, types_.u64, types_.f32, types_.f64};
    made.type = numbers[static_cast<size_t>(inst.number_type)];
    break;
  }
  }
  return made;
}

namespace {

std::optional<Constant> as_operand(const Abstract &value, const Type *type) {
  return value.constant ? convert_constant(*value.constant, value.type, type) : std::nullopt;
}

} // namespace

Abstract BodyInference::rule_unary(const Inst &inst) {
  const Abstract &operand = value(inst.args[0]);
  OperatorTypes rule = unary_types(types_, inst.unary_op, operand);
  if (!rule && inst.unary_op != UnaryOp::Not)
    if (auto made = call_operator(inst, spelling(inst.unary_op), {inst.args[0]}))
      return *made;
  if (!rule) {
    Diagnostic &error = diagnostics_.report<Diag::BadOperand>(inst.op_span, spelling(inst.unary_op), operand.type);
    if (!rule.help.empty())
      error.help(rule.help);
    return error_value(inst);
  }
  Abstract made = of(rule.result, inst);
  if (auto constant = as_operand(operand, rule.left))
    made.constant = fold_unary(inst.unary_op, rule, *constant);
  return made;
}

Abstract BodyInference::rule_binary(const Inst &inst) {
  const Abstract &left = value(inst.args[0]), &right = value(inst.args[1]);
  if (inst.binary_op == BinaryOp::In && right.is(TypeKind::Map))
    return call_builtin(inst, "has", {{inst.args[1], inst.args[0]}, {}});
  bool equality = inst.binary_op == BinaryOp::Equal || inst.binary_op == BinaryOp::NotEqual;
  if (inst.binary_op == BinaryOp::In)
    return call_name(inst, "contains", {{inst.args[1], inst.args[0]}, {}}, function_.from_library);
  if (left.type->is_declared() || right.type->is_declared())
    if (auto made = call_binary(inst))
      return *made;
  if (is_open(left.type) || is_open(right.type)) {
    if (const Type *joined = join_types(types_, left.type, right.type); joined && is_comparison(inst.binary_op))
      return of(types_.boolean, inst);
  }
  OperatorTypes rule = binary_types(types_, inst.binary_op, left, right);
  if (!rule)
    if (auto made = call_binary(inst))
      return *made;
  if (!rule) {
    bool folds = unequal_is_false_ || left.is(TypeKind::None) || right.is(TypeKind::None);
    if (inst.in_pattern || (equality && folds)) {
      Abstract made = of(types_.boolean, inst);
      made.constant = Constant::of_bool(inst.binary_op == BinaryOp::NotEqual);
      return made;
    }
    if (equality) {
      Diagnostic &error = diagnostics_.report<Diag::NeverEqual>(inst.op_span, left.type, right.type);
      if (!rule.help.empty())
        error.help(rule.help);
      return error_value(inst);
    }
    Diagnostic &error = diagnostics_.report<Diag::BadOperands>(inst.op_span, spelling(inst.binary_op), left.type, right.type);
    auto origin = [&](const Abstract &side, const Inst *from) {
      if (side.origin.known() && !(side.origin == from->span))
        error.note(side.origin, fmt::format("this is {}", to_string(side.type)));
    };
    origin(left, inst.args[0]);
    origin(right, inst.args[1]);
    if (!rule.help.empty())
      error.help(rule.help);
    else if (const Type *own = left.type->is_declared() ? left.type : right.type; own->is_declared())
      error.help(fmt::format("it can be defined: `fn {}(a: {}, b: {}) = ...`", spelling(inst.binary_op), own->declaration->name,
                             own->declaration->name));
    return error_value(inst);
  }
  Abstract made = of(rule.result, inst);
  auto a = as_operand(left, rule.left), b = as_operand(right, rule.right);
  if (a && b)
    made.constant = fold_binary(inst.binary_op, rule, *a, *b);
  return made;
}

Abstract BodyInference::rule_tuple(const Inst &inst) {
  std::vector<const Type *> elements;
  for (const Inst *arg : inst.args)
    elements.push_back(value(arg).type);
  std::vector<std::string_view> names;
  for (const Ident &name : inst.names())
    names.push_back(name.text);
  return of(types_.tuple(elements, names), inst);
}

Abstract BodyInference::rule_array(const Inst &inst) {
  if (inst.type_expr()) { // Written where an array of this type is stored.
    const Type *type = resolve(inst.type_expr());
    for (const Inst *arg : inst.args)
      if (!type->is(TypeKind::Error) && !settle_as(value(arg), type->element(), inst) && !convertible(value(arg), type->element())) {
        report_store(*arg, value(arg), type->element(), "an element");
        return error_value(inst);
      }
    return of(type, inst);
  }
  Abstract element = value(inst.args[0]);
  for (const Inst *arg : inst.args) {
    unify_open(element, value(arg));
    element = join(types_, element, value(arg));
    if (element.other()) {
      report_conflict(arg->span, element);
      return error_value(inst);
    }
  }
  return of(types_.array(element.type), inst);
}

Abstract BodyInference::rule_range(const Inst &inst) {
  for (const Inst *arg : inst.args) {
    const Abstract &bound = value(arg);
    if (!bound.type->is_integer()) {
      Diagnostic &error = diagnostics_.report<Diag::RangeBound>(arg->span, bound.type);
      if (bound.type->is_float())
        error.help("convert it with `i64(...)`");
      else if (bound.type->is(TypeKind::Str))
        error.help("strings are joined with `+`");
      return error_value(inst);
    }
  }
  if (inst.args.size() == 3)
    if (auto step = value(inst.args[2]).constant; step && step->integer() == 0) {
      diagnostics_.report<Diag::RangeStep>(inst.args[2]->span);
      return error_value(inst);
    }
  return of(types_.range, inst);
}

Abstract BodyInference::rule_lambda(const Inst &inst) {
  std::vector<const Type *> captures;
  for (const Inst *arg : inst.args)
    captures.push_back(value(arg).type);
  return of(types_.lambda(inst.function(), captures), inst);
}

Abstract BodyInference::rule_cell(const Inst &inst) {
  if (inst.op == Op::CellNew) {
    const Type *element = inst.args.empty() ? types_.never : value(inst.args[0]).type;
    if (auto seed = cell_seeds_.find(inst.id); seed != cell_seeds_.end())
      if (const Type *joined = join_types(types_, element, settle(seed->second)))
        element = joined;
    return of(types_.cell(element, cell_site(inst)), inst);
  }
  const Inst *cell = inst.args[0];
  const Type *element = value(cell).type->element();
  if (inst.op == Op::CellGet)
    return of(settle(element), inst);
  const Abstract &stored = value(inst.args[1]);
  if (cell->op == Op::CellNew) {
    const Type *joined = join_types(types_, element, stored.type);
    bool endless = joined != element && element->is(TypeKind::Lambda) && stored.is(TypeKind::Lambda) && element->lambda == stored.type->lambda;
    if (!joined || endless) {
      if (endless)
        diagnostics_.report<Diag::EndlessLambda>(inst.span, cell->name)
            .help("functions that call each other are defined at the top level, as in `fn f(x) { ... }`");
      else
        report_conflict(inst.span, element, stored.type);
      return error_value(inst);
    }
    if (joined != element) {
      cell_seeds_[cell->id] = joined;
      again_ = true;
    }
  } else if (!convertible(stored, element)) {
    // The function that owns the variable sees this after the call, and starts again with the wider type.
    uint32_t site = value(cell).type->site;
    auto [raised, first] = inference_.raised_cells_.try_emplace(site, element);
    if (const Type *joined = join_types(types_, raised->second, stored.type))
      raised->second = joined;
    report_store(inst, stored, element, "a captured variable");
    return error_value(inst);
  }
  return of(types_.none, inst);
}

/// A slot is what the handler of a `try` finds: the join of the value before it with all that is assigned in it.
Abstract BodyInference::rule_slot(const Inst &inst) {
  const Abstract &first = value(inst.args[0]);
  if (inst.op == Op::SlotNew) {
    auto seed = slot_seeds_.find(inst.id);
    return without_constant(seed == slot_seeds_.end() ? first : join(types_, first, seed->second));
  }
  if (inst.op == Op::SlotGet) {
    Abstract made = first;
    if (!made.unset().empty())
      made.set_unset(made.unset(), inst.span);
    return made;
  }
  const Abstract &stored = value(inst.args[1]);
  if (stored.is(TypeKind::Error))
    return of(types_.none, inst);
  unify_open(first, stored);
  Abstract joined = without_constant(join(types_, first, stored));
  if (!same_state(joined, first)) {
    Abstract &seed = slot_seeds_[inst.args[0]->id];
    seed = without_constant(join(types_, seed, stored));
    again_ = forget_open_ = true;
  }
  return of(types_.none, inst);
}

bool BodyInference::check_indices(const Inst &inst, const Type *array, size_t count) {
  if (count != array->rank) {
    Diagnostic &error = diagnostics_.report<Diag::IndexCount>(inst.span, array, counted(array->rank, "index", "indices"), count);
    if (count < array->rank)
      error.help("`view(a, i)` is row i, shared; `for x in a` visits every element");
    return false;
  }
  for (size_t i = 0; i < count; ++i) {
    const Inst *arg = inst.args[1 + i];
    const Abstract &index = value(arg);
    if (!index.type->is_integer()) {
      Diagnostic &error = diagnostics_.report<Diag::IndexType>(arg->span, index.type);
      if (index.type->is_float())
        error.help("convert it with `i64(...)`; `//` divides integers to an integer");
      else if (index.is(TypeKind::Range) && inst.op == Op::SetIndex)
        error.help("to write into a part of an array, use `.=`, as in `a[1..3] .= e`");
      return false;
    }
    if (index.constant && index.type->is_signed() && index.constant->integer() < 0) {
      diagnostics_.report<Diag::NegativeIndex>(arg->span, index.constant->integer())
          .help(fmt::format("write `a[len(a) - {}]` to count from the end", -index.constant->integer()));
      return false;
    }
  }
  return true;
}

Abstract BodyInference::rule_index(const Inst &inst) {
  const Abstract &base = value(inst.args[0]);
  size_t count = inst.args.size() - 1;
  if (base.type->is_array()) {
    if (count == 1 && value(inst.args[1]).is(TypeKind::Range) && base.type->rank == 1) {
      IntrinsicKind kind = inst.shared ? IntrinsicKind::View : IntrinsicKind::Slice;
      plan(inst) = {CallPlan::Intrinsic, nullptr, nullptr, kind, {}, {}, {base.type, types_.range}, {0, 1}, {}, false, base.type, {}, {inst.args[0], inst.args[1]}};
      return of(base.type, inst);
    }
    if (!check_indices(inst, base.type, count))
      return error_value(inst);
    const Type *element = settle(base.type->element());
    return of(element->is(TypeKind::Open) ? types_.never : element, inst);
  }
  if (base.is(TypeKind::Map))
    return index_map(inst);
  if (base.is(TypeKind::Str)) {
    if (count == 1 && value(inst.args[1]).is(TypeKind::Range)) {
      plan(inst) = {CallPlan::Intrinsic, nullptr, nullptr, IntrinsicKind::Slice, {}, {}, {base.type, types_.range}, {0, 1}, {}, false, base.type, {}, {inst.args[0], inst.args[1]}};
      return of(base.type, inst);
    }
    Type bytes = *types_.array(types_.u8);
    if (!check_indices(inst, &bytes, count))
      return error_value(inst);
    Abstract byte = of(types_.u8, inst);
    const Abstract &index = value(inst.args[1]);
    if (base.constant && index.constant && static_cast<uint64_t>(index.constant->integer()) < base.constant->text().size())
      byte.constant = Constant::of_int(static_cast<uint8_t>(base.constant->text()[static_cast<size_t>(index.constant->integer())]));
    return byte;
  }
  if (base.is(TypeKind::Tuple)) {
    const Abstract &index = value(inst.args[1]);
    if (count != 1 || !index.constant || !index.type->is_integer()) {
      diagnostics_.report<Diag::TupleIndex>(inst.span);
      return error_value(inst);
    }
    if (index.constant->integer() < 0 || index.constant->integer() >= static_cast<int64_t>(base.type->elements.size())) {
      diagnostics_.report<Diag::TupleIndexRange>(inst.args[1]->span, index.constant->integer(), base.type);
      return error_value(inst);
    }
    return of(base.type->elements[static_cast<size_t>(index.constant->integer())], inst);
  }
  if (auto made = call_operator(inst, "[]", {inst.args.begin(), inst.args.end()}))
    return *made;
  if (report_operands(inst, "[]", {inst.args.begin(), inst.args.end()}))
    return error_value(inst);
  Diagnostic &error = diagnostics_.report<Diag::NotIndexable>(inst.span, base.type);
  if (base.is(TypeKind::Function))
    error.help("a call is written with parentheses, as in `f(x)`");
  else if (base.type->is_declared())
    error.help(fmt::format("it can be defined: `fn [](a: {}, i) = ...`", base.type->declaration->name));
  return error_value(inst);
}

Abstract BodyInference::rule_set_index(const Inst &inst) {
  const Abstract &base = value(inst.args[0]);
  size_t count = inst.args.size() - 2;
  if (inst.writes_back && keeps_base(*inst.args.back()))
    return of(types_.none, inst); // The element is an object, and has changed.
  if (base.is(TypeKind::Map))
    return set_index_map(inst);
  if (!base.type->is_array()) {
    if (auto made = call_operator(inst, "[]=", {inst.args.begin(), inst.args.end()}))
      return made->is(TypeKind::Error) ? *made : of(types_.none, inst);
    if (report_operands(inst, "[]=", {inst.args.begin(), inst.args.end()}))
      return error_value(inst);
    Diagnostic &error = diagnostics_.report<Diag::NotAssignable>(inst.span, base.type);
    if (base.is(TypeKind::Str))
      error.help("strings do not change; build a new one");
    else if (base.is(TypeKind::Tuple))
      error.help("tuples do not change; make a new one, or use an array");
    else if (base.type->is_declared())
      error.help(fmt::format("it can be defined: `fn []=(a: {}, i, value) {{ ... }}`", base.type->declaration->name));
    return error_value(inst);
  }
  if (!check_indices(inst, base.type, count))
    return error_value(inst);
  const Abstract &stored = value(inst.args.back());
  if (raise_open(base.type, stored, inst.span))
    return of(types_.none, inst);
  if (!convertible(stored, base.type->element())) {
    report_store(inst, stored, base.type->element(), "an element");
    return error_value(inst);
  }
  return of(types_.none, inst);
}

Abstract BodyInference::rule_format(const Inst &inst) {
  const Abstract &shown = value(inst.args[0]);
  CallPlan by = show_plan(inst, inst.args[0]);
  if (by.result->is(TypeKind::Error))
    return error_value(inst);
  if (auto wrong = check_format_spec(by.result, inst.name)) {
    diagnostics_.report<Diag::FormatSpec>(inst.span, inst.name, shown.type, *wrong);
    return error_value(inst);
  }
  if (by.kind != CallPlan::Argument)
    plan(inst) = std::move(by);
  return of(types_.str, inst);
}

Abstract BodyInference::rule_empty_array(const Inst &inst) {
  if (inst.type_expr()) {
    const Type *type = resolve(inst.type_expr());
    if (!has_family(type))
      return of(type, inst);
    diagnostics_.report<Diag::OpenFieldTypes>(inst.span, to_string(type->elements.back()))
        .help("write them, as in `[Point(f64, f64)]()`, or `[]`, which takes the type of the first element stored");
    return error_value(inst);
  }
  if (auto seed = open_seeds_.find(inst.id); seed != open_seeds_.end())
    return of(types_.array(settle(seed->second)), inst);
  if (!settle_open_)
    return of(types_.array(types_.open(inst.id)), inst);
  // Nothing reached it. At the top level a later statement may; elsewhere it stays empty.
  return of(types_.array(function_.is_unit ? types_.open(inference_.open_sites_++) : types_.none), inst);
}

Abstract BodyInference::rule_comprehension(const Inst &inst) {
  switch (inst.op) {
  case Op::CompNew: {
    for (const Inst *source : inst.args)
      if (inst.index > 1 && value(source).is(TypeKind::Union)) {
        diagnostics_.report<Diag::NotIterable>(source->span, value(source).type)
            .help("a comprehension over several variables needs to know their extents: narrow it first");
        return error_value(inst);
      } else if (inst.index > 1 && is_iterator(value(source).type)) {
        diagnostics_.report<Diag::ComprehensionExtent>(source->span).help("make an array of it first, as in `[x for x in xs]`");
        return error_value(inst);
      }
    open_seeds_.erase(inst.id);
    return of(types_.array(types_.open(inst.id), inst.index), inst);
  }
  case Op::CompAppend: {
    const Type *array = value(inst.args[0]).type;
    const Abstract &element = value(inst.args[1]);
    // CompDone takes the type from here in this same pass: no other pass is needed for it.
    open_seeds_.try_emplace(array->element()->site, element.type);
    return of(types_.none, inst);
  }
  default: {
    const Abstract &made = value(inst.args[0]);
    const Type *array = settle(made.type);
    if (array->element() == made.type->element()) // Never appended to.
      array = types_.array(types_.none, array->rank);
    values()[inst.args[0]->id].type = array;
    return of(array, inst);
  }
  }
}

Abstract BodyInference::rule_destructure(const Inst &inst) {
  const Type *whole = value(inst.args[0]).type;
  bool has_parts = whole->is(TypeKind::Tuple) || (inst.in_pattern && whole->is_declared());
  if (!has_parts) {
    // The same for each of its parts, so that it is told once.
    Diagnostic &error = diagnostics_.report<Diag::NotTuple>(inst.op_span, whole, counted(inst.count, "variable"));
    if (whole->is_declared() && !whole->names.empty())
      error.help(fmt::format("its fields are read by their names, as in `x.{}`", whole->names.front()));
    return error_value(inst);
  }
  size_t count = whole->parts().size();
  if (count != inst.count) {
    const char *part = whole->is_declared() ? "field" : "element";
    diagnostics_.report<Diag::TupleSize>(inst.op_span, whole, counted(count, part), inst.count);
    return error_value(inst);
  }
  return of(whole->parts()[inst.index], inst);
}

Abstract BodyInference::rule_name(const Inst &inst) {
  remember_name(inst.name);
  NameMeaning meaning = look_up(inst.name);
  if (meaning.global) {
    Abstract made = meaning.global->value;
    if (made.type && made.type->is(TypeKind::Error) && made.usable())
      return error_value(inst);
    made.type = made.type ? settle(made.type) : types_.never;
    if (!function_.is_unit && is_open(made.type)) {
      report_open(inst.span, made.type, " where it is made");
      return error_value(inst);
    }
    result_->globals[inst.id] = meaning.global->variable;
    return made;
  }
  bool builtin = false;
#define KILN_BUILTIN(text, rule, least, most, doc) builtin |= inst.name == text;
#include "codegen/builtins.def"
#define KILN_MATH(text, f64, f32, operands) builtin |= inst.name == text;
#include "codegen/math.def"
  if (!meaning.methods.empty() || meaning.external || builtin)
    return of(types_.function(inst.name, function_.from_library), inst);
  const std::pair<std::string_view, double> constants[] = {
      {"pi", M_PI}, {"e", M_E}, {"inf", INFINITY}, {"nan", NAN}};
  for (auto [name, number] : constants)
    if (inst.name == name) {
      Abstract made = of(types_.f64, inst);
      made.constant = Constant::of_float(number);
      return made;
    }
  if (inst.name == "args") {
    plan(inst) = {CallPlan::Intrinsic, nullptr, nullptr, IntrinsicKind::Arguments, {}, {}, {}, {}, {}, false, types_.array(types_.str), {}, {}};
    return of(types_.array(types_.str), inst);
  }
  if (function_.is_unit)
    for (const Inst *last : function_.blocks.back()->insts)
      if (last->op == Op::StoreGlobal && last->fresh && last->name == inst.name) {
        // This same unit assigns it, but not before here.
        Abstract unset = of(types_.never, inst);
        unset.set_unset(inst.name, {});
        return unset;
      }
  unknown_name(inst.span, inst.name);
  return error_value(inst);
}

} // namespace kiln
