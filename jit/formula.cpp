#include "jit/formula.h"

#include "jit/engine_impl.h"
#include "jit/interpreter/native_call.h"
#include "jit/signals.h"
#include "jit/stopwatch.h"

#include <algorithm>
#include <cxxabi.h>
#include <string>
#include <vector>

namespace kiln {

namespace {

constexpr uint64_t baseline_after = 16; // Evaluations.
constexpr size_t worth_a_loop = 64;     // Rows: LLVM takes milliseconds for it.
constexpr size_t float_registers = 8;   // In which the C calling convention passes arguments.

bool is_number(const Type *type) { return type->is(TypeKind::Bool) || type->is_integer() || type->is_float(); }

/// Whether it does nothing but compute with numbers: then it may be computed in another order, and again.
bool only_computes(const KirFunction &typed) {
  auto is_of_numbers = [](const Inst *inst) {
    switch (inst->op) {
    case Op::Param:
    case Op::Const:
    case Op::Unary:
    case Op::Binary:
    case Op::Convert: return is_number(inst->type);
    case Op::Intrinsic: return inst->intrinsic >= IntrinsicKind::Abs && inst->intrinsic <= IntrinsicKind::IsInf;
    default: return false;
    }
  };
  return std::ranges::all_of(typed.insts, is_of_numbers);
}

/// A name that is no part of the text nor of another name.
std::string unused_name(std::string_view text, std::span<const KirParam> variables) {
  std::string name = "rows";
  auto has = [&name](std::string_view other) { return other.find(name) != std::string_view::npos; };
  while (has(text) || std::ranges::any_of(variables, has, &KirParam::name)) name += '_';
  return name;
}

/// What a slot holds, as the nearest f64.
double number_of(const Type *type, Slot slot) {
  if (type->is(TypeKind::F64)) return slot.f;
  if (type->is(TypeKind::F32)) return static_cast<double>(slot.s);
  return type->is_signed() ? static_cast<double>(slot.i) : static_cast<double>(slot.u);
}

} // namespace

struct Formula::Impl {
  Engine::Impl &engine;
  Specialisation *specialisation = nullptr;
  Routine *routine = nullptr;
  uint64_t evaluations = 0;
  double (*compiled)(double, double, double, double, double, double, double, double) = nullptr;

  // By rows, as compiled code: a loop with the formula in it, which LLVM vectorises.
  Specialisation *loop = nullptr;
  bool loop_tried = false;

  explicit Impl(Engine::Impl &of) : engine(of) {}
  ~Impl() {
    if (specialisation) --specialisation->held;
    if (loop) --loop->held;
  }

  double value(std::span<const double> variables);
  void make_loop();
  bool run_loop(std::span<const double> rows, std::span<double> results);
};

Formula::Formula(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Formula::~Formula() = default;

std::unique_ptr<Formula> Engine::formula(std::string text, std::span<const std::string_view> variables, Outcome &outcome) {
  impl_->free_unreachable();
  const Ast *parsed = impl_->parse_text("formula", std::move(text), outcome);
  if (!parsed) return nullptr;
  Diagnostics diagnostics;
  const auto *expression = parsed->statements.size() == 1 ? as<ExprStmt>(parsed->statements.front()) : nullptr;
  if (!expression) {
    diagnostics.report<Diag::NoFormula>({});
    impl_->finish(outcome, diagnostics);
    return nullptr;
  }
  Span whole = expression->span;
  auto owned = std::make_unique<Ast>();
  Ast &own = *owned;
  std::vector<Param> params;
  for (std::string_view name : variables) params.push_back({{impl_->session.types().intern(name), whole}, nullptr, nullptr, false});
  const auto *function = own.make<FunctionStmt>(whole, Ident{"formula", whole}, own.list(params), nullptr, expression->value, std::string_view());
  impl_->session.keep(std::move(owned));
  auto made = std::make_unique<Formula::Impl>(*impl_);
  const KirFunction *kir;
  {
    Stopwatch watch(impl_->times.build);
    kir = impl_->units.emplace_back(build_function(*function, impl_->session.sources(), impl_->session.types(), diagnostics, impl_->session)).get();
  }
  if (!diagnostics.has_errors()) {
    Stopwatch watch(impl_->times.infer);
    std::vector<const Type *> types(variables.size(), impl_->session.types().f64);
    made->specialisation = &impl_->session.inference().specialise(*kir, types);
    ++made->specialisation->held;
    for (const Diagnostic &error : made->specialisation->errors) diagnostics.add(error);
    for (Diagnostics built = impl_->session.take_build_errors(); const Diagnostic &error : built.list()) diagnostics.add(error);
    if (!diagnostics.has_errors() && !is_number(made->specialisation->result))
      diagnostics.report<Diag::FormulaType>(whole, to_string(made->specialisation->result));
  }
  impl_->finish(outcome, diagnostics);
  if (diagnostics.has_errors()) {
    outcome.status = Outcome::CompileError;
    return nullptr;
  }
  made->routine = &impl_->tiers.routine(*made->specialisation);
  return std::unique_ptr<Formula>(new Formula(std::move(made)));
}

double Formula::Impl::value(std::span<const double> variables) {
  if (compiled) {
    auto at = [variables](size_t i) { return i < variables.size() ? variables[i] : 0; };
    return compiled(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)); // Those beyond are not looked at.
  }
  auto *arguments = reinterpret_cast<const Slot *>(variables.data());
  Slot result{};
  if (++evaluations == baseline_after) engine.tiers.use_baseline(*routine);
  engine.tiers.call(*routine, {arguments, variables.size()}, result);
  return number_of(specialisation->result, result);
}

void Formula::Impl::make_loop() {
  loop_tried = true;
  if (!specialisation->result->is(TypeKind::F64) || !only_computes(engine.session.inference().typed(*specialisation))) return;
  const std::vector<KirParam> &variables = specialisation->function->params;
  const std::string_view text = engine.session.sources().get(specialisation->function->span).text(); // All of it: brackets are in no span.
  const std::string name = unused_name(text, variables);
  std::string body;
  for (size_t i = 0; i < variables.size(); ++i) body += fmt::format("{0} = {1}_in[{1}_at * {2} + {3}]\n", variables[i].name, name, variables.size(), i);
  std::string loop_text = fmt::format("fn {0}({0}_in, {0}_out, {0}_count) {{\nfor {0}_at in 0..{0}_count {{\n{1}{0}_out[{0}_at] = ({2}\n)\n}}\n}}\n", name, body, text);
  Outcome outcome;
  const Ast *parsed = engine.parse_text("formula by rows", std::move(loop_text), outcome);
  const auto *function = parsed && parsed->statements.size() == 1 ? as<FunctionStmt>(parsed->statements.front()) : nullptr;
  if (!function) return;
  Diagnostics diagnostics;
  TypeTable &types = engine.session.types();
  const KirFunction *kir = engine.units.emplace_back(build_function(*function, engine.session.sources(), types, diagnostics, engine.session)).get();
  if (diagnostics.has_errors()) return;
  const Type *array = types.array(types.f64);
  Specialisation &made = engine.session.inference().specialise(*kir, std::vector<const Type *>{array, array, types.i64});
  engine.session.take_build_errors();
  Specialisation *group[] = {&made};
  if (!made.errors.empty() || !engine.compile(group, "a formula by rows", outcome)) return;
  loop = &made;
  ++loop->held;
}

/// False when an error ended it, which whoever computes the rows one by one will meet again.
bool Formula::Impl::run_loop(std::span<const double> rows, std::span<double> results) {
  constexpr int64_t is_view = -1;
  ArrayHeader in{const_cast<double *>(rows.data()), static_cast<int64_t>(rows.size()), is_view};
  ArrayHeader out{results.data(), static_cast<int64_t>(results.size()), is_view};
  Slot arguments[3], none{};
  arguments[0].p = &in, arguments[1].p = &out, arguments[2].i = static_cast<int64_t>(results.size());
  try {
    call_native(loop->entry, &loop->entry, native_signature(loop->params, loop->result), arguments, &none);
    return true;
  } catch (const RuntimeError &error) {
    if (error.kind != RuntimeError::Failure) throw;
    return false;
  }
}

size_t Formula::values(std::span<const double> rows, std::span<double> results, Outcome &outcome) {
  const size_t variables = impl_->specialisation->params.size();
  assert(rows.size() == results.size() * variables);
  size_t done = 0;
  try {
    const bool many = results.size() >= worth_a_loop;
    if (many && impl_->compiled && !impl_->loop_tried) impl_->make_loop();
    Engine::Impl::Running running(impl_->engine);
    if (many && impl_->loop && impl_->run_loop(rows, results)) return results.size();
    for (; done < results.size(); ++done) results[done] = impl_->value(rows.subspan(done * variables, variables));
  } catch (const RuntimeError &error) {
    impl_->engine.fail(outcome, error);
  } catch (const abi::__forced_unwind &) { // The thread is being cancelled.
    throw;
  } catch (...) {
    impl_->engine.fail(outcome, host_error());
  }
  return done;
}

bool Formula::compile(Outcome &outcome) {
  Specialisation *group[] = {impl_->specialisation};
  if (!impl_->specialisation->compiled && !impl_->engine.compile(group, "a formula", outcome)) return false;
  impl_->engine.tiers.use_compiled(*impl_->routine);
  if (impl_->specialisation->result->is(TypeKind::F64) && impl_->specialisation->params.size() <= float_registers)
    impl_->compiled = reinterpret_cast<decltype(impl_->compiled)>(impl_->specialisation->entry);
  return true;
}

} // namespace kiln
