#pragma once

#include "codegen/build.h"
#include "codegen/build_ssa.h"
#include "codegen/scope.h"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace kiln {

/// What the bodies of one definition share while they are built.
struct BuildContext {
  TypeTable &types;
  Diagnostics &diagnostics;
  const Resolution &resolution;
  FileNames &files;
};

/// Builds one body: a function's, lambda's, default value's, or a unit's. `build` makes values, `effect` runs an
/// expression whose value nobody wants (so that the arms of an `if` need not agree).
class BodyBuilder {
public:
  BodyBuilder(BuildContext &context, KirFunction &function, const Body &body);

  /// The parameters, captures first, and the cells of the body's own variables.
  void begin(const Callable *callable);
  /// The body's value is the result.
  void build_result(const Expr *expr, const TypeExpr *type, Inst::Role role);
  void build_unit(std::span<const Stmt *const> statements, std::string_view value_name);
  void finish() { ssa_.finish(); }

private:
  // Expressions.
  Inst *build(const Expr *expr);
  Inst *emit_above_left(const Expr *expr, Inst *left);
  Inst *emit_leaf(const Expr *expr);
  std::vector<Inst *> with_indices(Inst *base, const IndexExpr &place);
  Inst *constant(Span span, const Constant &value);
  Inst *none(Span span) { return constant(span, {}); }
  Inst *text(Span span, std::string_view text) { return constant(span, Constant::of_text(keep(text))); }
  Inst *emit(const NumberExpr &number);
  Inst *emit(const StringExpr &string);
  Inst *emit(const NameExpr &name);
  Inst *emit(const UnaryExpr &unary);
  Inst *emit(const IsExpr &is);
  Inst *emit(const RangeExpr &range);
  Inst *emit(const TupleExpr &tuple);
  Inst *emit(const ArrayExpr &array);
  Inst *emit(const EmptyArrayExpr &array);
  Inst *emit(const MapExpr &map);
  Inst *emit(const Callable &callable);
  /// The file that the left operand of `expr` names; null when it is a value.
  const NameExpr *named_file(const Expr *expr) const;
  Inst *emit_of_file(const Expr *expr);
  Inst *global(std::string_view key, Span span);
  /// The session's name for one that is not a local.
  std::string_view key_of(std::string_view name, Span span) { return keep(context_.files.resolve(name, span.source)); }
  Inst *emit(const GeneratorExpr &generator);
  Inst *call_library(std::string_view name, Span span, std::vector<Inst *> args);
  Inst *emit_call(Op op, const Expr *call, Inst *first, std::string_view name, Span name_span,
                  List<Argument> arguments);
  Inst *emit_binary(BinaryOp op, Span span, Span op_span, Inst *left, Inst *right);

  // Broadcasts (build_broadcast.cpp).
  Inst *build_broadcast(const BroadcastExpr &nest);
  void assign_elements(const BroadcastAssignStmt &statement);
  /// The operation of a nest as a function of its operands; `compound`: of the target's element first.
  const KirFunction *build_operation(const Expr *nest, std::span<const Expr *const> operands,
                                     const BroadcastAssignStmt *compound);

  // Control flow.
  void effect(const Expr *expr);
  void branch_on(const Expr *condition, Block *yes, Block *no);
  void branch_on_right(const LogicalExpr &logical, Block *yes, Block *no);
  void branch_on_chain(const CompareExpr &compare, Block *yes, Block *no);
  Inst *build_truth(const Expr *condition);
  Inst *build_truth_of(Span span, Block *yes, Block *no);
  Inst *build_if(const IfExpr &branch, bool wants_value);
  Inst *build_block(const BlockExpr &block, bool wants_value);
  Inst *build_comprehension(const ComprehensionExpr &comprehension);
  Inst *build_match(const MatchExpr &match, bool wants_value);
  Inst *build_coalesce(const CoalesceExpr &coalesce, Inst *left);
  Inst *build_optional(const Expr *expr, Inst *base, const std::function<Inst *(Inst *)> &emit_member);
  void build_arm(const Expr *arm, Block *merge, bool wants_value);
  void report_case(const MatchCase &choice, const std::vector<const Expr *> &seen, bool &all_taken);
  /// What an Is or Narrow asks: a type; null: a tuple of that size, or (0) none.
  struct TypeTest {
    const TypeExpr *type = nullptr;
    uint32_t tuple_size = 0;
  };
  struct Fact {
    const Variable *variable;
    TypeTest test;
    bool negated;
  };
  Inst *add_test(Op op, const TypeTest &test, Inst *value, Span span);
  Inst *branch_on_type(Inst *value, const TypeTest &test, Span span, Block *otherwise, const Variable *subject);
  void branch_on_equal(Inst *value, const Expr *literal, Block *otherwise);
  void test_case(const CasePattern &pattern, Inst *value, Block *otherwise, const Variable *subject);
  void bind_case(const CasePattern &pattern, Inst *value);
  const Variable *subject_of(const Expr *expr);
  Variable *make_temporary(Span span, Inst *value);
  const Variable *narrowable(const NameExpr &name);
  std::optional<Fact> fact_of(const Expr *condition);
  void branch_on_value(const Expr *condition, Block *yes, Block *no);
  void build_while(const WhileStmt &statement);
  void build_for(const ForStmt &statement);
  void build_leave(const Stmt *statement, std::string_view word);
  void build_return(const ReturnStmt &statement);
  Inst *build_try(const TryExpr &attempt, bool wants_value);
  /// A loop over an iterable; the body is between `begin_loop` and `end_loop`.
  struct Loop {
    Block *header, *latch, *exit;
    Inst *iterable, *state, *element;
    Span span;
  };
  Loop begin_loop(Inst *iterable, Span span);
  void end_loop(const Loop &loop);

  // Statements.
  /// Builds it unless it cannot be reached. Returns the value when it is wanted and there is one.
  Inst *statement(const Stmt *statement, bool wants_value);
  Inst *unit_statement(const Stmt *next, bool wants_value);
  void store_fresh(std::string_view name, Span span, Inst *value);
  void assign(const AssignStmt &statement);
  // Places (build_place.cpp).
  /// What an assignment to elements and fields goes through: `a[i].b` is a root and two steps.
  struct Place {
    struct Step {
      const Expr *expr;            // An IndexExpr or FieldExpr.
      std::vector<Inst *> indices; // Evaluated once.
      Inst *found;                 // The Find of an IndexExpr that has been read, else null.
    };
    const Expr *root;
    Inst *base; // The root's value.
    std::vector<Step> steps;
    Span span;
  };
  void assign_place(const Pattern &target, const AssignStmt &statement);
  Place open_place(const Pattern &target);
  Inst *read_step(Inst *base, Place::Step &step);
  void store_place(Place &place, Inst *value);
  void write_back(const NameExpr &root, Span span, Inst *value);
  void assign_to(const Pattern &pattern, Inst *value);
  void write(const Variable *variable, Inst *value, Span span);
  void assign_name(const void *node, std::string_view name, Span span, const TypeExpr *type, Inst *value);
  void declare(const Pattern &pattern, Inst *value);
  void declare_name(const Pattern &pattern, Inst *value);
  template <typename Bind>
  void destructure(const Pattern &pattern, Inst *value, Bind bind);
  Inst *read_variable(const void *node, std::string_view name, Span span);
  Inst *coerce(Inst *value, const TypeExpr *type, Inst::Role role);
  std::string_view keep(std::string_view text) { return context_.types.intern(text); }

  BuildContext &context_;
  KirFunction &function_;
  const Body &body_;
  SsaBuilder ssa_;
  const TypeExpr *result_type_ = nullptr;
  /// The operation of a broadcast: what its operands' elements are.
  const std::unordered_map<const Expr *, Inst *> *elements_ = nullptr;
  bool single_assignment_ = false; // A unit that is one plain assignment.
  struct LoopTargets {
    Block *on_break, *on_continue;
  };
  std::vector<LoopTargets> loops_;
  /// The variables that a `try` around the place assigns, with where its handler finds them.
  struct Slot {
    const Variable *variable;
    Inst *place;
  };
  std::vector<std::vector<Slot>> tries_; // Innermost last.
  Block *leave_ = nullptr;               // Where a `return` inside a `try` goes, with the value as parameter.
  Span leave_span_;
  std::deque<Variable> temporaries_;
};

/// Builds a lambda or function whose body `context.resolution` knows.
std::unique_ptr<KirFunction> build_callable(BuildContext &context, const Callable &callable);

} // namespace kiln
