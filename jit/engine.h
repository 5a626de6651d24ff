#pragma once

#include "jit/runtime/error.h"
#include "lang/diagnostics.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kiln {

struct Type;
class Formula;

/// Who runs the program: the interpreter alone (but for what only LLVM can do), LLVM alone, or the interpreter at first
/// and LLVM where time is spent.
enum class Tier : uint8_t { Interpreted, Compiled, Mixed };

/// Which functions the interpreter has machine code made for, instruction by instruction (jit/baseline).
enum class Baseline : uint8_t { Hot, All, None };

struct EngineOptions {
  int opt_level = 3;        // 0..3
  Tier tier = Tier::Mixed;
  double promote_after = 0.012; // Seconds that the interpreter works before LLVM compiles what takes its time (Tier::Mixed), in
                               // the background; 0: it does so at the first chance, and the program waits.
  uint32_t promote_at_random = 0; // Not 0: the seed for promotions at random points, in the background or not, with delays.
  bool trace_jit = false;   // Say on stderr what is compiled, when, why and at what cost.
  Baseline baseline = Baseline::Hot;
  bool checks = true;       // Overflow and bounds checks; off with --unchecked. Division by zero is always checked.
  std::string cache;        // The folder where machine code is kept for later runs (jit/code_cache); empty: nowhere.
  uint64_t cache_bytes = uint64_t(256) << 20; // What it may hold.
  std::vector<std::string> arguments; // What `args` gives: the script's name is not among them.
};

/// A value of Kiln as the host sees it: its type and where it lies (codegen/layout.h). Valid until the next run.
struct Value {
  const Type *type = nullptr; // Null: no value.
  const void *data = nullptr;
};

/// A frame of a run-time error's backtrace, innermost first.
struct Frame {
  std::string function; // "hyp(i64, f64)"; "top level".
  Span span;            // The call or the failing expression; its line at least.
};

/// How a run ended.
struct Outcome {
  enum Status : uint8_t { Ok, CompileError, Failure, Interrupted, Exit } status = Ok;
  int exit_code = 0;           // Exit: asked for by the program; else 0, 1.
  std::vector<Diagnostic> diagnostics; // Errors and warnings, in order. A run-time error is not among them.
  std::string message;         // Failure, Interrupted: the run-time error's.
  std::vector<Frame> trace;
  size_t omitted = 0;          // Frames left out of `trace` in its middle (deep recursion).
  Value value;                 // Of the last statement, when it is an expression with a value and not hidden.
  bool hidden = false;         // The last statement ended in `;`.
  bool ok() const { return status == Ok; }
};

/// What `--time` shows. Seconds and counts since the engine was made; the seconds of a phase are without those of
/// the phases within it.
struct PhaseTimes {
  double lex = 0, parse = 0, build = 0, infer = 0, assemble = 0, baseline = 0, start_llvm = 0, lower = 0, optimise = 0, codegen = 0, link = 0, cache = 0, run = 0;
  uint64_t sources = 0, functions_built = 0, specialisations_inferred = 0, specialisations_assembled = 0, baseline_functions = 0, llvm_constructors = 0,
           specialisations_compiled = 0, modules = 0, code_bytes = 0, cached_modules = 0, cached_bytes = 0, stored_modules = 0;
  double background = 0; // Of all these: on the compile thread.
  std::optional<double> promote_after; // See EngineOptions. None: nothing is promoted.
};

enum class EmitKind : uint8_t { Tokens, Ast, Kir, TypedKir, Bytecode, Baseline, Llvm, LlvmRaw, Asm, Object, Bitcode, Trace };
std::optional<EmitKind> emit_kind(std::string_view name);

/// One line of `:specs`.
struct SpecialisationInfo {
  std::string signature; // "fib(i64)"
  std::string result;    // "i64"
  bool interpreted; // Has bytecode.
  bool compiled;
};
/// One line of `:vars`.
struct VariableInfo {
  std::string name;
  std::string type;
  Value value;
  bool is_const;
};

/// A Kiln session: definitions, top-level variables, specialisations and the code compiled from them.
/// Not thread-safe; one engine at a time runs code in a thread. Errors of the user come back in Outcome, never as C++ exceptions.
class Engine {
public:
  explicit Engine(EngineOptions options = {});
  ~Engine();
  Engine(const Engine &) = delete;
  Engine &operator=(const Engine &) = delete;

  /// A whole program: parsed, all definitions taken up, all top-level statements typed in order; if none has an error, run.
  Outcome run_script(std::string name, std::string text);
  /// The same without running.
  Outcome check(std::string name, std::string text);
  /// An input of the REPL or of a test: each top-level statement is typed and run before the next; stops at the first error.
  /// A later definition of a name replaces the earlier one.
  Outcome run_interactive(std::string name, std::string text);

  /// `emit kind` for a signature such as "f(i64, f64)" over the definitions taken up so far, or for all that was compiled (empty
  /// signature). `text` is the source for Tokens and Ast. Returns the output; an error is in `outcome`.
  std::string emit(EmitKind kind, std::string_view signature, Outcome &outcome);
  /// The same for the specialisation that an expression, a call such as `f(1, 2.0)`, would use. It is not run.
  std::string emit_for_expression(EmitKind kind, std::string text, Outcome &outcome);
  /// Tokens, AST and untyped KIR of a text.
  std::string emit_text(EmitKind kind, std::string name, std::string text, Outcome &outcome);
  /// From now on, keep what every compile made, or (Trace) what there is to say of it, for emit() with an empty signature (`emit --run`).
  void keep_modules(EmitKind kind);

  /// An expression of variables of these names (f64) and of what the session defines, to be evaluated again and again (jit/formula.h).
  /// Null with its errors in `outcome`.
  std::unique_ptr<Formula> formula(std::string text, std::span<const std::string_view> variables, Outcome &outcome);

  /// The type that an expression would have, without running it.
  std::optional<std::string> type_of(std::string text, Outcome &outcome);
  /// The `##` text above a definition, or of a built-in, with its signatures; empty when there is none.
  std::string doc(std::string_view name) const;
  /// Names that begin with the prefix: variables, functions, built-ins, keywords; sorted.
  std::vector<std::string> complete(std::string_view prefix) const;
  /// Names that may follow an expression and a dot: its fields (of a tuple, the names). The expression is not run.
  std::vector<std::string> complete_fields(std::string_view expression, std::string_view prefix);

  std::vector<SpecialisationInfo> specialisations() const;
  std::vector<VariableInfo> variables() const;
  /// Removes a definition or variable. False when there is none.
  bool forget(std::string_view name);

  const Sources &sources() const;
  PhaseTimes times() const;

private:
  friend class Formula;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// How a value is written for people.
struct ValueStyle {
  bool quote_strings = true;   // At the top too.
  size_t most_elements = 0;    // Arrays longer than this are cut in the middle and their size is told; 0: no limit.
};
std::string to_text(Value value, ValueStyle style = {});
std::string type_text(Value value);

/// The run-time error of an outcome, drawn as people see it: message, source line, backtrace.
std::string render_failure(const Outcome &outcome, const Sources &sources, RenderStyle style = {});

std::string_view version();
std::string llvm_version();

} // namespace kiln
