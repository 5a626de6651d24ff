// Stores: what may be stored where, and the errors of stores and of names that are not known.
#include "codegen/body_inference.h"

#include <algorithm>

namespace kiln {

Abstract BodyInference::rule_coerce(const Inst &inst) {
  const Type *type = inst.type ? inst.type : resolve(inst.type_expr());
  const Abstract &stored = value(inst.args[0]);
  if (type->is(TypeKind::Error))
    return error_value(inst);
  if (settle_as(stored, type, inst)) {
    if (!has_family(type))
      return of(type, inst);
    diagnostics_.report<Diag::OpenFieldTypes>(inst.type_expr()->span, to_string(type));
    return error_value(inst);
  }
  if (is_instance(stored.type, type)) {
    Abstract made = stored;
    made.literal = false;
    return made;
  }
  if (!convertible(stored, type)) {
    report_store(inst, stored, type, inst.role == Inst::Result ? "a result" : inst.role == Inst::Parameter ? "a parameter" : "a variable");
    return error_value(inst);
  }
  Abstract made = of(type, inst);
  made.constant = stored.constant ? convert_constant(*stored.constant, stored.type, type) : std::nullopt;
  return made;
}

Abstract BodyInference::rule_store_global(const Inst &inst) {
  remember_name(inst.name);
  const Abstract &stored = value(inst.args[0]);
  if (function_.is_unit) {
    Abstract plain = stored;
    plain.constant.reset();
    plain.literal = false;
    auto &seed = global_seeds_[inst.name];
    Abstract joined = join(types_, seed, plain);
    if (joined.other()) {
      report_conflict(inst.span, joined);
      return error_value(inst);
    }
    const Inst *last = inst.args[0];
    if (seed.reached() && seed.type->is_integer() && joined.is(TypeKind::F64) && last->op == Op::Binary &&
        last->binary_op == BinaryOp::Divide)
      warn_of_float(*last, inst.name);
    if (!seed.reached() || joined.type != seed.type) {
      seed = joined;
      inference_.names().assign(inst.name, joined);
      again_ = true;
    }
    if (const GlobalState *state = look_up(inst.name).global)
      result_->globals[inst.id] = state->variable;
    return of(types_.none, inst);
  }
  const GlobalState *state = look_up(inst.name).global;
  if (!state) {
    diagnostics_.report<Diag::GlobalNotSet>(inst.span, inst.name);
    return error_value(inst);
  }
  if (state->is_const) {
    diagnostics_.report<Diag::AssignConst>(inst.span, inst.name);
    return error_value(inst);
  }
  if (state->value.is(TypeKind::Error))
    return error_value(inst);
  if (!convertible(stored, state->value.type)) {
    report_store(inst, stored, state->value.type, "a top-level variable");
    return error_value(inst);
  }
  result_->globals[inst.id] = state->variable;
  return of(types_.none, inst);
}

bool BodyInference::convertible(const Abstract &from, const Type *to) {
  if (from.type == to)
    return true;
  if (from.is(TypeKind::Union))
    return std::all_of(from.type->elements.begin(), from.type->elements.end(), [&](const Type *alternative) {
      Abstract held = from;
      held.type = alternative;
      return convertible(held, to);
    });
  if (to->is_union()) {
    auto place = alternative_for(types_, from.type, to, from.constant, from.literal);
    return place && convertible(from, to->elements[*place]);
  }
  if (to->is(TypeKind::Callable)) {
    if (!from.is(TypeKind::Lambda) && !from.is(TypeKind::Function) && !from.is(TypeKind::Callable))
      return false;
    Specialisation &adapted = inference_.specialise_callable(from.type, to);
    specialisation_.callees.push_back(&adapted);
    return adapted.state != Specialisation::Failed;
  }
  if (join_types(types_, from.type, to) == to) {
    // Joins widen; an integer that a float must hold exactly is checked unless it is known.
    if (from.type->is_integer() && to->is_float() && from.constant)
      return store_conversion(from.type, to, from.constant, from.literal).has_value();
    return true;
  }
  return store_conversion(from.type, to, from.constant, from.literal).has_value();
}

void BodyInference::report_store(const Inst &inst, const Abstract &from, const Type *to, const char *place) {
  if (from.constant && from.type->is_integer() && to->is_number()) {
    std::string shown = from.is(TypeKind::U64) ? std::to_string(static_cast<uint64_t>(from.constant->integer())) : std::to_string(from.constant->integer());
    diagnostics_.report<Diag::DoesNotFit>(inst.span, shown, to);
    return;
  }
  Diagnostic &error = diagnostics_.report<Diag::BadStore>(inst.span, from.type, place, to);
  if (from.origin.known() && !(from.origin == inst.span))
    error.note(from.origin, fmt::format("this is {}", to_string(from.type)));
  bool callable = from.is(TypeKind::Lambda) || from.is(TypeKind::Function) || from.is(TypeKind::Callable);
  if (to->is(TypeKind::Callable) && callable)
    for (const Diagnostic &why : inference_.specialise_callable(from.type, to).errors)
      error.note(why.span, why.message);
  if (from.is(TypeKind::Union))
    for (const AlternativeOrigin &held : from.alternatives())
      if (!convertible(Abstract(held.type, held.span), to))
        error.note(held.span, fmt::format("this is {}", to_string(held.type)));
  if (from.type->is_float() && to->is_integer())
    error.help(fmt::format("`{}(...)` truncates; `//` divides integers to an integer", to_string(to)));
  else if (from.type->is_number() && to->is_number())
    error.help(fmt::format("convert it with `{}(...)`", to_string(to)));
}

void BodyInference::remember_name(std::string_view name) { specialisation_.names.push_back(name); }

void BodyInference::unknown_name(Span span, std::string_view name) {
  Diagnostic &error = diagnostics_.report<Diag::UnknownName>(span, name);
  const std::pair<std::string_view, std::string_view> foreign[] = {
      {"length", "len"}, {"size_of", "len"}, {"append", "push"}, {"println", "print"}, {"printf", "print"}, {"int", "i64"}, {"float", "f64"},
      {"double", "f64"}, {"string", "str"}, {"range", "0..n"}, {"null", "none"}, {"nil", "none"}, {"None", "none"}, {"True", "true"},
      {"False", "false"}, {"ln", "log"}, {"power", "x^n"}, {"fabs", "abs"}, {"int64", "i64"}, {"float64", "f64"}, {"self", "a parameter"}};
  for (auto [theirs, ours] : foreign)
    if (name == theirs) {
      error.help(fmt::format("Kiln writes `{}`", ours));
      return;
    }
  std::vector<std::string_view> candidates = inference_.names().all();
#define KILN_BUILTIN(text, rule, least, most, doc) candidates.push_back(text);
#include "codegen/builtins.def"
#define KILN_MATH(text, f64, f32, operands) candidates.push_back(text);
#include "codegen/math.def"
  for (const KirParam &param : function_.params)
    candidates.push_back(param.name);
  if (auto near = closest(name, candidates))
    error.help(fmt::format("did you mean `{}`?", *near));
}

} // namespace kiln
