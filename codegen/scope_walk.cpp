#include "codegen/scope.h"

#include <array>
#include <cstddef>
#include <memory_resource>
#include <utility>

namespace kiln {

const Expr *left_operand(const Expr *expr) {
  switch (expr->kind) {
  case ExprKind::Binary: return cast<BinaryExpr>(expr).left;
  case ExprKind::Coalesce: return cast<CoalesceExpr>(expr).left;
  case ExprKind::Logical: return cast<LogicalExpr>(expr).left;
  case ExprKind::Call: return cast<CallExpr>(expr).callee;
  case ExprKind::MethodCall: return cast<MethodCallExpr>(expr).receiver;
  case ExprKind::Index: return cast<IndexExpr>(expr).base;
  case ExprKind::Field: return cast<FieldExpr>(expr).base;
  case ExprKind::Broadcast: return cast<BroadcastExpr>(expr).operation;
  case ExprKind::Error:
  case ExprKind::Number:
  case ExprKind::Bool:
  case ExprKind::None:
  case ExprKind::String:
  case ExprKind::Name:
  case ExprKind::Unary:
  case ExprKind::Compare:
  case ExprKind::Is:
  case ExprKind::Match:
  case ExprKind::If:
  case ExprKind::Block:
  case ExprKind::Range:
  case ExprKind::Tuple:
  case ExprKind::Array:
  case ExprKind::EmptyArray:
  case ExprKind::Map:
  case ExprKind::Comprehension:
  case ExprKind::Generator:
  case ExprKind::Lambda:
  case ExprKind::Try: return nullptr;
  }
  return nullptr;
}

const NameExpr *updated_variable(const Expr *place) {
  const Expr *innermost = place;
  while (place->kind == ExprKind::Index || place->kind == ExprKind::Field) innermost = std::exchange(place, left_operand(place));
  return innermost->kind == ExprKind::Field ? as<NameExpr>(place) : nullptr;
}

/// As an expression, but for the variable that is changed.
void BodyWalk::walk_place(const Expr *place) {
  const NameExpr *variable = updated_variable(place);
  if (!variable) return walk(place);
  update(variable, variable->name, variable->span);
  std::vector<const Expr *> steps;
  for (; place != variable; place = left_operand(place)) steps.push_back(place);
  for (size_t i = steps.size(); i-- > 0;) walk_above_left(steps[i]);
}

void BodyWalk::walk(const Expr *expr) {
  std::array<std::byte, 16 * sizeof(const Expr *)> few; // Most spines are short.
  std::pmr::monotonic_buffer_resource memory(few.data(), few.size());
  std::pmr::vector<const Expr *> spine(&memory);
  while (const Expr *left = left_operand(expr)) {
    spine.push_back(expr);
    expr = left;
  }
  walk_above_left(expr);
  for (size_t i = spine.size(); i-- > 0;) walk_above_left(spine[i]);
}

const NameExpr *tested_name(const Expr *condition) {
  if (const IsExpr *is = as<IsExpr>(condition)) return as<NameExpr>(is->value);
  const CompareExpr *compare = as<CompareExpr>(condition);
  if (!compare || compare->ops.size() != 1) return nullptr;
  if (compare->ops[0] != BinaryOp::Equal && compare->ops[0] != BinaryOp::NotEqual) return nullptr;
  const Expr *left = compare->operands[0], *right = compare->operands[1];
  if (right->kind == ExprKind::None) return as<NameExpr>(left);
  return left->kind == ExprKind::None ? as<NameExpr>(right) : nullptr;
}

/// Everything below the node except its left operand.
void BodyWalk::walk_above_left(const Expr *expr) {
  switch (expr->kind) {
  case ExprKind::Error:
  case ExprKind::Number:
  case ExprKind::Bool:
  case ExprKind::None:
  case ExprKind::EmptyArray:
  case ExprKind::Field: return;
  case ExprKind::Broadcast:
    begin_loop(); // A loop that has nothing of its own: operands are evaluated before it.
    return end_loop();
  case ExprKind::String:
    for (const StringPart &part : cast<StringExpr>(expr).parts)
      if (part.expr) walk(part.expr);
    return;
  case ExprKind::Name: return read(expr, cast<NameExpr>(expr).name, expr->span);
  case ExprKind::Unary: return walk(cast<UnaryExpr>(expr).operand);
  case ExprKind::Binary: return walk(cast<BinaryExpr>(expr).right);
  case ExprKind::Logical: return walk(cast<LogicalExpr>(expr).right);
  case ExprKind::Compare:
    for (const Expr *operand : cast<CompareExpr>(expr).operands) walk(operand);
    return note_test(tested_name(expr));
  case ExprKind::Is:
    walk(cast<IsExpr>(expr).value);
    return note_test(tested_name(expr));
  case ExprKind::Coalesce: return walk(cast<CoalesceExpr>(expr).right);
  case ExprKind::Match: return walk_match(cast<MatchExpr>(expr));
  case ExprKind::If:
    for (const Expr *next = expr; next;) { // A chain of `else if` is as long as a program.
      const IfExpr &branch = cast<IfExpr>(next);
      walk(branch.condition);
      walk(branch.yes);
      next = branch.no;
      if (next && next->kind != ExprKind::If) return walk(next);
    }
    return;
  case ExprKind::Block:
    begin_scope();
    for (const Stmt *statement : cast<BlockExpr>(expr).statements) walk(statement);
    return end_scope();
  case ExprKind::Range: {
    const RangeExpr &range = cast<RangeExpr>(expr);
    walk(range.first);
    walk(range.last);
    if (range.step) walk(range.step);
    return;
  }
  case ExprKind::Call: return walk_arguments(cast<CallExpr>(expr).arguments);
  case ExprKind::MethodCall: return walk_arguments(cast<MethodCallExpr>(expr).arguments);
  case ExprKind::Index:
    for (const Expr *index : cast<IndexExpr>(expr).indices) walk(index);
    return;
  case ExprKind::Tuple:
    for (const Expr *element : cast<TupleExpr>(expr).elements) walk(element);
    return;
  case ExprKind::Array:
    for (const Expr *element : cast<ArrayExpr>(expr).elements) walk(element);
    return;
  case ExprKind::Map:
    for (const MapExpr::Entry &entry : cast<MapExpr>(expr).entries) walk(entry.key), walk(entry.value);
    return;
  case ExprKind::Comprehension: return walk_comprehension(cast<ComprehensionExpr>(expr));
  case ExprKind::Generator: {
    const GeneratorExpr &generator = cast<GeneratorExpr>(expr);
    for (const Expr *source : generator.sources) walk(source);
    begin_loop(); // Whoever iterates over it runs it many times.
    nested(Callable(*generator.value), {});
    if (generator.condition) nested(Callable(*generator.condition), {});
    return end_loop();
  }
  case ExprKind::Lambda: return nested(Callable(cast<LambdaExpr>(expr)), {});
  case ExprKind::Try: {
    const TryExpr &attempt = cast<TryExpr>(expr);
    walk(attempt.body);
    begin_scope();
    if (!attempt.error.text.empty()) declare(&attempt, attempt.error.text, attempt.error.span);
    walk(attempt.handler);
    return end_scope();
  }
  }
}

void BodyWalk::walk_arguments(List<Argument> arguments) {
  for (const Argument &argument : arguments) walk(argument.value);
}

void BodyWalk::walk_comprehension(const ComprehensionExpr &comprehension) {
  for (const Generator &generator : comprehension.generators) walk(generator.source);
  begin_loop();
  begin_scope();
  for (const Generator &generator : comprehension.generators) declare_pattern(*generator.target);
  if (comprehension.condition) walk(comprehension.condition);
  walk(comprehension.value);
  end_scope();
  end_loop();
}

void BodyWalk::note_test(const NameExpr *name) {
  if (name) test(name->name, name->span);
}

/// The names that a case binds are variables of that case.
void BodyWalk::walk_match(const MatchExpr &match) {
  walk(match.subject);
  note_test(as<NameExpr>(match.subject));
  for (const MatchCase &choice : match.cases) {
    begin_scope();
    for (const CasePattern *pattern : choice.patterns) declare_case(*pattern);
    if (choice.guard) walk(choice.guard);
    walk(choice.body);
    end_scope();
  }
}

void BodyWalk::declare_case(const CasePattern &pattern) {
  if (pattern.kind == CaseKind::Bind) declare(&pattern, pattern.name, pattern.span);
  if (pattern.value) walk(pattern.value);
  for (const CasePattern *element : pattern.elements) declare_case(*element);
}

void BodyWalk::walk(const Stmt *statement) {
  switch (statement->kind) {
  case StmtKind::Expr: return walk(cast<ExprStmt>(statement).value);
  case StmtKind::Assign: return walk_assign(cast<AssignStmt>(statement));
  case StmtKind::BroadcastAssign: {
    const BroadcastAssignStmt &assignment = cast<BroadcastAssignStmt>(statement);
    walk(assignment.target);
    walk(assignment.value);
    begin_loop();
    return end_loop();
  }
  case StmtKind::Let: walk(cast<LetStmt>(statement).value); return declare_pattern(*cast<LetStmt>(statement).target);
  case StmtKind::Global:
    for (const Ident &name : cast<GlobalStmt>(statement).names) global(name);
    return;
  case StmtKind::While:
    begin_loop();
    walk(cast<WhileStmt>(statement).condition);
    walk(cast<WhileStmt>(statement).body);
    return end_loop();
  case StmtKind::For: return walk_for(cast<ForStmt>(statement));
  case StmtKind::Return:
    if (const Expr *value = cast<ReturnStmt>(statement).value) walk(value);
    return;
  case StmtKind::Function: {
    const FunctionStmt &function = cast<FunctionStmt>(statement);
    nested(Callable(function), function.name.text);
    return assign(&function, function.name.text, function.name.span);
  }
  case StmtKind::Const:
  case StmtKind::Struct:
  case StmtKind::Extern:
  case StmtKind::Import: // Definitions of the top level; elsewhere the builder reports them.
  case StmtKind::Break:
  case StmtKind::Continue: return;
  }
}

void BodyWalk::walk_top_level(const Stmt *statement) {
  if (const ConstStmt *constant = as<ConstStmt>(statement)) return walk(constant->value);
  const LetStmt *let = as<LetStmt>(statement);
  if (!let) return walk(statement);
  walk(let->value);
  assign_pattern(*let->target);
}

void BodyWalk::walk_for(const ForStmt &statement) {
  for (const Generator &generator : statement.generators) {
    walk(generator.source);
    begin_loop();
    begin_scope();
    declare_pattern(*generator.target);
  }
  walk(statement.body);
  for (size_t i = 0; i < statement.generators.size(); ++i) {
    end_scope();
    end_loop();
  }
}

void BodyWalk::walk_assign(const AssignStmt &statement) {
  if (statement.compound && statement.target->kind == PatternKind::Name)
    read(statement.target, statement.target->name, statement.target->span);
  const LambdaExpr *lambda = as<LambdaExpr>(statement.value);
  if (lambda && statement.target->kind == PatternKind::Name)
    nested(Callable(*lambda), statement.target->name);
  else
    walk(statement.value);
  assign_pattern(*statement.target);
}

void BodyWalk::assign_pattern(const Pattern &pattern) {
  switch (pattern.kind) {
  case PatternKind::Name: return assign(&pattern, pattern.name, pattern.span);
  case PatternKind::Tuple:
    for (const Pattern *element : pattern.elements) assign_pattern(*element);
    return;
  case PatternKind::Index:
  case PatternKind::Field: return walk_place(pattern.place);
  case PatternKind::Ignore: return;
  }
}

void BodyWalk::declare_pattern(const Pattern &pattern) {
  switch (pattern.kind) {
  case PatternKind::Name: return declare(&pattern, pattern.name, pattern.span);
  case PatternKind::Tuple:
    for (const Pattern *element : pattern.elements) declare_pattern(*element);
    return;
  case PatternKind::Index:
  case PatternKind::Field: // Not a variable: the parser has reported it.
    return walk(pattern.place);
  case PatternKind::Ignore: return;
  }
}

} // namespace kiln
