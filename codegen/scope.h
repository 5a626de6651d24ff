#pragma once

#include "lang/ast.h"
#include "lang/diagnostics.h"

#include <cstdint>
#include <functional>
#include <list>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace kiln {

/// What a lambda, a named function and a constructor have in common.
struct Callable {
  const void *node; // The LambdaExpr, FunctionStmt or StructStmt.
  Span span;
  Ident name; // Empty for lambdas.
  List<Param> params;
  const TypeExpr *result;
  const Expr *body; // Null: a constructor.
  std::string_view doc;
  bool by_value = false;

  explicit Callable(const LambdaExpr &lambda)
      : node(&lambda), span(lambda.span), params(lambda.params), result(lambda.result), body(lambda.body),
        by_value(lambda.by_value) {}
  explicit Callable(const StructStmt &structure)
      : node(&structure), span(structure.span), name(structure.name), params(structure.fields), result(nullptr),
        body(nullptr), doc(structure.doc) {}
  explicit Callable(const FunctionStmt &function)
      : node(&function), span(function.span), name(function.name), params(function.params), result(function.result),
        body(function.body), doc(function.doc) {}
  bool is_named() const { return !name.text.empty(); }
};

/// The operand that is evaluated first of a node that may stand on top of thousands of its like (a + b + c...,
/// a.b.c...), else null. Walks go down such spines in a loop: they are as deep as a program is long.
const Expr *left_operand(const Expr *expr);
/// The name whose type the condition asks for: `x is T`, `x == none`, `none != x`. Null for other conditions.
const NameExpr *tested_name(const Expr *condition);

/// The variable whose own value an assignment to the place changes where that is a struct: `p` of `p.x` and of `p.x[i].y`, but
/// not `ps` of `ps[i].x`, which is a reference. Null when there is none.
const NameExpr *updated_variable(const Expr *place);

/// Walks one body in the order of its text and tells what happens to names. Does not enter functions written in it.
class BodyWalk {
public:
  virtual ~BodyWalk() = default;
  void walk(const Expr *expr);
  void walk(const Stmt *statement);
  /// A statement of the top level itself, where `let` makes a top-level variable as `=` does.
  void walk_top_level(const Stmt *statement);

protected:
  // `node` is the NameExpr, the Pattern, the CasePattern, the TryExpr (of its error), or the nested FunctionStmt (which
  // assigns its name).
  virtual void read(const void *node, std::string_view name, Span span) { (void)node, (void)name, (void)span; }
  virtual void assign(const void *node, std::string_view name, Span span) { (void)node, (void)name, (void)span; }
  virtual void declare(const void *node, std::string_view name, Span span) { (void)node, (void)name, (void)span; }
  /// A part of the variable's value is assigned: `p.x = 1`.
  virtual void update(const void *node, std::string_view name, Span span) { (void)node, (void)name, (void)span; }
  /// A condition or match asks what the variable is.
  virtual void test(std::string_view name, Span span) { (void)name, (void)span; }
  virtual void global(const Ident &name) { (void)name; }
  /// `name`: of the variable that the function is assigned to, or empty.
  virtual void nested(const Callable &callable, std::string_view name) { (void)callable, (void)name; }
  virtual void begin_scope() {}
  virtual void end_scope() {}
  virtual void begin_loop() {}
  virtual void end_loop() {}

private:
  void walk_above_left(const Expr *expr);
  void walk_place(const Expr *place);
  void walk_arguments(List<Argument> arguments);
  void walk_comprehension(const ComprehensionExpr &comprehension);
  void walk_match(const MatchExpr &match);
  void note_test(const NameExpr *name);
  void declare_case(const CasePattern &pattern);
  void walk_for(const ForStmt &statement);
  void walk_assign(const AssignStmt &statement);
  void assign_pattern(const Pattern &pattern);
  void declare_pattern(const Pattern &pattern);
};

struct Body;

/// A local variable: of a whole function, of a block (`let`), of a loop's iteration, or a parameter.
struct Variable {
  std::string_view name;
  Span span; // Where it is first assigned.
  const Body *owner = nullptr;
  uint32_t index = 0; // Dense in the resolution.
  bool cell = false;  // Captured and assigned afterwards: lives in a cell.
  bool is_parameter = false;
  bool top_level = false; // A top-level variable that its unit treats as a local.
  bool assigned = true;   // Not where its unit only tests it.
  bool captured = false;
  bool read = false;
  const TypeExpr *type = nullptr; // Its annotation, once the builder has passed it.

  // Places are counted in the order of the text.
  uint32_t loop_depth = 0; // Loops of the owner around its scope.
  uint32_t last_assigned = 0;
  uint32_t captured_at = UINT32_MAX; // The first capture, or the start of the loop around it where that repeats.
  bool assigned_in_lambda = false;
  uint32_t assignments = 0;
  Variable *self_of = nullptr; // The variable that holds the lambda whose `Body::self` this is.
  Span mentioned;              // Body::self: its first use.
};

/// A body that runs in a frame of its own: a function, lambda, default value or unit of top-level statements.
struct Body {
  struct Capture {
    Variable *variable;
    Span span; // The first mention.
  };
  const Body *parent = nullptr;
  bool is_lambda = false;
  bool is_unit = false;
  std::vector<Variable *> params;
  std::vector<Variable *> locals; // Of the whole body, without parameters, in order of their first assignment.
  std::vector<Capture> captures;
  /// What the name of the variable that a lambda is assigned to means inside of it: the lambda itself, so that it need
  /// not capture the variable, which would hold a lambda that holds the variable. Null where the name has another meaning.
  Variable *self = nullptr;
};

/// Which variable each name of a function or unit means, which variables its lambdas capture, and how.
class Resolution {
public:
  using IsShared = std::function<bool(std::string_view)>;

  /// Diagnostics may be null.
  static Resolution of_function(const Callable &function, Diagnostics *diagnostics);
  static Resolution of_unit(std::span<const Stmt *const> statements, const IsShared &is_shared,
                            Diagnostics *diagnostics);

  /// The local that a NameExpr, Pattern, TryExpr or nested FunctionStmt means; null when it is no local.
  Variable *variable(const void *node) const {
    auto found = variables_.find(node);
    return found == variables_.end() ? nullptr : found->second;
  }
  /// Whether a place that begins with this NameExpr may be stored to: a top-level variable of the unit, or one that the function says
  /// is `global`. For those that are no local.
  bool is_stored_global(const void *node) const { return stored_globals_.contains(node); }
  /// Of a FunctionStmt, a LambdaExpr, or the expression of a default value; null for the unit.
  const Body &body(const void *node) const { return *bodies_.at(node); }
  /// Names that functions and lambdas mention and do not bind: of the top level.
  const std::unordered_set<std::string_view> &free_names() const { return free_names_; }

private:
  friend class Resolver;
  std::list<Variable> variable_storage_;
  std::list<Body> body_storage_;
  std::unordered_map<const void *, Variable *> variables_;
  std::unordered_map<const void *, Body *> bodies_;
  std::unordered_set<const void *> stored_globals_;
  std::unordered_set<std::string_view> free_names_;
};

/// The names that a body assigns without having declared them, in order, and those it says are `global`.
struct AssignedNames {
  std::vector<Ident> names;
  std::vector<Ident> tested; // Asked what they are, and not assigned.
  std::vector<Ident> globals;
  bool has_callables = false;
};
AssignedNames assigned_names(const Expr *body);
AssignedNames assigned_names(std::span<const Stmt *const> unit);

} // namespace kiln
