#include "codegen/liveness.h"

namespace kiln {

namespace {

using Set = std::vector<bool>; // By instruction id.

bool is_carried(const Inst &inst) { return inst.op != Op::Const && !inst.type->is_empty(); }

/// The instructions of a block up to the first that does not return.
template <typename Visit>
bool visit_executed(const Block &block, Visit visit) {
  for (const Inst *inst : block.insts) {
    visit(*inst);
    if (inst->type->is(TypeKind::Never)) return false;
  }
  return true;
}

/// What lives at the block's start, given what lives at the starts of those that follow.
Set live_in(const Block &block, const std::vector<Set> &live, size_t insts) {
  Set result(insts), made(insts);
  auto use = [&](const Inst *inst) {
    if (inst && is_carried(*inst) && !made[inst->id]) result[inst->id] = true;
  };
  for (const Inst *param : block.params) made[param->id] = true;
  bool ends = visit_executed(block, [&](const Inst &inst) {
    for (const Inst *arg : inst.args) use(arg);
    made[inst.id] = true;
  });
  if (!ends) return result;
  use(block.end.value);
  for (const Edge &edge : block.end.edges) {
    if (!edge.target) continue;
    for (const Inst *arg : edge.args) use(arg);
    const Set &next = live[edge.target->id];
    for (size_t i = 0; i < insts; ++i)
      if (next[i] && !made[i]) result[i] = true;
  }
  return result;
}

} // namespace

Liveness::Liveness(const KirFunction &function)
    : function_(function), live_(function.blocks.size(), Set(function.inst_count())) {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t b = function.blocks.size(); b-- > 0;) {
      Set found = live_in(*function.blocks[b], live_, function.inst_count());
      if (found != live_[b]) live_[b] = std::move(found), changed = true;
    }
  }
}

std::vector<const Inst *> Liveness::at(const Block &block) const {
  std::vector<const Inst *> result;
  for (const Inst *param : block.params)
    if (is_carried(*param)) result.push_back(param);
  for (const Inst *inst : function_.insts)
    if (live_[block.id][inst->id]) result.push_back(inst);
  return result;
}

std::vector<bool> reachable_from(const KirFunction &function, const Block &block) {
  std::vector<bool> reached(function.blocks.size());
  std::vector<const Block *> work{&block};
  while (!work.empty()) {
    const Block *next = work.back();
    work.pop_back();
    if (reached[next->id]) continue;
    reached[next->id] = true;
    if (!visit_executed(*next, [](const Inst &) {})) continue;
    for (const Edge &edge : next->end.edges)
      if (edge.target) work.push_back(edge.target);
  }
  return reached;
}

} // namespace kiln
