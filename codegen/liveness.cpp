#include "codegen/liveness.h"

#include <type_traits>

namespace kiln {

namespace {

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

} // namespace

Liveness::Liveness(const KirFunction &function)
    : function_(function), words_((function.inst_count() + 63) / 64), live_(function.blocks.size() * words_) {
  struct Flow {
    const uint64_t *made;
    const uint64_t *next[std::extent_v<decltype(Terminator::edges)>] = {};
  };
  std::vector<uint64_t> made(live_.size());
  std::vector<Flow> flows(function.blocks.size());
  for (const auto &block : function.blocks) {
    // What the block itself uses that it has not made before.
    uint64_t *live = live_.data() + block->id * words_, *makes = made.data() + block->id * words_;
    auto make = [&](const Inst *inst) { makes[inst->id / 64] |= uint64_t(1) << inst->id % 64; };
    auto use = [&](const Inst *inst) {
      if (inst && is_carried(*inst)) live[inst->id / 64] |= (uint64_t(1) << inst->id % 64) & ~makes[inst->id / 64];
    };
    for (const Inst *param : block->params) make(param);
    bool ends = visit_executed(*block, [&](const Inst &inst) {
      for (const Inst *arg : inst.args) use(arg);
      make(&inst);
    });
    flows[block->id].made = makes;
    if (!ends) continue;
    use(block->end.value);
    for (size_t i = 0; const Edge &edge : block->end.edges) {
      if (!edge.target) continue;
      for (const Inst *arg : edge.args) use(arg);
      flows[block->id].next[i++] = live_.data() + edge.target->id * words_;
    }
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t b = flows.size(); b-- > 0;)
      for (const uint64_t *next : flows[b].next)
        for (size_t i = 0; next && i < words_; ++i) {
          uint64_t &live = live_[b * words_ + i], before = live;
          live |= next[i] & ~flows[b].made[i];
          changed |= live != before;
        }
  }
}

std::vector<const Inst *> Liveness::at(const Block &block) const {
  std::vector<const Inst *> result;
  for (const Inst *param : block.params)
    if (is_carried(*param)) result.push_back(param);
  for (const Inst *inst : function_.insts)
    if (live_[block.id * words_ + inst->id / 64] >> inst->id % 64 & 1) result.push_back(inst);
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
