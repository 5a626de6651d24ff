// Broadcasts: a nest of them is one operation on elements, and the operands that it takes them from.
#include "codegen/build_body.h"

#include <algorithm>

namespace kiln {

namespace {

/// A literal is part of the operation: `x .^ 2` multiplies, and `x .* 0.5` keeps the type of an f32.
bool is_literal(const Expr *expr) { return expr->kind == ExprKind::Number || expr->kind == ExprKind::Bool; }

void push_operands(const Expr *operation, std::vector<const Expr *> &work) {
  size_t first = work.size();
  if (const UnaryExpr *unary = as<UnaryExpr>(operation)) {
    work.push_back(unary->operand);
  } else if (const BinaryExpr *binary = as<BinaryExpr>(operation)) {
    work.insert(work.end(), {binary->left, binary->right});
  } else if (const LogicalExpr *logical = as<LogicalExpr>(operation)) {
    work.insert(work.end(), {logical->left, logical->right});
  } else if (const CompareExpr *compare = as<CompareExpr>(operation)) {
    work.insert(work.end(), compare->operands.begin(), compare->operands.end());
  } else {
    const CallExpr &call = cast<CallExpr>(operation);
    work.push_back(call.callee);
    for (const Argument &argument : call.arguments) work.push_back(argument.value);
  }
  std::reverse(work.begin() + static_cast<std::ptrdiff_t>(first), work.end()); // Taken from the back.
}

/// What the nest's operations take elements from, in the order of evaluation.
std::vector<const Expr *> operands_of(const Expr *nest) {
  std::vector<const Expr *> operands, work{nest};
  while (!work.empty()) {
    const Expr *next = work.back();
    work.pop_back();
    if (const BroadcastExpr *inner = as<BroadcastExpr>(next))
      push_operands(inner->operation, work);
    else if (!is_literal(next))
      operands.push_back(next);
  }
  return operands;
}

} // namespace

Inst *BodyBuilder::build_broadcast(const BroadcastExpr &nest) {
  std::vector<const Expr *> operands = operands_of(&nest);
  std::vector<Inst *> args;
  for (const Expr *operand : operands) args.push_back(build(operand));
  Inst *inst = ssa_.add(Op::Broadcast, nest.span, args);
  inst->refer_to(build_operation(&nest, operands, nullptr));
  return inst;
}

/// `a .= v`, `a .+= v`: the target is evaluated once, before the value. `a[1..4] .= v` writes into a itself.
void BodyBuilder::assign_elements(const BroadcastAssignStmt &statement) {
  Inst *target = build(statement.target);
  if (statement.target->kind == ExprKind::Index) target->shared = true;
  std::vector<Inst *> args{target};
  std::vector<const Expr *> operands;
  bool computes = statement.compound || statement.value->kind == ExprKind::Broadcast;
  if (computes)
    operands = operands_of(statement.value);
  else
    operands.push_back(statement.value);
  if (statement.compound) args.push_back(target);
  for (const Expr *operand : operands) args.push_back(build(operand));
  Inst *inst = ssa_.add(Op::BroadcastStore, statement.span, args);
  inst->op_span = statement.op_span;
  if (computes) inst->refer_to(build_operation(statement.value, operands, statement.compound ? &statement : nullptr));
}

const KirFunction *BodyBuilder::build_operation(const Expr *nest, std::span<const Expr *const> operands,
                                                const BroadcastAssignStmt *compound) {
  auto function = std::make_unique<KirFunction>();
  function->name = "broadcast";
  function->span = function->name_span = nest->span;
  function->is_lambda = function->fused = true;
  Body body;
  body.is_lambda = true;
  BodyBuilder builder(context_, *function, body);
  std::unordered_map<const Expr *, Inst *> elements;
  auto add_element = [&](const Expr *operand) {
    KirParam &param = function->params.emplace_back();
    param.span = operand->span;
    Inst *element = builder.ssa_.add_param(&function->block_storage.front(), operand->span, {});
    elements[operand] = element;
    return element;
  };
  Inst *before = compound ? add_element(compound->target) : nullptr;
  for (const Expr *operand : operands) add_element(operand);
  builder.elements_ = &elements;
  Inst *value = builder.build(nest);
  if (compound) value = builder.emit_binary(compound->op, compound->span, compound->op_span, before, value);
  builder.ssa_.return_value(value, nest->span);
  builder.finish();
  return function_.lambdas.emplace_back(std::move(function)).get();
}

} // namespace kiln
