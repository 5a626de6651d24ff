// Bounds of integer values over a loop's whole trip, as expressions over what is known before it.
#include "codegen/range_planner.h"

#include <algorithm>
#include <limits>

namespace kiln {

// Equal expressions are one, so that equal conditions are.
const BoundExpr *RangePlanner::intern(const BoundExpr &expr) {
  for (size_t i = first_expr_; i < exprs_.size(); ++i)
    if (exprs_[i] == expr) return &exprs_[i];
  return &exprs_.emplace_back(expr);
}

const BoundExpr *RangePlanner::make(BoundExpr::Kind kind, const Inst *inst, const BoundExpr *left,
                                    const BoundExpr *right) {
  return intern({kind, 0, 0, inst, left, right});
}

const BoundExpr *RangePlanner::constant(int64_t low, int64_t high) {
  return intern({BoundExpr::Constant, low, high, nullptr, nullptr, nullptr});
}

const BoundExpr *RangePlanner::hull(const BoundExpr *a, const BoundExpr *b) {
  if (!a || !b || a == b) return a == b ? a : nullptr;
  if (a->kind == BoundExpr::Constant && b->kind == BoundExpr::Constant)
    return constant(std::min(a->low, b->low), std::max(a->high, b->high));
  return make(BoundExpr::Hull, nullptr, a, b);
}

// Null when nothing is known, or while the value's own bound is being found.
const BoundExpr *RangePlanner::bound(const Inst *inst) {
  auto [known, is_new] = bounds_.try_emplace(inst, nullptr);
  if (!is_new) return known->second;
  const BoundExpr *expr = derive(inst);
  return bounds_[inst] = expr;
}

const BoundExpr *RangePlanner::derive(const Inst *inst) {
  if (!inst->type->is(TypeKind::I64)) return nullptr;
  if (inst->op == Op::Const) return constant(inst->constant.integer(), inst->constant.integer());
  if (is_invariant(inst)) return make(BoundExpr::Invariant, inst);
  if (inst->op == Op::Param) return inst->block == plan_.header ? derive_header_param(inst) : derive_merge(inst);
  if (inst->op == Op::RangeGet)
    return is_invariant(inst->args[0]) ? make(BoundExpr::RangeElement, inst->args[0]) : nullptr;
  if (inst->op == Op::Unary && inst->unary_op == UnaryOp::Negate) {
    const BoundExpr *operand = bound(inst->args[0]);
    return operand ? make(BoundExpr::Subtract, nullptr, constant(0, 0), operand) : nullptr;
  }
  if (inst->op == Op::Convert) {
    const Type *from = inst->args[0]->type;
    if (from->is(TypeKind::Bool)) return constant(0, 1);
    if (!from->is_integer() || from->bits() > 32) return nullptr;
    int64_t span = int64_t(1) << from->bits();
    return from->is_signed() ? constant(-span / 2, span / 2 - 1) : constant(0, span - 1);
  }
  if (inst->op == Op::Binary) return derive_binary(inst);
  return inst->op == Op::Intrinsic ? derive_intrinsic(inst) : nullptr;
}

const BoundExpr *RangePlanner::derive_binary(const Inst *inst) {
  const Inst *left = inst->args[0], *right = inst->args[1];
  auto combined = [&](BoundExpr::Kind kind) -> const BoundExpr * {
    const BoundExpr *a = bound(left), *b = a ? bound(right) : nullptr;
    return b ? make(kind, nullptr, a, b) : nullptr;
  };
  if (inst->binary_op == BinaryOp::Add) return combined(BoundExpr::Add);
  if (inst->binary_op == BinaryOp::Subtract) return combined(BoundExpr::Subtract);
  if (inst->binary_op == BinaryOp::Multiply) return combined(BoundExpr::Multiply);
  if (inst->binary_op == BinaryOp::Modulo) {
    if (right->op == Op::Const) return right->constant.integer() > 0 ? constant(0, right->constant.integer() - 1) : nullptr;
    return is_invariant(right) ? make(BoundExpr::Modulo, nullptr, make(BoundExpr::Invariant, right)) : nullptr;
  }
  if (inst->binary_op == BinaryOp::BitAnd)
    for (const Inst *mask : inst->args)
      if (mask->op == Op::Const && mask->constant.integer() >= 0) return constant(0, mask->constant.integer());
  return nullptr;
}

const BoundExpr *RangePlanner::derive_intrinsic(const Inst *inst) {
  if (inst->intrinsic == IntrinsicKind::Min || inst->intrinsic == IntrinsicKind::Max) {
    const BoundExpr *a = bound(inst->args[0]), *b = a ? bound(inst->args[1]) : nullptr;
    return b ? make(inst->intrinsic == IntrinsicKind::Min ? BoundExpr::Min : BoundExpr::Max, nullptr, a, b) : nullptr;
  }
  if (inst->intrinsic == IntrinsicKind::Length && !inst->args[0]->type->is(TypeKind::Range))
    return constant(0, (int64_t(1) << 47) - 1);
  return nullptr;
}

const BoundExpr *RangePlanner::derive_merge(const Inst *inst) {
  const BoundExpr *all = nullptr;
  for (const Inst *value : incoming(inst)) {
    const BoundExpr *one = bound(value);
    if (!one) return nullptr;
    all = all ? hull(all, one) : one;
  }
  return all;
}

namespace {

/// Sums of products are estimated so much too high that the loop would often be the checked one.
bool has_product(const BoundExpr &expr) {
  return expr.kind == BoundExpr::Multiply || expr.kind == BoundExpr::Accumulated ||
         (expr.left && has_product(*expr.left)) || (expr.right && has_product(*expr.right));
}

} // namespace

const BoundExpr *RangePlanner::derive_header_param(const Inst *param) {
  if (param == state_) return make(BoundExpr::State, nullptr);
  if (param == plan_.counter) return make(BoundExpr::Counted, param);
  std::vector<const Inst *> nexts = incoming(param);
  if (plan_.trip != LoopPlan::Trip::Unknown) { // A sum: each iteration changes it by something bounded.
    const BoundExpr *change = constant(0, 0);
    for (const Inst *next : nexts) change = hull(change, change_of(next, param, 0));
    if (change && !has_product(*change)) {
      accumulates_ = true;
      return make(BoundExpr::Accumulated, param, change);
    }
  }
  const BoundExpr *all = make(BoundExpr::Initial, param);
  for (const Inst *next : nexts) all = hull(all, bound(next));
  return all;
}

// By how much a value differs from the header parameter that it was made of; null when it is not param plus and minus
// bounded parts.
const BoundExpr *RangePlanner::change_of(const Inst *value, const Inst *param, int depth) {
  if (value == param) return constant(0, 0);
  if (!plan_.has(value->block) || depth > 8) return nullptr;
  if (value->op == Op::Param && value->block != plan_.header) {
    const BoundExpr *all = nullptr;
    for (const Inst *from : incoming(value)) {
      const BoundExpr *one = change_of(from, param, depth + 1);
      if (!one) return nullptr;
      all = all ? hull(all, one) : one;
    }
    return all;
  }
  bool add = value->op == Op::Binary && value->binary_op == BinaryOp::Add;
  bool subtract = value->op == Op::Binary && value->binary_op == BinaryOp::Subtract;
  if (!add && !subtract) return nullptr;
  for (size_t side = 0; side < (add ? 2 : 1); ++side)
    if (const BoundExpr *before = change_of(value->args[side], param, depth + 1)) {
      const BoundExpr *part = bound(value->args[1 - side]);
      return part ? make(add ? BoundExpr::Add : BoundExpr::Subtract, nullptr, before, part) : nullptr;
    }
  return nullptr;
}

} // namespace kiln
