#pragma once

#include "codegen/layout.h"
#include "jit/compiler.h"
#include "jit/engine.h"
#include "jit/session.h"
#include "jit/signals.h"
#include "jit/tiers.h"

namespace kiln {

/// Statements of the top level that are typed and compiled together.
struct Unit {
  std::vector<const Stmt *> statements;
  const KirFunction *kir = nullptr; // Owned by the engine.
  Specialisation *specialisation = nullptr;
};

struct Engine::Impl {
  explicit Impl(EngineOptions options);
  ~Impl();
  /// What the runtime asks of an engine, it asks of this one.
  void activate();
  /// While its code runs. A function of the host's may run another's within.
  class Running {
  public:
    explicit Running(Impl &engine) : before_(active) {
      if (before_ != &engine) engine.activate();
    }
    ~Running() {
      if (before_ && before_ != active) before_->activate();
    }
    Running(const Running &) = delete;
    Running &operator=(const Running &) = delete;

  private:
    Impl *before_;
    RunningKiln running_;
  };

  // Running (engine.cpp).
  const Ast *parse_text(std::string name, std::string text, Outcome &outcome);
  /// Takes up functions and externs, and the files that are imported. What other statements there are comes back in
  /// order, those of an imported file where the import stands.
  std::vector<const Stmt *> take_definitions(const Ast &ast, bool replace, Diagnostics &diagnostics);
  /// Reads the file, takes its definitions up, and makes its names known where it is imported. Its statements are to be
  /// run then: none when that was done before.
  std::vector<const Stmt *> import(const ImportStmt &statement, Diagnostics &diagnostics);
  std::vector<Unit> group(std::span<const Stmt *const> statements) const;
  /// Builds and infers a unit; its assignments take effect. False when there were errors.
  bool infer(Unit &unit, Diagnostics &diagnostics, std::string_view value_name = {});
  bool compile(std::span<Unit> units, Outcome &outcome);
  bool compile(std::span<Specialisation *const> group, const char *why, Outcome &outcome);
  bool execute(const Unit &unit, Outcome &outcome);
  Outcome script(std::string name, std::string text, bool run);
  Outcome interactive(std::string name, std::string text);
  /// `eval`: while the program runs.
  DynValue evaluate(std::string_view text);
  void finish(Outcome &outcome, const Diagnostics &diagnostics);
  void fail(Outcome &outcome, const RuntimeError &error);
  Value variable_value(std::string_view name) const;

  /// Frees what nothing can call any more, when there may be a good deal of it (engine_free.cpp).
  void free_unreachable();

  // Looking without running (engine_emit.cpp).
  /// Infers one expression as a unit whose effects are undone. Null when there were errors.
  std::unique_ptr<Unit> infer_expression(std::string text, Outcome &outcome);
  Specialisation *find_signature(std::string_view signature, Outcome &outcome);
  const Type *type_of(std::string text, Outcome &outcome);
  std::string emit(EmitKind kind, Specialisation *specialisation, Outcome &outcome);

  static inline Impl *active = nullptr; // The one whose code runs, or ran last.
  EngineOptions options;
  Session session;
  Compiler compiler;
  Tiers tiers;
  std::vector<std::unique_ptr<KirFunction>> units; // That ran, with their lambdas; and formulas.
  size_t reached = 0; // What was left when code was freed last.
  PhaseTimes times;
};

} // namespace kiln
