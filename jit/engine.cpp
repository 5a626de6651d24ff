#include "jit/engine_impl.h"

#include "codegen/layout.h"
#include "jit/llvm_start.h"
#include "jit/map_ahead.h"
#include "jit/runtime/collector.h"
#include "jit/runtime/dyn.h"
#include "jit/runtime/output.h"
#include "jit/runtime/world.h"
#include "jit/signals.h"
#include "jit/stopwatch.h"

#include <algorithm>
#include <cxxabi.h>
#include <set>

namespace kiln {

Engine::Engine(EngineOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Engine::~Engine() = default;

Engine::Impl::Impl(EngineOptions given) : options(std::move(given)), compiler(session.inference(), options), tiers(session.inference(), compiler, options) {
  set_arguments(options.arguments);
  kiln_eval_hook = [](std::string_view text) { return active->evaluate(text); };
}

Engine::Impl::~Impl() {
  if (active == this) active = nullptr;
}

void Engine::Impl::activate() {
  active = this;
  compiler.activate();
  tiers.activate();
}

Outcome Engine::run_script(std::string name, std::string text) { return impl_->script(std::move(name), std::move(text), true); }
Outcome Engine::check(std::string name, std::string text) { return impl_->script(std::move(name), std::move(text), false); }
Outcome Engine::run_interactive(std::string name, std::string text) {
  impl_->free_unreachable();
  return impl_->interactive(std::move(name), std::move(text));
}
const Sources &Engine::sources() const { return impl_->session.sources(); }
void Engine::keep_modules(EmitKind kind) {
  if (kind == EmitKind::Trace) return impl_->compiler.keep_reports(); // The program runs as it would.
  impl_->options.tier = kind == EmitKind::Bytecode || kind == EmitKind::Baseline ? Tier::Interpreted : Tier::Compiled; // All of them are wanted.
  impl_->compiler.keep(kind);
}

const Ast *Engine::Impl::parse_text(std::string name, std::string text, Outcome &outcome) {
  Diagnostics diagnostics;
  const Ast *ast;
  {
    ++times.sources;
    uint32_t source = session.sources().add(std::move(name), std::move(text));
    std::optional<TokenList> tokens;
    {
      Stopwatch watch(times.lex);
      tokens = lex(session.sources(), source, diagnostics);
    }
    Stopwatch watch(times.parse);
    ast = &session.keep(parse(session.sources(), source, std::move(*tokens), diagnostics));
  }
  finish(outcome, diagnostics);
  return diagnostics.has_errors() ? nullptr : ast;
}

std::vector<const Stmt *> Engine::Impl::take_definitions(const Ast &ast, bool replace, Diagnostics &diagnostics) {
  std::vector<const Stmt *> rest;
  std::unordered_map<const Stmt *, std::vector<const Stmt *>> imported;
  for (const Stmt *statement : ast.statements)
    if (const auto *file = as<ImportStmt>(statement))
      imported[statement] = import(*file, diagnostics);
  session.note_variables(ast.statements);
  session.define_structs(ast.statements, replace, diagnostics);
  for (const Stmt *statement : ast.statements) {
    session.note_shared_names(*statement);
    if (const auto *function = as<FunctionStmt>(statement)) {
      session.define(*function, replace, diagnostics);
    } else if (const auto *external = as<ExternStmt>(statement)) {
      session.declare(*external, diagnostics);
    } else if (auto found = imported.find(statement); found != imported.end()) {
      rest.insert(rest.end(), found->second.begin(), found->second.end());
    } else if (!as<StructStmt>(statement)) {
      rest.push_back(statement);
    }
  }
  return rest;
}

/// Code that runs once is not worth optimising, a loop in it is: a statement with a loop is a unit of its own, and straight-line
/// statements go together. So is one that assigns what functions read, since they see the variable's type of that moment.
std::vector<Unit> Engine::Impl::group(std::span<const Stmt *const> statements) const {
  std::vector<Unit> units;
  bool open = false; // The last unit takes more.
  for (const Stmt *statement : statements) {
    if (!units.empty() && units.back().statements.front()->span.source != statement->span.source)
      open = false; // Files may use one name for variables of their own.
    bool alone = contains_loop(*statement) || as<ConstStmt>(statement) ||
                 std::ranges::any_of(assigned_names(*statement), [&](const Ident &name) { return session.is_shared(name.text); });
    if (alone || !open)
      units.emplace_back();
    units.back().statements.push_back(statement);
    open = !alone;
  }
  return units;
}

bool Engine::Impl::infer(Unit &unit, Diagnostics &diagnostics, std::string_view value_name) {
  Diagnostics found;
  const auto *constant = as<ConstStmt>(unit.statements.front());
  for (const Stmt *statement : unit.statements) {
    for (const Ident &name : assigned_names(*statement))
      if (!as<ConstStmt>(statement) && session.is_constant(session.resolve(name.text, statement->span.source)))
        found.report<Diag::AssignConst>(statement->span, name.text);
  }
  {
    Stopwatch watch(times.build);
    extend_large_pages();
    // At the prompt a loop's variables stay in memory, so that an interrupt or error in it loses nothing.
    bool keeps = !value_name.empty() && unit.statements.size() == 1 && contains_loop(*unit.statements.front());
    UnitContext context{[&](std::string_view name) { return keeps || session.is_shared(name); }, session};
    // Kept also when it has errors: specialisations may refer to its lambdas.
    unit.kir =
        units.emplace_back(build_unit(unit.statements, context, session.sources(), session.types(), found, value_name)).get();
  }
  if (found.has_errors()) { // What it would assign is known, to be silent about.
    Abstract unknown(session.types().error);
    for (const Stmt *statement : unit.statements) {
      for (const Ident &name : assigned_names(*statement))
        session.assign(session.resolve(name.text, statement->span.source), unknown);
    }
  } else {
    Stopwatch watch(times.infer);
    unit.specialisation = &session.inference().specialise_unit(*unit.kir);
    for (const Diagnostic &error : unit.specialisation->errors)
      found.add(error);
  }
  for (Diagnostics built = session.take_build_errors(); const Diagnostic &error : built.list())
    found.add(error);
  bool ok = !found.has_errors();
  if (ok && constant) {
    std::optional<Constant> value;
    std::string_view name = session.resolve(constant->name.text, constant->span.source);
    for (const Block *block : unit.kir->blocks)
      for (const Inst *inst : block->insts)
        if (inst->op == Op::StoreGlobal && inst->name == name)
          value = unit.specialisation->inferred->values[inst->args[0]->id].constant;
    session.make_constant(name, value);
  }
  for (const Diagnostic &error : found.list())
    diagnostics.add(error);
  return ok;
}

bool Engine::Impl::compile(std::span<Unit> made, Outcome &outcome) {
  if (options.tier != Tier::Compiled)
    return true; // As they run.
  std::vector<Specialisation *> group;
  for (Unit &unit : made)
    group.push_back(unit.specialisation);
  return compile(group, "before it runs", outcome);
}

bool Engine::Impl::compile(std::span<Specialisation *const> group, const char *why, Outcome &outcome) {
  struct Request {
    Compiler &compiler;
    std::span<Specialisation *const> group;
    const char *why;
    std::string error;
    bool ok = false;
  } request{compiler, group, why, {}};
  run_on_compile_stack(
      [](void *argument) {
        auto *request = static_cast<Request *>(argument);
        request->ok = request->compiler.compile(request->group, request->why, request->error);
      },
      &request);
  if (!request.ok) {
    Diagnostics diagnostics;
    diagnostics.report<Diag::InternalError>({}, request.error);
    finish(outcome, diagnostics);
  }
  return request.ok;
}

bool Engine::Impl::execute(const Unit &unit, Outcome &outcome) {
  if (take_interrupt()) { // While it was compiled.
    RuntimeError error;
    error.kind = RuntimeError::Interrupt;
    error.message = "interrupted";
    fail(outcome, error);
    return false;
  }
  Stopwatch watch(times.run);
  try {
    {
      Running running(*this);
      if (options.tier == Tier::Compiled)
        reinterpret_cast<void (*)()>(unit.specialisation->entry)();
      else
        tiers.run(*unit.specialisation);
    }
    flush_output();
    return true;
  } catch (const RuntimeError &error) {
    fail(outcome, error);
  } catch (const abi::__forced_unwind &) { // The thread is being cancelled.
    throw;
  } catch (...) {
    fail(outcome, host_error());
  }
  try {
    flush_output();
  } catch (const RuntimeError &) { // The first error is the one to tell.
  }
  return false;
}

void Engine::Impl::fail(Outcome &outcome, const RuntimeError &error) {
  outcome.message = error.message;
  outcome.exit_code = 1;
  switch (error.kind) {
  case RuntimeError::Exit:
    outcome.status = Outcome::Exit;
    outcome.exit_code = error.exit_code;
    return;
  case RuntimeError::Interrupt:
    outcome.status = Outcome::Interrupted;
    outcome.exit_code = 130;
    break;
  case RuntimeError::Failure:
  case RuntimeError::StackOverflow:
  case RuntimeError::OutOfMemory: outcome.status = Outcome::Failure; break;
  }
  outcome.trace = compiler.trace(error);
  outcome.omitted = error.omitted;
}

/// Adds the diagnostics, each once: a function that two callers reach has its error found twice.
void Engine::Impl::finish(Outcome &outcome, const Diagnostics &diagnostics) {
  for (const Diagnostic &found : diagnostics.list()) {
    bool seen = std::any_of(outcome.diagnostics.begin(), outcome.diagnostics.end(),
                            [&](const Diagnostic &other) { return other.span == found.span && other.message == found.message; });
    if (!seen)
      outcome.diagnostics.push_back(found);
  }
  if (diagnostics.has_errors()) {
    outcome.status = Outcome::CompileError;
    outcome.exit_code = 1;
  }
}

/// What the unit's last statement left in `ans`, if it did.
static Value value_of(const Unit &unit) {
  const Specialisation &specialisation = *unit.specialisation;
  for (const Block *block : specialisation.function->blocks)
    for (const Inst *inst : block->insts)
      if (inst->op == Op::StoreGlobal && inst->name == "ans")
        if (const GlobalVariable *variable = specialisation.inferred->globals[inst->id])
          return {variable->type, variable->address};
  return {};
}

Outcome Engine::Impl::script(std::string name, std::string text, bool run) {
  Outcome outcome;
  session.imports().set_program(name);
  const Ast *ast = parse_text(std::move(name), std::move(text), outcome);
  if (!ast)
    return outcome;
  Diagnostics diagnostics;
  std::vector<const Stmt *> statements = take_definitions(*ast, false, diagnostics);
  session.build_all();
  for (Diagnostics built = session.take_build_errors(); const Diagnostic &error : built.list())
    diagnostics.add(error);
  std::vector<Unit> made = group(statements);
  bool ok = !diagnostics.has_errors();
  const bool has_value = !statements.empty() && as<ExprStmt>(statements.back());
  for (Unit &unit : made)
    ok &= infer(unit, diagnostics, has_value && &unit == &made.back() ? "ans" : "");
  for (Diagnostics built = session.take_build_errors(); const Diagnostic &error : built.list())
    diagnostics.add(error);
  for (const Unit &unit : made)
    if (unit.specialisation && unit.specialisation->inferred)
      for (const Diagnostic &warning : unit.specialisation->inferred->warnings)
        diagnostics.add(warning);
  for (const auto &[id, specialisation] : session.inference().all())
    if (!specialisation.is_unit && specialisation.inferred && specialisation.state == Specialisation::Done)
      for (const Diagnostic &warning : specialisation.inferred->warnings)
        diagnostics.add(warning);
  finish(outcome, diagnostics);
  if (!ok || outcome.status != Outcome::Ok || !run || made.empty())
    return outcome;
  if (!compile(made, outcome))
    return outcome;
  for (const Unit &unit : made)
    if (!execute(unit, outcome))
      return outcome;
  if (const auto *last = as<ExprStmt>(statements.back()))
    if (!last->hidden)
      outcome.value = value_of(made.back());
  return outcome;
}

Outcome Engine::Impl::interactive(std::string name, std::string text) {
  Outcome outcome;
  session.imports().set_program(name);
  const Ast *ast = parse_text(std::move(name), std::move(text), outcome);
  if (!ast)
    return outcome;
  std::vector<const Stmt *> statements(ast->statements.begin(), ast->statements.end());
  for (size_t i = 0; i < statements.size(); ++i) {
    const Stmt *statement = statements[i];
    Diagnostics diagnostics;
    outcome.value = {};
    if (const auto *file = as<ImportStmt>(statement)) {
      std::vector<const Stmt *> imported = import(*file, diagnostics);
      for (Diagnostics built = session.take_build_errors(); const Diagnostic &error : built.list())
        diagnostics.add(error);
      finish(outcome, diagnostics);
      if (!outcome.ok())
        return outcome;
      statements.insert(statements.begin() + static_cast<ptrdiff_t>(i) + 1, imported.begin(), imported.end());
      continue;
    }
    session.note_shared_names(*statement);
    session.note_variables({&statement, 1});
    const auto *function = as<FunctionStmt>(statement);
    const auto *external = as<ExternStmt>(statement);
    const auto *structure = as<StructStmt>(statement);
    if (function) {
      session.define(*function, true, diagnostics);
    } else if (external) {
      session.declare(*external, diagnostics);
    } else if (structure) {
      size_t first = i; // Those that follow each other may refer to each other.
      while (i + 1 < statements.size() && as<StructStmt>(statements[i + 1]))
        session.note_shared_names(*statements[++i]);
      session.define_structs(std::span(statements).subspan(first, i + 1 - first), true, diagnostics);
    }
    if (function || external || structure) {
      if (!external)
        session.lookup(session.resolve(function ? function->name.text : structure->name.text, statement->span.source), false); // Builds it, for errors that need no types.
      for (Diagnostics built = session.take_build_errors(); const Diagnostic &error : built.list())
        diagnostics.add(error);
      finish(outcome, diagnostics);
      if (!outcome.ok())
        return outcome;
      continue;
    }
    Unit unit;
    unit.statements = {statement};
    session.begin_changes();
    uint32_t first = session.inference().next_id();
    bool ok = infer(unit, diagnostics, "ans");
    const auto &all = session.inference().all();
    for (auto made = all.lower_bound(first); made != all.end(); ++made)
      if (made->second.inferred && made->second.state == Specialisation::Done)
        for (const Diagnostic &warning : made->second.inferred->warnings)
          diagnostics.add(warning);
    finish(outcome, diagnostics);
    if (!ok || !compile({&unit, 1}, outcome) || !execute(unit, outcome)) {
      session.roll_back();
      return outcome;
    }
    session.keep_changes();
    outcome.hidden = false;
    if (const auto *expression = as<ExprStmt>(statement)) {
      outcome.hidden = expression->hidden;
      outcome.value = value_of(unit);
    } else if (const auto *assignment = as<AssignStmt>(statement)) {
      outcome.hidden = assignment->hidden;
      if (assignment->target->kind == PatternKind::Name)
        outcome.value = variable_value(session.resolve(assignment->target->name, statement->span.source));
    } else if (const auto *constant = as<ConstStmt>(statement)) {
      outcome.value = variable_value(session.resolve(constant->name.text, statement->span.source));
    }
  }
  return outcome;
}

Value Engine::Impl::variable_value(std::string_view name) const {
  auto found = session.globals().find(name);
  if (found == session.globals().end() || !found->second.variable)
    return {};
  return {found->second.variable->type, found->second.variable->address};
}

PhaseTimes Engine::times() const {
  PhaseTimes times = impl_->times;
  impl_->compiler.settle(); // What is being compiled counts as well.
  times.background = impl_->compiler.background_seconds;
  CodegenTimes codegen = impl_->compiler.codegen_times();
  times.build += impl_->session.build_seconds;
  times.functions_built = impl_->session.functions_built;
  times.assemble = impl_->tiers.assemble_seconds;
  times.specialisations_assembled = impl_->tiers.assembled;
  times.baseline = impl_->tiers.baseline_seconds;
  times.baseline_functions = impl_->tiers.baseline_functions;
  times.start_llvm = impl_->session.start_llvm_seconds + codegen.start;
  times.llvm_constructors = llvm_constructors_run();
  times.lower = impl_->compiler.lower_seconds;
  times.optimise = codegen.optimise;
  times.codegen = codegen.codegen;
  times.link = codegen.link;
  times.modules = codegen.modules + impl_->compiler.shown;
  times.code_bytes = codegen.code_bytes;
  times.specialisations_compiled = impl_->compiler.compiled;
  if (impl_->options.tier == Tier::Mixed) times.promote_after = impl_->options.promote_after;
  const CodeCache &cache = impl_->compiler.cache();
  times.cache = cache.seconds;
  times.cached_modules = cache.found;
  times.cached_bytes = cache.code_bytes;
  times.stored_modules = cache.stored;
  times.specialisations_inferred = impl_->session.inference().specialised;
  return times;
}

} // namespace kiln
