#include "codegen/range_intervals.h"

#include <algorithm>

namespace kiln {

namespace {

__extension__ typedef __int128 Wide;
struct WideInterval {
  Wide low, high;
};

constexpr int64_t least = std::numeric_limits<int64_t>::min(), greatest = std::numeric_limits<int64_t>::max();

bool is_sum_or_product(BinaryOp op) {
  return op == BinaryOp::Add || op == BinaryOp::Subtract || op == BinaryOp::Multiply;
}

WideInterval exact_result(BinaryOp op, Interval a, Interval b) {
  if (op == BinaryOp::Add) return {Wide(a.low) + b.low, Wide(a.high) + b.high};
  if (op == BinaryOp::Subtract) return {Wide(a.low) - b.high, Wide(a.high) - b.low};
  Wide corners[] = {Wide(a.low) * b.low, Wide(a.low) * b.high, Wide(a.high) * b.low, Wide(a.high) * b.high};
  auto [low, high] = std::minmax_element(std::begin(corners), std::end(corners));
  return {*low, *high};
}

/// What a checked operation lets through.
Interval checked(WideInterval exact) {
  return {static_cast<int64_t>(std::max(exact.low, Wide(least))),
          static_cast<int64_t>(std::min(exact.high, Wide(greatest)))};
}

} // namespace

Interval Intervals::of(const Inst *inst) {
  if (auto known = known_.find(inst); known != known_.end()) return known->second;
  known_[inst] = {}; // While it is being found, should it depend on itself.
  Interval found = derive(inst);
  if (found.low > found.high) found = {}; // Of code that does not run.
  return known_[inst] = found;
}

bool Intervals::cannot_overflow(const Inst &binary) {
  if (binary.op != Op::Binary || !binary.type->is(TypeKind::I64) || !is_sum_or_product(binary.binary_op)) return false;
  WideInterval exact = exact_result(binary.binary_op, of(binary.args[0]), of(binary.args[1]));
  return exact.low >= least && exact.high <= greatest;
}

Interval Intervals::derive(const Inst *inst) {
  if (!inst->type->is(TypeKind::I64)) return {};
  if (inst->op == Op::Const) return {inst->constant.integer(), inst->constant.integer()};
  if (inst->op == Op::RangeGet && inst->args[0]->op == Op::Range) {
    const Inst *range = inst->args[0];
    bool constant_step = range->args.size() < 3 || range->args[2]->op == Op::Const;
    int64_t step = range->args.size() < 3 ? 1 : constant_step ? range->args[2]->constant.integer() : 0;
    Interval first = of(range->args[0]), last = of(range->args[1]);
    int64_t beyond = range->inclusive ? 0 : 1;
    if (step > 0) return checked({first.low, Wide(last.high) - beyond});
    if (step < 0) return checked({Wide(last.low) + beyond, first.high});
    return {};
  }
  if (inst->op == Op::Convert) {
    const Type *from = inst->args[0]->type;
    if (from->is(TypeKind::Bool)) return {0, 1};
    if (!from->is_integer() || from->bits() > 32) return {};
    int64_t span = int64_t(1) << from->bits();
    return from->is_signed() ? Interval{-span / 2, span / 2 - 1} : Interval{0, span - 1};
  }
  if (inst->op == Op::Intrinsic) {
    bool is_min = inst->intrinsic == IntrinsicKind::Min, is_max = inst->intrinsic == IntrinsicKind::Max;
    if (is_min || is_max) {
      Interval a = of(inst->args[0]), b = of(inst->args[1]);
      return is_min ? Interval{std::min(a.low, b.low), std::min(a.high, b.high)}
                    : Interval{std::max(a.low, b.low), std::max(a.high, b.high)};
    }
    bool is_extent = inst->intrinsic == IntrinsicKind::Dimension ||
                     (inst->intrinsic == IntrinsicKind::Length && !inst->args[0]->type->is(TypeKind::Range));
    return is_extent ? Interval{0, (int64_t(1) << 47) - 1} : Interval{};
  }
  if (inst->op != Op::Binary || !inst->args[0]->type->is(TypeKind::I64)) return {};
  const Inst *right = inst->args[1];
  if (is_sum_or_product(inst->binary_op)) return checked(exact_result(inst->binary_op, of(inst->args[0]), of(right)));
  bool by_positive = right->op == Op::Const && right->constant.integer() > 0;
  if (inst->binary_op == BinaryOp::Modulo && by_positive) return {0, right->constant.integer() - 1};
  if (inst->binary_op == BinaryOp::FloorDivide && by_positive) {
    Interval left = of(inst->args[0]);
    int64_t by = right->constant.integer();
    return {left.low / by - (left.low % by < 0), left.high / by - (left.high % by < 0)};
  }
  if (inst->binary_op == BinaryOp::BitAnd && right->op == Op::Const && right->constant.integer() >= 0)
    return {0, right->constant.integer()};
  return {};
}

} // namespace kiln
