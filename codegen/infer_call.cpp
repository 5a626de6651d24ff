#include "codegen/body_inference.h"
#include "codegen/builtin_rules.h"

#include <algorithm>

namespace kiln {

namespace {

constexpr size_t most_call_notes = 8;
constexpr size_t most_callee_errors = 5;

bool has_unknown_elements(const Type *type) {
  return type->stayed_open() || std::any_of(type->elements.begin(), type->elements.end(), has_unknown_elements);
}

/// ": did you mean 'key'?" where a parameter's name is near.
std::string near_param(const KirFunction &function, std::string_view name) {
  std::vector<std::string_view> names;
  for (const KirParam &param : function.params)
    names.push_back(param.name);
  auto near = closest(name, names);
  return near ? fmt::format(": did you mean '{}'?", *near) : std::string();
}

void note_candidates(Diagnostic &error, const std::vector<const KirFunction *> &methods) {
  constexpr size_t most = 8;
  for (size_t i = 0; i < std::min(methods.size(), most); ++i)
    error.note(methods[i]->name_span, "a candidate");
  if (methods.size() > most)
    error.help(fmt::format("there are {} more", methods.size() - most));
}

/// An error inside of a function of the library lies in what it was called with: its place is the call.
void blame_call(Diagnostic &error, const Specialisation &callee, Span call) {
  std::erase_if(error.notes, [&](const DiagNote &note) { return note.span.known() && note.span.source == error.span.source; });
  error.note(callee.function->name_span, fmt::format("found in {}, which is of the library", callee.display));
  error.span = call;
}

} // namespace

Abstract BodyInference::rule_call(const Inst &inst) {
  Arguments arguments;
  for (size_t i = 1; i < inst.args.size(); ++i)
    arguments.insts.push_back(inst.args[i]);
  if (value(inst.args[0]).type->is_declared() && inst.names().empty())
    if (auto made = call_operator(inst, "()", {inst.args.begin(), inst.args.end()}))
      return *made;
  arguments.names.assign(inst.names().begin(), inst.names().end());
  return call_value(inst, value(inst.args[0]), arguments);
}

Abstract BodyInference::rule_method_call(const Inst &inst) {
  const Abstract receiver = value(inst.args[0]);
  Arguments arguments;
  for (const Inst *arg : inst.args)
    arguments.insts.push_back(arg);
  if (!inst.names().empty()) {
    arguments.names.push_back({});
    arguments.names.insert(arguments.names.end(), inst.names().begin(), inst.names().end());
  }
  // A function in a field of that name is called; else x.f(y) is f(x, y).
  remember_name(inst.name);
  NameMeaning meaning = look_up(inst.name);
  if (auto part = part_of(receiver.type, without_file(inst.name))) {
    const Type *field = receiver.type->parts()[*part];
    bool is_callable = field->is(TypeKind::Function) || field->is(TypeKind::Lambda);
    if (is_callable || (!meaning.global && meaning.methods.empty() && !BuiltinRules::exists(inst.name))) {
      arguments.insts.erase(arguments.insts.begin());
      if (!arguments.names.empty()) arguments.names.erase(arguments.names.begin());
      return call_value(inst, of(field, inst), arguments);
    }
  }
  if (meaning.global && meaning.global->value.usable()) {
    result_->globals[inst.id] = meaning.global->variable;
    return call_value(inst, meaning.global->value, arguments);
  }
  return call_name(inst, inst.name, arguments, function_.from_library);
}

Abstract BodyInference::call_value(const Inst &inst, const Abstract &callee, const Arguments &arguments) {
  if (callee.is(TypeKind::Error))
    return error_value(inst);
  if (callee.is(TypeKind::Function))
    return call_name(inst, callee.type->name, arguments, callee.type->site != 0);
  if (callee.is(TypeKind::Callable))
    return call_callable(inst, callee.type, arguments);
  if (!callee.is(TypeKind::Lambda)) {
    Diagnostic &error = diagnostics_.report<Diag::NotCallable>(inst.span, callee.type);
    if (callee.type->is_array() || callee.is(TypeKind::Str))
      error.help("an element is written with brackets, as in `a[i]`");
    else if (callee.type->is_number())
      error.help("write `*` to multiply");
    else if (callee.type->is_declared())
      error.help(fmt::format("it can be defined: `fn ()(f: {}, x) = ...`", callee.type->declaration->name));
    return error_value(inst);
  }
  std::vector<int> sources;
  std::string why;
  const KirFunction &function = *callee.type->lambda;
  if (!match(function, arguments, sources, &why)) {
    diagnostics_.report<Diag::NoMatch>(inst.span, function.name, why).note(function.span, "it is defined here");
    return error_value(inst);
  }
  return call_function(inst, function, sources, arguments, callee.type);
}

Abstract BodyInference::call_name(const Inst &inst, std::string_view name, const Arguments &arguments, bool as_library) {
  remember_name(name);
  NameMeaning meaning = inference_.names().lookup(name, as_library);
  if (meaning.external)
    return call_extern(inst, *meaning.external, arguments);
  bool matched = false;
  std::vector<const KirFunction *> program;
  if (!meaning.methods.empty()) {
    Abstract made = call_methods(inst, name, meaning.methods, arguments, matched);
    if (matched)
      return made;
    program = meaning.methods;
  }
  if (program.empty() || !program.front()->from_library)
    if (std::vector<const KirFunction *> library = inference_.names().library_methods(name); !library.empty()) {
      Abstract made = call_methods(inst, name, library, arguments, matched);
      if (matched)
        return made;
      program.insert(program.end(), library.begin(), library.end());
    }
  if (BuiltinRules::exists(name)) {
    if (program.empty() || BuiltinRules::takes(name, arguments.insts.size()))
      return call_builtin(inst, name, arguments);
  }
  if (program.empty()) {
    unknown_name(inst.op == Op::CallMethod && inst.op_span.known() ? inst.op_span : inst.args.empty() ? inst.span : inst.args[0]->span, name);
    return error_value(inst);
  }
  // Nothing takes these arguments: say which are there.
  std::string types;
  for (const Inst *arg : arguments.insts)
    types += (types.empty() ? "" : ", ") + to_string(value(arg).type);
  if (program.size() == 1) {
    std::vector<int> sources;
    std::string why;
    match(*program.front(), arguments, sources, &why);
    diagnostics_.report<Diag::NoMatch>(inst.span, name, why).note(program.front()->name_span, "it is defined here");
    return error_value(inst);
  }
  Diagnostic &error = diagnostics_.report<Diag::NoMethod>(inst.span, name, types);
  note_candidates(error, program);
  return error_value(inst);
}

std::optional<std::vector<int>> BodyInference::match(const KirFunction &function, const Arguments &arguments, std::vector<int> &sources,
                                                     std::string *why) {
  auto refuse = [&](std::string text) {
    if (why)
      *why = std::move(text);
    return std::nullopt;
  };
  auto refuse_count = [&](size_t given) {
    size_t most = function.params.size();
    size_t least = most - static_cast<size_t>(std::ranges::count_if(function.params, [](const KirParam &param) { return param.default_value != nullptr; }));
    std::string some = least + 1 < most ? fmt::format("{} to ", least) : least < most ? fmt::format("{} or ", least) : std::string();
    return refuse(fmt::format("takes {}{}, not {}", some, counted(most, "argument"), given));
  };
  sources.assign(function.params.size(), -1);
  size_t given = arguments.insts.size();
  size_t positional = 0;
  for (size_t i = 0; i < given; ++i) {
    std::string_view name = arguments.names.empty() ? std::string_view() : arguments.names[i].text;
    size_t place = positional;
    if (name.empty()) {
      if (positional++ >= function.params.size())
        return refuse_count(given);
    } else {
      auto found = std::find_if(function.params.begin(), function.params.end(), [&](const KirParam &param) { return param.name == name; });
      if (found == function.params.end())
        return refuse(fmt::format("has no {} '{}'", function.constructs ? "field" : "parameter", name) + near_param(function, name));
      place = static_cast<size_t>(found - function.params.begin());
    }
    if (sources[place] != -1)
      return refuse(fmt::format("is given '{}' twice", function.params[place].name));
    sources[place] = static_cast<int>(i);
  }
  std::vector<int> ranks(given);
  for (size_t p = 0; p < function.params.size(); ++p) {
    const KirParam &param = function.params[p];
    if (sources[p] < 0) {
      if (param.default_value)
        continue;
      if (given < function.params.size() && arguments.names.empty())
        return refuse_count(given);
      return refuse(fmt::format("needs '{}'", param.name));
    }
    enum : int { exact, family, any, converted };
    int &rank = ranks[static_cast<size_t>(sources[p])];
    rank = any;
    if (!param.type_expr)
      continue;
    const Type *wanted = resolve(param.type_expr, function.from_library);
    const Abstract &given_value = value(arguments.insts[static_cast<size_t>(sources[p])]);
    if (given_value.type == wanted)
      rank = exact;
    else if (is_instance(given_value.type, wanted))
      rank = family;
    else if (convertible(given_value, wanted))
      rank = converted;
    else if (function.constructs)
      rank = converted; // Reported as a store in the field.
    else
      return refuse(fmt::format("takes {} for '{}', not {}", to_string(wanted), param.name, to_string(given_value.type)));
  }
  return ranks;
}

Abstract BodyInference::call_methods(const Inst &inst, std::string_view name, const std::vector<const KirFunction *> &methods,
                                     const Arguments &arguments, bool &matched) {
  struct Candidate {
    const KirFunction *function;
    std::vector<int> ranks, sources;
  };
  std::vector<Candidate> candidates;
  for (const KirFunction *method : methods) {
    std::vector<int> sources;
    if (auto ranks = match(*method, arguments, sources))
      candidates.push_back({method, std::move(*ranks), std::move(sources)});
  }
  matched = !candidates.empty() || takes_alternatives(methods, arguments);
  if (candidates.empty())
    return matched ? error_value(inst) : Abstract();
  auto closer = [](const Candidate &a, const Candidate &b) {
    bool better = false;
    for (size_t i = 0; i < a.ranks.size(); ++i) {
      if (a.ranks[i] > b.ranks[i])
        return false;
      better |= a.ranks[i] < b.ranks[i];
    }
    // Fewer parameters left to their defaults.
    return better || a.sources.size() < b.sources.size();
  };
  const Candidate *best = &candidates.front();
  for (const Candidate &candidate : candidates)
    if (&candidate != best && closer(candidate, *best))
      best = &candidate;
  // Each alternative of a union has a method of its own to choose, unless this one is for just this union.
  if (methods.size() > 1)
    for (size_t i = 0; i < arguments.insts.size(); ++i)
      if (value(arguments.insts[i]).is(TypeKind::Union) && best->ranks[i] != 0)
        return error_value(inst);
  for (const Candidate &candidate : candidates)
    if (&candidate != best && !closer(*best, candidate)) {
      std::string types;
      for (const Inst *arg : arguments.insts)
        types += (types.empty() ? "" : ", ") + to_string(value(arg).type);
      Diagnostic &error = diagnostics_.report<Diag::Ambiguous>(inst.span, name, types);
      std::vector<const KirFunction *> methods;
      for (const Candidate &other : candidates)
        methods.push_back(other.function);
      note_candidates(error, methods);
      return error_value(inst);
    }
  return call_function(inst, *best->function, best->sources, arguments, nullptr);
}

Abstract BodyInference::call_function(const Inst &inst, const KirFunction &function, const std::vector<int> &sources, const Arguments &arguments,
                                      const Type *lambda) {
  if (function.constructs)
    return construct(inst, function, sources, arguments);
  CallPlan made;
  made.kind = CallPlan::Direct;
  made.sources = sources;
  made.arguments = arguments.insts;
  made.unpack_lambda = lambda != nullptr;
  std::vector<const Type *> types;
  if (lambda)
    types.assign(lambda->elements.begin(), lambda->elements.end());
  std::vector<std::optional<Constant>> constants;
  if (std::ranges::any_of(function.params, &KirParam::is_const))
    constants.resize(types.size() + function.params.size());
  for (size_t p = 0; p < function.params.size(); ++p) {
    const KirParam &param = function.params[p];
    const Type *type = nullptr;
    std::optional<Constant> known; // The argument, or the default value.
    if (sources[p] >= 0) {
      const Abstract &given = value(arguments.insts[static_cast<size_t>(sources[p])]);
      type = param.type_expr ? resolve(param.type_expr, function.from_library) : given.type;
      if (has_family(type) && is_instance(given.type, type))
        type = given.type;
      known = given.constant ? convert_constant(*given.constant, given.type, type) : std::nullopt;
      if (param.type_expr)
        settle_as(given, type, inst);
    } else {
      Specialisation &value_of = inference_.specialise(*param.default_value, types);
      specialisation_.callees.push_back(&value_of);
      made.defaults.push_back(&value_of);
      for (const Diagnostic &error : value_of.errors)
        diagnostics_.add(error);
      type = param.type_expr ? resolve(param.type_expr, function.from_library) : value_of.result;
      if (has_family(type))
        type = value_of.result;
      if (const std::optional<Constant> value = value_of.inferred ? value_of.inferred->returned : std::nullopt)
        known = convert_constant(*value, value_of.result, type);
    }
    if (type->is(TypeKind::Error))
      return error_value(inst);
    if (type->is(TypeKind::Cell))
      type = type->element();
    if (!settled(inst, sources[p] >= 0 ? *arguments.insts[static_cast<size_t>(sources[p])] : inst, type))
      return error_value(inst);
    if (param.is_const && !known && !type->is_empty()) {
      Span place = sources[p] >= 0 ? arguments.insts[static_cast<size_t>(sources[p])]->span : inst.span;
      diagnostics_.report<Diag::NotConstant>(place, param.name)
          .note(param.span, "this is a `const` parameter")
          .help("a literal, a top-level `const`, another `const` parameter, or arithmetic with them is known: numbers, bools and strings");
      return error_value(inst);
    }
    if (param.is_const)
      constants[types.size()] = known;
    types.push_back(type);
  }
  made.operands = std::move(types);
  return call_specialisation(inst, function, std::move(made), std::move(constants));
}

Abstract BodyInference::call_specialisation(const Inst &inst, const KirFunction &function, CallPlan made,
                                           std::vector<std::optional<Constant>> constants) {
  Specialisation &callee = inference_.specialise(function, made.operands, std::move(constants));
  specialisation_.callees.push_back(&callee);
  made.callee = &callee;
  if (callee.state == Specialisation::InProgress && callee.result->is(TypeKind::Never) && function.result_type)
    if (const Type *declared = resolve(function.result_type, function.from_library); !has_family(declared))
      callee.result = declared; // Its own calls need not wait for what it gives.
  made.result = callee.result;
  if (callee.state == Specialisation::Failed) {
    callee_failed_ = true;
    size_t shown = 0;
    for (Diagnostic error : callee.errors) {
      if (++shown > most_callee_errors)
        break;
      if (function.from_library && error.span.source == function.span.source)
        blame_call(error, callee, inst.span);
      else if (error.notes.size() < most_call_notes)
        error.note(inst.span, fmt::format("in {}, called here", callee.display));
      diagnostics_.add(std::move(error));
    }
    return error_value(inst);
  }
  plan(inst) = std::move(made);
  return of(callee.result, inst);
}

bool BodyInference::settled(const Inst &inst, const Inst &argument, const Type *type) {
  if (!is_open(type) && !(settle_open_ && has_unknown_elements(type)))
    return true;
  bool read_at_top = is_open(type) && function_.is_unit && !again_ && &argument != &inst && argument.op == Op::Name;
  if (settle_open_ || read_at_top)
    report_open(argument.span, type, " where it is made");
  return false;
}

/// Through a value of Callable type.
Abstract BodyInference::call_callable(const Inst &inst, const Type *callable, const Arguments &arguments) {
  size_t count = callable->elements.size() - 1;
  if (arguments.insts.size() != count || !arguments.names.empty()) {
    std::string why = arguments.names.empty()
                          ? fmt::format("takes {} argument{}, not {}", count, count == 1 ? "" : "s", arguments.insts.size())
                          : std::string("takes its arguments without names");
    diagnostics_.report<Diag::NoMatch>(inst.span, callable, why);
    return error_value(inst);
  }
  CallPlan made;
  made.kind = CallPlan::Indirect;
  made.result = callable->elements[count];
  made.arguments = arguments.insts;
  for (size_t i = 0; i < count; ++i) {
    const Abstract &given = value(arguments.insts[i]);
    const Type *param = callable->elements[i];
    if (!settle_as(given, param, inst) && !convertible(given, param)) {
      report_store(*arguments.insts[i], given, param, "a parameter");
      return error_value(inst);
    }
    made.operands.push_back(param);
    made.sources.push_back(static_cast<int>(i));
  }
  Abstract result = of(made.result, inst);
  plan(inst) = std::move(made);
  return result;
}

void BodyInference::report_open(Span span, const Type *type, std::string_view where) {
  if (type->is(TypeKind::Map))
    diagnostics_.report<Diag::OpenMap>(span, type->is_set() ? "set" : "map")
        .help(type->is_set() ? "give it a type, as in `s: set(i64) = set()`"
                             : fmt::format("give them{}, as in `[str: i64]()`", where));
  else
    diagnostics_.report<Diag::OpenArray>(span).help(fmt::format("give it one{}, as in `[f64]()`", where));
}

Abstract BodyInference::call_extern(const Inst &inst, const ExternFunction &function, const Arguments &arguments) {
  if (arguments.insts.size() != function.params.size() || !arguments.names.empty()) {
    size_t most = function.params.size();
    diagnostics_.report<Diag::NoMatch>(inst.span, function.name,
                                       fmt::format("takes {}, not {}", counted(most, "argument"), arguments.insts.size()));
    return error_value(inst);
  }
  CallPlan made;
  made.kind = CallPlan::Extern;
  made.external = &function;
  made.result = function.result;
  made.arguments = arguments.insts;
  for (size_t i = 0; i < function.params.size(); ++i) {
    const Abstract &given = value(arguments.insts[i]);
    if (!convertible(given, function.params[i])) {
      report_store(*arguments.insts[i], given, function.params[i], "a parameter");
      return error_value(inst);
    }
    made.operands.push_back(function.params[i]);
    made.sources.push_back(static_cast<int>(i));
  }
  plan(inst) = std::move(made);
  return of(function.result, inst);
}

Abstract BodyInference::call_builtin(const Inst &inst, std::string_view name, const Arguments &arguments) {
  for (const Ident &given : arguments.names)
    if (!given.text.empty()) {
      diagnostics_.report<Diag::NoMatch>(given.span, name, fmt::format("has no parameter '{}'", given.text));
      return error_value(inst);
    }
  return BuiltinRules(*this, inst, name, arguments.insts).call();
}

} // namespace kiln
