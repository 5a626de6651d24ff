// Structs and classes: construction, fields, and the operators that a program defines for them.
#include "codegen/body_inference.h"

#include "codegen/builtin_rules.h"
#include "codegen/declaration.h"
#include "codegen/type_resolve.h"

namespace kiln {

/// What the type of a field is before the instance is known: open ones take the argument's.
const Type *BodyInference::field_type(const Declaration::Field &field, bool open, const Type *given) {
  const Type *declared = open ? nullptr : resolve(field.annotation, function_.from_library);
  return declared && !has_family(declared) ? declared : given;
}

Abstract BodyInference::construct(const Inst &inst, const KirFunction &constructor, const std::vector<int> &sources,
                                  const Arguments &arguments) {
  const Declaration &declaration = *constructor.constructs;
  TypeResolver resolver = this->resolver(false);
  CallPlan made;
  made.kind = CallPlan::Construct;
  made.sources = sources;
  made.arguments = arguments.insts;
  std::vector<const Type *> types, open;
  for (size_t p = 0; p < sources.size(); ++p) {
    const Declaration::Field &field = declaration.fields[p];
    bool is_open_field = resolver.is_open(declaration, field);
    if (sources[p] >= 0) {
      const Inst &argument = *arguments.insts[static_cast<size_t>(sources[p])];
      const Type *given = value(&argument).type;
      if (is_open_field && field.annotation && !accepts(field.annotation, given, false)) {
        report_store(argument, value(&argument), resolve(field.annotation, false), "a field");
        return error_value(inst);
      }
      if (is_open_field && !settled(inst, argument, given)) return error_value(inst);
      types.push_back(field_type(field, is_open_field, given));
    } else {
      Specialisation &value_of = inference_.specialise(*constructor.params[p].default_value, types);
      specialisation_.callees.push_back(&value_of);
      made.defaults.push_back(&value_of);
      for (const Diagnostic &error : value_of.errors) diagnostics_.add(error);
      types.push_back(field_type(field, is_open_field, value_of.result));
    }
    if (types.back()->is(TypeKind::Error)) return error_value(inst);
    if (is_open_field) open.push_back(types.back());
  }
  made.result = resolver.instance(declaration, open);
  if (made.result->is(TypeKind::Error)) return error_value(inst);
  if (is_too_large(made.result)) {
    diagnostics_.report<Diag::EndlessSpecialisation>(inst.span, declaration.name)
        .help("each value holds the one before it, so that each has a type of its own");
    return error_value(inst);
  }
  made.operands.assign(made.result->fields.begin(), made.result->fields.end());
  for (size_t p = 0; p < sources.size(); ++p)
    if (sources[p] >= 0 &&
        !store_in_field(*arguments.insts[static_cast<size_t>(sources[p])], made.operands[p]))
      return error_value(inst);
  plan(inst) = made;
  return of(made.result, inst);
}

/// Whether the value can be stored in a field of the type; reports when not.
bool BodyInference::store_in_field(const Inst &stored, const Type *field) {
  return storable(stored, field, "a field");
}

void BodyInference::report_no_field(const Inst &inst, const Type *type) {
  Diagnostic &error =
      diagnostics_.report<Diag::NoField>(inst.op_span.known() ? inst.op_span : inst.span, type, inst.name);
  std::vector<std::string_view> names;
  if (!type->is(TypeKind::Map)) names.assign(type->names.begin(), type->names.end());
  if (auto near = closest(inst.name, names))
    error.help(fmt::format("did you mean `{}`?", *near));
  else if (type->is_declared() && !names.empty())
    error.help(fmt::format("its fields are {}", fmt::join(names, ", ")));
  else if (type->is(TypeKind::Failure))
    error.help("an error has `message`, `line` and `trace`");
  if (NameMeaning meaning = look_up(inst.name); !meaning.methods.empty() || BuiltinRules::exists(inst.name))
    error.help(fmt::format("to call the function write `{}(...)` or `x.{}()`", inst.name, inst.name));
}

namespace {

struct FailureField {
  std::string_view name;
  IntrinsicKind intrinsic;
  const Type *type;
};

std::array<FailureField, 3> failure_fields(TypeTable &types) {
  return {{{"message", IntrinsicKind::ErrorMessage, types.str},
           {"line", IntrinsicKind::ErrorLine, types.i64},
           {"trace", IntrinsicKind::ErrorTrace, types.array(types.str)}}};
}

} // namespace

Abstract BodyInference::rule_field(const Inst &inst) {
  const Type *base = value(inst.args[0]).type;
  if (base->is(TypeKind::Failure))
    for (const auto &[name, intrinsic, type] : failure_fields(types_))
      if (inst.name == name) {
        CallPlan &read = plan(inst) = {};
        read.kind = CallPlan::Intrinsic;
        read.intrinsic = intrinsic;
        read.operands = {base};
        read.sources = {0};
        read.result = type;
        read.arguments = {inst.args[0]};
        return of(type, inst);
      }
  if (auto part = part_of(base, inst.name)) return of(base->parts()[*part], inst);
  report_no_field(inst, base);
  return error_value(inst);
}

Abstract BodyInference::rule_set_field(const Inst &inst) {
  const Type *base = value(inst.args[0]).type;
  if (!base->is_declared() && !(base->is(TypeKind::Map) && function_.from_library)) {
    Diagnostic &error = diagnostics_.report<Diag::FieldAssignment>(inst.span, base);
    if (base->is(TypeKind::Tuple))
      error.help("make a new tuple, as in `p = (x: p.x + 1, y: p.y)`, or declare a struct");
    return error_value(inst);
  }
  auto part = base->part(inst.name);
  if (!part) {
    report_no_field(inst, base);
    return error_value(inst);
  }
  if (!keeps_base(inst) && !inst.stored) {
    const Inst *root = inst.args[0];
    if (root->op == Op::Name)
      diagnostics_.report<Diag::FieldOfGlobal>(inst.span, root->name, inst.name)
          .help(fmt::format("to change it, say `global {}` first", root->name));
    else
      diagnostics_.report<Diag::FieldOfNoVariable>(inst.span, base, inst.name)
          .help("put it into a variable first, or declare a class, whose objects are shared");
    return error_value(inst);
  }
  return store_in_field(*inst.args[1], base->parts()[*part]) ? of(base, inst) : error_value(inst);
}

/// Warns of assignments that change nothing: to a variable of the function that is called like a top-level one and is
/// never read, and to a field of a struct, a value, that is not used afterwards.
void BodyInference::warn_of_lost_stores() {
  Diagnostics found;
  for (const Ident &local : function_.unread)
    if (hides_top_level(local.text))
      found.report<Diag::HidesTopLevel>(local.span, local.text)
          .help(fmt::format("to assign the top-level '{}', say `global {}` first", local.text, local.text));
  std::vector<bool> used(function_.inst_count());
  for (const Block *block : function_.blocks) {
    for (const Inst *inst : block->insts)
      for (const Inst *arg : inst->args) used[arg->id] = true;
    if (block->end.value) used[block->end.value->id] = true;
    for (const Edge &edge : block->end.edges)
      for (const Inst *arg : edge.args) used[arg->id] = true;
  }
  for (const Block *block : function_.blocks)
    for (const Inst *inst : block->insts)
      if (inst->op == Op::SetField && !used[inst->id] && value(inst).is(TypeKind::Struct) && !keeps_base(*inst))
        found.report<Diag::LostField>(inst->span, inst->name)
            .help("a struct is a value: return the changed one, or declare a class, whose objects are shared");
  for (const Diagnostic &warning : found.list()) result_->warnings.push_back(warning);
}

bool InferenceResult::keeps_base(const Inst &inst) const {
  if (inst.op != Op::SetField || !values[inst.args[0]->id].type) return false;
  return values[inst.args[0]->id].type->is_object() || (inst.writes_back && keeps_base(*inst.args[1]));
}

// --- operators ---

/// The call of the method that a program (or the library) defines for an operator, when one takes the operands.
std::optional<Abstract> BodyInference::call_operator(const Inst &inst, std::string_view name,
                                                     const std::vector<const Inst *> &operands) {
  remember_name(name);
  bool matched = false;
  Arguments arguments{operands, {}};
  std::vector<const KirFunction *> methods = look_up(name).methods;
  if (!methods.empty()) {
    Abstract made = call_methods(inst, name, methods, arguments, matched);
    if (matched) return made;
    if (methods.front()->from_library) return std::nullopt;
  }
  methods = inference_.names().library_methods(name);
  if (methods.empty()) return std::nullopt;
  Abstract made = call_methods(inst, name, methods, arguments, matched);
  return matched ? std::optional(made) : std::nullopt;
}

std::optional<Abstract> BodyInference::call_binary(const Inst &inst) {
  std::string_view name = spelling(inst.binary_op);
  std::vector<const Inst *> operands(inst.args.begin(), inst.args.end());
  std::optional<Abstract> made = call_operator(inst, name, operands);
  if (!made && inst.binary_op == BinaryOp::NotEqual && (made = call_operator(inst, name = "==", operands)))
    plan(inst).negated = true;
  if (made && is_comparison(inst.binary_op)) check_result(inst, name, types_.boolean, *made);
  return made;
}

bool BodyInference::report_operands(const Inst &inst, std::string_view name, const std::vector<const Inst *> &operands) {
  std::vector<const KirFunction *> methods = look_up(name).methods;
  std::erase_if(methods, [&](const KirFunction *method) {
    return method->from_library || method->params.empty() || !method->params[0].type_expr ||
           !accepts(method->params[0].type_expr, value(operands[0]).type, false);
  });
  if (methods.empty()) return false;
  std::string types;
  for (const Inst *operand : operands) types += (types.empty() ? "" : ", ") + to_string(value(operand).type);
  Diagnostic &error = diagnostics_.report<Diag::NoMethod>(inst.span, name, types);
  for (const KirFunction *method : methods) error.note(method->name_span, "it is defined here");
  return true;
}

/// Reports a method of an operator that gives something else than it must.
void BodyInference::check_result(const Inst &inst, std::string_view name, const Type *wanted, Abstract &made) {
  if (made.type == wanted || made.is(TypeKind::Error) || made.is(TypeKind::Never)) return;
  diagnostics_.report<Diag::OperatorResult>(inst.span, name, wanted, made.type)
      .note(plan(inst).callee->function->name_span, "it is defined here");
  made = error_value(inst);
}

/// How a value becomes text: by the program's `str` for its struct or class, or as it is.
CallPlan BodyInference::show_plan(const Inst &inst, const Inst *shown) {
  CallPlan as_it_is;
  as_it_is.kind = CallPlan::Argument;
  as_it_is.result = value(shown).type;
  as_it_is.arguments = {shown};
  const Type *type = value(shown).type;
  if (type->is_union() && takes_alternatives(look_up("str").methods, {{shown}, {}})) {
    remember_name("str");
    as_it_is.result = types_.error; // Each alternative is shown in its own way.
  }
  if (!type->is_declared()) return as_it_is;
  std::optional<Abstract> made = call_operator(inst, "str", {shown});
  if (!made) return as_it_is;
  check_result(inst, "str", types_.str, *made);
  CallPlan call = std::move(plan(inst));
  result_->plans.erase(inst.id);
  return made->is(TypeKind::Str) ? call : as_it_is;
}

} // namespace kiln
