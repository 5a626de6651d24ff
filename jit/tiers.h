#pragma once

#include "codegen/infer.h"
#include "jit/engine.h"
#include "jit/interpreter/interpreter.h"

#include <list>
#include <random>

namespace kiln {

class Compiler;

/// Decides what runs how: a function begins as bytecode; one that time is spent in is compiled by LLVM, and a loop of it
/// that is still running goes on as compiled code from its header. What compiled code calls is interpreted until it is compiled.
class Tiers {
public:
  Tiers(Inference &inference, Compiler &compiler, const EngineOptions &options);
  ~Tiers();
  Tiers(const Tiers &) = delete;
  Tiers &operator=(const Tiers &) = delete;
  /// Makes it the one that the lazy entry asks.
  void activate();

  /// Runs top-level statements. Throws RuntimeError.
  void run(Specialisation &unit);
  /// Calls a function whose arguments and result take a slot each. Throws RuntimeError.
  void call(Routine &routine, std::span<const Slot> arguments, Slot &result) { interpreter_.call(routine, arguments, result); }
  Routine &routine(Specialisation &specialisation);
  /// Makes machine code of bytecode, if it is to be had.
  void use_baseline(Routine &routine);
  /// From now on interpreted code calls compiled code.
  void use_compiled(Routine &routine);
  /// Frees the bytecode and plain machine code of what nothing can call any more, and of what compiled code has taken the
  /// place of. Nothing runs.
  void erase(const std::function<bool(const Specialisation &)> &is_dead);
  /// The bytecode of a specialisation, or the machine code that is made of it, as text; and of all that there is.
  std::string print(EmitKind kind, Specialisation &specialisation);
  std::string print_all(EmitKind kind) const;

  double assemble_seconds = 0, baseline_seconds = 0;
  uint64_t assembled = 0, baseline_functions = 0;

private:
  void prepare(Routine &routine);
  bool prepare_continuation(Routine &routine);
  void find_signature(Routine &routine);
  bool assemble_code(Routine &routine);
  void assemble_callees(const Code &code);
  void compile(Specialisation &specialisation, const char *why);
  void *enter(NativeCall &call);
  std::string print(EmitKind kind, const Code &code) const;
  bool find_compiled(Routine &routine, InterpretedLoop *loop);
  void spent(Routine &routine, InterpretedLoop *loop, uint64_t nanoseconds);
  void take_over();
  bool is_worthwhile(uint64_t nanoseconds);
  bool waits();
  /// What is to be compiled of a function.
  struct Promotion {
    Code *code = nullptr;
    InterpretedLoop *loop = nullptr; // That is running.
    bool whole = false, rest = false;
  };
  Promotion choose(Routine &sampled, InterpretedLoop *loop);
  bool may_compile();
  void promote(const Promotion &wanted);
  void promote_upcoming();
  void compile_group(std::vector<Specialisation *> group, std::string why);
  Specialisation &resumption(Code &code, InterpretedLoop &loop);
  std::vector<const Inst *> find_carried(const Code &code, InterpretedLoop &loop) const;

  Inference &inference_;
  Compiler &compiler_;
  const EngineOptions &options_;
  std::list<Routine> routines_;
  std::vector<Routine *> compiled_; // Since interpreted code last looked.
  const uint64_t worthwhile_; // EngineOptions::promote_after in nanoseconds.
  uint64_t spent_ = 0; // Nanoseconds, by the interpreter.
  uint32_t ahead_ = 0; // How much may be compiled before it is found running.
  uint32_t nested_ = 0; // Calls by compiled code that are being interpreted.
  Interpreter interpreter_;
  std::minstd_rand random_; // For promotions at random.
};

} // namespace kiln
