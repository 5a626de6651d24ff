#pragma once

#include "codegen/range_checks.h"

namespace kiln {

/// A function's predecessors and dominators. Blocks are in reverse postorder.
struct BlockGraph {
  explicit BlockGraph(const KirFunction &function);
  bool dominates(const Block *above, const Block *below) const;

  const std::vector<Block *> &blocks;
  std::vector<std::vector<const Block *>> predecessors;
  std::vector<uint32_t> dominator; // By block id; the entry's is itself.
};

/// Makes the plan of one innermost loop: what its checks come to over the whole trip.
class RangePlanner {
public:
  RangePlanner(const BlockGraph &graph, LoopPlan &plan, std::deque<BoundExpr> &exprs);
  /// Whether two versions are worth it.
  bool make();

private:
  // What the loop keeps as it is (range_checks.cpp).
  void note_effects();
  bool keeps_extent(const Type *type) const;
  bool is_invariant(const Inst *inst, int depth = 0) const;
  void find_trip();
  bool find_counter(const Inst &condition, bool while_true);
  void consider(const Inst &inst);
  void consider_index(const Inst &inst);
  bool is_unconditional(const Inst &inst) const;

  // Bounds of values (range_bounds.cpp).
  const BoundExpr *bound(const Inst *inst);
  const BoundExpr *derive(const Inst *inst);
  const BoundExpr *derive_binary(const Inst *inst);
  const BoundExpr *derive_intrinsic(const Inst *inst);
  const BoundExpr *derive_header_param(const Inst *inst);
  const BoundExpr *derive_merge(const Inst *inst);
  const BoundExpr *change_of(const Inst *value, const Inst *param, int depth);
  const BoundExpr *make(BoundExpr::Kind kind, const Inst *inst, const BoundExpr *left = nullptr,
                        const BoundExpr *right = nullptr);
  const BoundExpr *intern(const BoundExpr &expr);
  const BoundExpr *constant(int64_t low, int64_t high);
  const BoundExpr *hull(const BoundExpr *a, const BoundExpr *b);
  /// What flows into a block's parameter from inside the loop.
  std::vector<const Inst *> incoming(const Inst *param) const;

  const BlockGraph &graph_;
  LoopPlan &plan_;
  std::deque<BoundExpr> &exprs_;
  size_t first_expr_ = exprs_.size(); // Of this loop.
  std::vector<const Block *> loop_;
  const Inst *state_ = nullptr; // The header parameter that counts iterations.
  std::unordered_map<const Inst *, const BoundExpr *> bounds_;
  std::unordered_set<const GlobalVariable *> stored_globals_;
  std::unordered_set<const Type *> resized_types_;
  bool calls_ = false, all_resize_ = false, accumulates_ = false;
};

} // namespace kiln
