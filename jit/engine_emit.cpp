#include "jit/engine_impl.h"

#include "codegen/type_resolve.h"
#include "jit/loop_trace.h"
#include "jit/signals.h"
#include "lang/lexer.h"

namespace kiln {

std::optional<EmitKind> emit_kind(std::string_view name) {
  const std::pair<std::string_view, EmitKind> kinds[] = {
      {"tokens", EmitKind::Tokens}, {"ast", EmitKind::Ast},           {"kir", EmitKind::Kir},
      {"typed-kir", EmitKind::TypedKir}, {"bytecode", EmitKind::Bytecode}, {"baseline", EmitKind::Baseline}, {"llvm", EmitKind::Llvm},    {"llvm-raw", EmitKind::LlvmRaw},
      {"asm", EmitKind::Asm},       {"obj", EmitKind::Object},        {"bitcode", EmitKind::Bitcode},   {"trace", EmitKind::Trace}};
  for (auto [text, kind] : kinds)
    if (name == text)
      return kind;
  return std::nullopt;
}

/// The specialisation of `f(i64, f64)`, chosen as a call with these types would be.
Specialisation *Engine::Impl::find_signature(std::string_view signature, Outcome &outcome) {
  Diagnostics errors;
  uint32_t source = session.sources().add("signature", std::string(signature));
  Ast ast;
  std::optional<Signature> parsed = parse_signature(session.sources(), source, ast, errors);
  std::vector<const Type *> types;
  if (parsed) {
    TypeResolver resolver(session.types(), session, errors, false);
    for (const TypeExpr *argument : parsed->types) {
      types.push_back(resolver.resolve(argument));
      if (has_family(types.back()))
        errors.report<Diag::OpenFieldTypes>(argument->span, to_string(types.back()))
            .help(fmt::format("give them in parentheses, as in `{}(f64)`", to_string(types.back())));
    }
  }
  if (errors.has_errors()) {
    if (!parsed) {
      Diagnostic first = errors.list().front();
      errors.clear();
      errors.add(first).help("a signature is a function's name and the types of its arguments, as in `f(i64, [f64])`");
    }
    finish(outcome, errors);
    return nullptr;
  }
  // A body that calls the function with parameters of these types.
  auto caller = std::make_unique<KirFunction>();
  caller->name = "signature";
  Block *block = caller->make_block();
  caller->blocks.push_back(block);
  Inst *callee = caller->make(Op::Name, parsed->name.span);
  callee->name = session.types().intern(parsed->name.text);
  Span whole{source, 0, static_cast<uint32_t>(signature.size())};
  std::vector<Inst *> args{callee};
  for (size_t i = 0; i < types.size(); ++i) {
    Inst *param = caller->make(Op::Param, parsed->types[i]->span);
    block->params.push_back(param);
    args.push_back(param);
  }
  Inst *made = caller->make(Op::Call, whole, args);
  block->insts = {callee, made};
  for (Inst *inst : block->insts)
    inst->block = block;
  for (Inst *param : block->params)
    param->block = block;
  block->end.kind = TermKind::Return;
  block->end.value = made;
  block->end.span = whole;
  Specialisation &specialisation = session.inference().specialise(*caller, types);
  units.push_back(std::move(caller));
  for (const Diagnostic &error : specialisation.errors)
    errors.add(error);
  for (Diagnostics built = session.take_build_errors(); const Diagnostic &error : built.list())
    errors.add(error);
  if (errors.has_errors()) {
    finish(outcome, errors);
    return nullptr;
  }
  auto plan = specialisation.inferred->plans.find(made->id);
  if (plan == specialisation.inferred->plans.end() || !plan->second.callee) {
    errors.report<Diag::NoFunction>(parsed->name.span, parsed->name.text).help("built-in functions have no code of their own");
    finish(outcome, errors);
    return nullptr;
  }
  return plan->second.callee;
}

std::unique_ptr<Unit> Engine::Impl::infer_expression(std::string text, Outcome &outcome) {
  const Ast *ast = parse_text("input", std::move(text), outcome);
  if (!ast)
    return nullptr;
  Diagnostics diagnostics;
  auto unit = std::make_unique<Unit>();
  for (const Stmt *statement : ast->statements) {
    session.note_shared_names(*statement);
    unit->statements.push_back(statement);
  }
  if (unit->statements.size() != 1 || !as<ExprStmt>(unit->statements.front())) {
    diagnostics.report<Diag::NoCall>({});
    finish(outcome, diagnostics);
    return nullptr;
  }
  session.begin_changes();
  bool ok = infer(*unit, diagnostics, "ans");
  session.roll_back();
  finish(outcome, diagnostics);
  return ok ? std::move(unit) : nullptr;
}

/// Emits on the compile stack: LLVM is deep. The specialisation, or null for all that was kept.
std::string Engine::Impl::emit(EmitKind kind, Specialisation *specialisation, Outcome &outcome) {
  if (kind == EmitKind::Bytecode || kind == EmitKind::Baseline)
    return specialisation ? tiers.print(kind, *specialisation) : tiers.print_all(kind);
  if (kind == EmitKind::Trace)
    return print_hot_loops(session.inference(), compiler.reports(), options.checks);
  struct Request {
    Compiler &compiler;
    EmitKind kind;
    Specialisation *specialisation;
    std::string error, text;
  } request{compiler, kind, specialisation, {}, {}};
  run_on_compile_stack(
      [](void *argument) {
        auto *request = static_cast<Request *>(argument);
        request->text = request->specialisation
                            ? request->compiler.emit(request->kind, *request->specialisation, request->error)
                            : request->compiler.kept(request->error);
      },
      &request);
  if (!request.error.empty()) {
    Diagnostics diagnostics;
    diagnostics.report<Diag::InternalError>({}, request.error);
    finish(outcome, diagnostics);
  }
  return std::move(request.text);
}

std::string Engine::emit(EmitKind kind, std::string_view signature, Outcome &outcome) {
  if (signature.empty())
    return impl_->emit(kind, nullptr, outcome);
  Specialisation *specialisation = impl_->find_signature(signature, outcome);
  return specialisation ? impl_->emit(kind, specialisation, outcome) : std::string();
}

std::string Engine::emit_for_expression(EmitKind kind, std::string text, Outcome &outcome) {
  std::unique_ptr<Unit> unit = impl_->infer_expression(std::move(text), outcome);
  if (!unit)
    return {};
  // The last call is the outermost: its arguments come before it.
  Specialisation *called = unit->specialisation;
  for (const Block *block : unit->kir->blocks)
    for (const Inst *inst : block->insts)
      if (auto plan = called->inferred->plans.find(inst->id); plan != called->inferred->plans.end() && plan->second.callee)
        called = unit->specialisation == called || inst->op == Op::Call || inst->op == Op::CallMethod ? plan->second.callee : called;
  return impl_->emit(kind, called, outcome);
}

std::string Engine::emit_text(EmitKind kind, std::string name, std::string text, Outcome &outcome) {
  if (kind == EmitKind::Tokens) {
    Diagnostics diagnostics;
    uint32_t source = impl_->session.sources().add(std::move(name), std::move(text));
    const Source &lexed = impl_->session.sources().get(source);
    std::string result = print_tokens(lex(impl_->session.sources(), source, diagnostics), lexed);
    impl_->finish(outcome, diagnostics);
    return result;
  }
  impl_->session.imports().set_program(name);
  const Ast *ast = impl_->parse_text(std::move(name), std::move(text), outcome);
  if (!ast)
    return {};
  if (kind == EmitKind::Ast)
    return print_ast(*ast, impl_->session.sources());
  std::string result;
  Diagnostics diagnostics;
  for (const Stmt *statement : ast->statements) {
    if (const auto *file = as<ImportStmt>(statement))
      impl_->import(*file, diagnostics);
    impl_->session.note_shared_names(*statement);
  }
  std::vector<const Stmt *> rest;
  for (const Stmt *statement : ast->statements) {
    if (const auto *function = as<FunctionStmt>(statement))
      result += print_kir(*build_function(*function, impl_->session.sources(), impl_->session.types(), diagnostics, impl_->session), impl_->session.sources());
    else if (!as<ExternStmt>(statement) && !as<StructStmt>(statement) && !as<ImportStmt>(statement))
      rest.push_back(statement);
  }
  UnitContext context{[this](std::string_view shared) { return impl_->session.is_shared(shared); }, impl_->session};
  for (Unit &unit : impl_->group(rest))
    result += print_kir(*build_unit(unit.statements, context, impl_->session.sources(), impl_->session.types(), diagnostics), impl_->session.sources());
  impl_->finish(outcome, diagnostics);
  return result;
}

/// The type of an expression's value. Null after an error.
const Type *Engine::Impl::type_of(std::string text, Outcome &outcome) {
  std::unique_ptr<Unit> unit = infer_expression(std::move(text), outcome);
  if (!unit)
    return nullptr;
  for (const Block *block : unit->kir->blocks)
    for (const Inst *inst : block->insts)
      if (inst->op == Op::StoreGlobal && inst->name == "ans")
        if (const Abstract &value = unit->specialisation->inferred->values[inst->args[0]->id]; value.reached())
          return value.type;
  return session.types().never;
}

std::optional<std::string> Engine::type_of(std::string text, Outcome &outcome) {
  const Type *type = impl_->type_of(std::move(text), outcome);
  return type ? std::optional(to_string(type)) : std::nullopt;
}

} // namespace kiln
