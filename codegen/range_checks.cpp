// Which loops get two versions, which checks their conditions cover, and what the loops leave as it is.
#include "codegen/range_checks.h"
#include "codegen/liveness.h"
#include "codegen/range_planner.h"

#include <algorithm>

namespace kiln {

namespace {

constexpr size_t most_insts = 200;     // Of a loop that is written twice.
constexpr size_t most_conditions = 40; // Beyond, testing them costs more than it saves.

// A continuation has no regions of `try`: from where it starts, none is still to come.
bool may_continue_at(const KirFunction &function, const Block &header) {
  if (function.regions.size() == 1) return true;
  std::vector<bool> reachable = reachable_from(function, header);
  return header.region == 0 && std::ranges::none_of(function.blocks, [&](const Block *block) {
           return reachable[block->id] && block->end.kind == TermKind::Try;
         });
}

} // namespace

RangeChecks::RangeChecks(const KirFunction &function, bool wanted) : by_block_(function.blocks.size(), nullptr) {
  if (!wanted) return;
  BlockGraph graph(function);
  std::vector<const Block *> headers;
  std::vector<std::vector<bool>> loops;
  for (const Block *header : function.blocks) {
    std::vector<bool> inside(function.blocks.size());
    std::vector<const Block *> work;
    for (const Block *pred : graph.predecessors[header->id])
      if (pred->id >= header->id) work.push_back(pred);
    if (work.empty()) continue;
    inside[header->id] = true;
    while (!work.empty()) {
      const Block *block = work.back();
      work.pop_back();
      if (inside[block->id]) continue;
      inside[block->id] = true;
      work.insert(work.end(), graph.predecessors[block->id].begin(), graph.predecessors[block->id].end());
    }
    headers.push_back(header);
    loops.push_back(std::move(inside));
  }
  for (size_t i = 0; i < headers.size(); ++i) {
    bool innermost = true;
    for (size_t j = 0; j < headers.size(); ++j) innermost &= i == j || !loops[i][headers[j]->id];
    if (!innermost || !may_continue_at(function, *headers[i])) continue;
    LoopPlan &plan = plans_.emplace_back();
    plan.header = headers[i];
    plan.contains = std::move(loops[i]);
    if (!RangePlanner(graph, plan, exprs_).make()) {
      plans_.pop_back();
      continue;
    }
    for (const Block *block : function.blocks)
      if (plan.has(block)) by_block_[block->id] = &plan;
  }
}

// After Cooper, Harvey, Kennedy 2001, "A Simple, Fast Dominance Algorithm".
BlockGraph::BlockGraph(const KirFunction &function) : blocks(function.blocks), predecessors(blocks.size()) {
  for (const Block *block : blocks)
    for (const Edge &edge : block->end.edges)
      if (edge.target) predecessors[edge.target->id].push_back(block);
  constexpr uint32_t unknown = ~0u;
  dominator.assign(blocks.size(), unknown);
  dominator[0] = 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t b = 1; b < blocks.size(); ++b) {
      uint32_t common = unknown;
      for (const Block *pred : predecessors[b]) {
        uint32_t other = pred->id;
        if (dominator[other] == unknown) continue;
        if (common == unknown) common = other;
        while (common != other)
          if (common > other)
            common = dominator[common];
          else
            other = dominator[other];
      }
      if (common != unknown && dominator[b] != common) dominator[b] = common, changed = true;
    }
  }
}

bool BlockGraph::dominates(const Block *above, const Block *below) const {
  uint32_t at = below->id;
  while (at > above->id && at < dominator.size()) // Beyond: a block that nothing reaches.
    at = dominator[at];
  return at == above->id;
}

RangePlanner::RangePlanner(const BlockGraph &graph, LoopPlan &plan, std::deque<BoundExpr> &exprs)
    : graph_(graph), plan_(plan), exprs_(exprs) {
  for (const Block *block : graph.blocks)
    if (plan.has(block)) loop_.push_back(block);
}

bool RangePlanner::make() {
  size_t insts = 0;
  for (const Block *block : loop_) insts += block->insts.size();
  if (insts > most_insts) return false;
  note_effects();
  find_trip();
  for (const Block *block : loop_)
    for (const Inst *inst : block->insts) consider(*inst);
  // LLVM itself sees that a counter does not overflow; sums and indices are what it does not.
  return (!plan_.indices.empty() || accumulates_) && plan_.indices.size() + plan_.arithmetic.size() <= most_conditions;
}

void RangePlanner::note_effects() {
  for (const Block *block : loop_)
    for (const Inst *inst : block->insts) {
      if (inst->op == Op::CallDirect || inst->op == Op::CallExtern || inst->op == Op::CallIndirect || inst->op == Op::CallDyn) {
        calls_ = true;
        all_resize_ |= inst->op == Op::CallIndirect || inst->op == Op::CallDyn || (inst->op == Op::CallDirect && inst->callee()->may_resize);
      }
      if (inst->op == Op::StoreGlobal) stored_globals_.insert(inst->global());
      bool resizes = inst->op == Op::Intrinsic &&
                     (inst->intrinsic == IntrinsicKind::Push || inst->intrinsic == IntrinsicKind::Pop);
      if (resizes) // Only arrays of the same type can be the same array; one under construction is nobody else's.
        resized_types_.insert(inst->args[0]->type);
    }
}

bool RangePlanner::keeps_extent(const Type *type) const {
  return type->is(TypeKind::Str) || type->rank >= 2 || (!all_resize_ && !resized_types_.contains(type));
}

// The same in every iteration, and to be had before the loop: made outside, or pure on what is.
bool RangePlanner::is_invariant(const Inst *inst, int depth) const {
  if (!plan_.has(inst->block)) return true;
  auto all = [&] {
    return depth < 4 && std::ranges::all_of(inst->args, [&](const Inst *arg) { return is_invariant(arg, depth + 1); });
  };
  if (inst->op == Op::Const) return true;
  if (inst->op == Op::TupleGet || inst->op == Op::LambdaGet) return all();
  if (inst->op == Op::LoadGlobal) return !calls_ && !stored_globals_.contains(inst->global());
  if (inst->op != Op::Intrinsic) return false;
  if (inst->intrinsic == IntrinsicKind::RangeFirst || inst->intrinsic == IntrinsicKind::RangeLast ||
      inst->intrinsic == IntrinsicKind::RangeStep)
    return all();
  return inst->intrinsic == IntrinsicKind::Length && !inst->args[0]->type->is(TypeKind::Range) &&
         keeps_extent(inst->args[0]->type) && all();
}

std::vector<const Inst *> RangePlanner::incoming(const Inst *param) const {
  std::vector<const Inst *> values;
  size_t place = static_cast<size_t>(std::ranges::find(param->block->params, param) - param->block->params.begin());
  for (const Block *pred : graph_.predecessors[param->block->id])
    if (plan_.has(pred))
      for (const Edge &edge : pred->end.edges)
        if (edge.target == param->block && std::ranges::find(values, edge.args[place]) == values.end())
          values.push_back(edge.args[place]);
  return values;
}

// The header's test: of a range or array by a state that counts up, or of a counter against a limit.
void RangePlanner::find_trip() {
  const Terminator &end = plan_.header->end;
  if (end.kind != TermKind::Branch || plan_.has(end.edges[0].target) == plan_.has(end.edges[1].target)) return;
  const Inst *condition = end.value;
  if (condition->block != plan_.header) return;
  bool while_true = plan_.has(end.edges[0].target);
  if (condition->op == Op::Binary) {
    find_counter(*condition, while_true);
    return;
  }
  if (!while_true || (condition->op != Op::RangeHas && condition->op != Op::ArrayHas)) return;
  const Inst *source = condition->args[0], *state = condition->args[1];
  if (state->op != Op::Param || state->block != plan_.header || !is_invariant(source)) return;
  for (const Inst *next : incoming(state))
    if (next->op != Op::Increment || next->args[0] != state) return;
  if (condition->op == Op::ArrayHas && !keeps_extent(source->type)) return;
  state_ = state;
  plan_.trip = condition->op == Op::RangeHas ? LoopPlan::Trip::Range : LoopPlan::Trip::Elements;
  plan_.trip_source = source;
}

// `while i < n` with `i += step` on every way round.
bool RangePlanner::find_counter(const Inst &condition, bool while_true) {
  auto is_counter = [&](const Inst *inst) { return inst->op == Op::Param && inst->block == plan_.header; };
  bool counter_is_left = is_counter(condition.args[0]);
  const Inst *counter = condition.args[counter_is_left ? 0 : 1], *limit = condition.args[counter_is_left ? 1 : 0];
  if (!is_counter(counter) || !counter->type->is(TypeKind::I64) || !limit->type->is(TypeKind::I64) ||
      !is_invariant(limit))
    return false;
  bool less = condition.binary_op == BinaryOp::Less || condition.binary_op == BinaryOp::LessEqual;
  bool greater = condition.binary_op == BinaryOp::Greater || condition.binary_op == BinaryOp::GreaterEqual;
  if (!less && !greater) return false;
  bool inclusive = condition.binary_op == BinaryOp::LessEqual || condition.binary_op == BinaryOp::GreaterEqual;
  bool upward = less == counter_is_left; // While the test holds...
  if (!while_true)                       // ...or fails: not (i < n) is i >= n.
    upward = !upward, inclusive = !inclusive;

  std::vector<const Inst *> nexts = incoming(counter);
  if (nexts.size() != 1 || nexts[0]->op != Op::Binary) return false;
  const Inst *next = nexts[0];
  if (next->binary_op != (upward ? BinaryOp::Add : BinaryOp::Subtract)) return false;
  const Inst *step = next->args[0] == counter ? next->args[1] : next->args[0];
  if ((next->args[0] != counter && (!upward || next->args[1] != counter)) || !is_invariant(step)) return false;
  if (step->op == Op::Const && step->constant.integer() <= 0) return false;
  plan_.trip = LoopPlan::Trip::Limit;
  plan_.trip_source = limit;
  plan_.counter = counter;
  plan_.step = step;
  plan_.downward = !upward;
  plan_.inclusive = inclusive;
  return true;
}

bool RangePlanner::is_unconditional(const Inst &inst) const {
  return std::ranges::all_of(graph_.predecessors[plan_.header->id],
                             [&](const Block *pred) { return !plan_.has(pred) || graph_.dominates(inst.block, pred); });
}

// Bounds of counters hold after the header's test: what the header computes keeps its checks.
void RangePlanner::consider(const Inst &inst) {
  if (inst.block == plan_.header || inst.unchecked) return;
  if (inst.op == Op::Index || inst.op == Op::SetIndex) {
    consider_index(inst);
    return;
  }
  bool arithmetic =
      inst.op == Op::Binary && (inst.binary_op == BinaryOp::Add || inst.binary_op == BinaryOp::Subtract ||
                                inst.binary_op == BinaryOp::Multiply || inst.binary_op == BinaryOp::Modulo);
  arithmetic |= inst.op == Op::Unary && inst.unary_op == UnaryOp::Negate;
  if (!arithmetic || !inst.type->is(TypeKind::I64)) return;
  const BoundExpr *expr = bound(&inst);
  if (!expr || expr->kind == BoundExpr::Constant) // The latter: modulo a constant, which has no check.
    return;
  if (std::ranges::find(plan_.arithmetic, expr) == plan_.arithmetic.end()) plan_.arithmetic.push_back(expr);
  plan_.covered.insert(&inst);
}

void RangePlanner::consider_index(const Inst &inst) {
  const Inst *base = inst.args[0];
  if (!is_invariant(base) || !keeps_extent(base->type)) return;
  uint32_t rank = base->type->is(TypeKind::Str) ? 1 : base->type->rank;
  std::vector<const BoundExpr *> indices;
  bool moves = false, guarded = false;
  for (uint32_t d = 0; d < rank; ++d) {
    const BoundExpr *expr = bound(inst.args[1 + d]);
    if (!expr) return;
    indices.push_back(expr);
    moves |= expr->kind != BoundExpr::Constant && expr->kind != BoundExpr::Invariant;
    guarded |=
        (expr->kind == BoundExpr::Add || expr->kind == BoundExpr::Subtract) && expr->right->kind == BoundExpr::Constant;
  }
  // `if i > 0 { a[i - 1] }`: over the whole trip the index would be out of range, and the loop always the checked one.
  if ((guarded || !moves) && !is_unconditional(inst)) return;
  for (uint32_t d = 0; d < rank; ++d) plan_.indices.push_back({base, d, indices[d]});
  plan_.covered.insert(&inst);
}

} // namespace kiln
