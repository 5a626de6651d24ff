#include "jit/interpreter/frame_slots.h"

#include "codegen/layout.h"

#include <algorithm>

namespace kiln {

namespace {

bool has_slot(const Inst &inst) { return inst.op != Op::Const && !inst.type->is_empty(); }

} // namespace

uint32_t FrameSlots::size_of(const Type *type) {
  return static_cast<uint32_t>((layout_of(type).size + sizeof(uint64_t) - 1) / sizeof(uint64_t));
}

bool FrameSlots::may_overwrite_operands(const Inst &inst) {
  switch (inst.op) {
  case Op::Increment:
  case Op::RangeGet:
  case Op::CallDirect: return true;
  case Op::Unary:
  case Op::Binary:
  case Op::Convert: return inst.type->is_scalar() && inst.args[0]->type->is_scalar();
  case Op::Index:
  case Op::LinearGet: return inst.type->is_scalar() && inst.args[0]->type->rank < 2;
  default: return false;
  }
}

FrameSlots::FrameSlots(const KirFunction &function)
    : function_(function), intervals_(function.inst_count(), {none, 0}), visited_(function.blocks.size(), none),
      parent_(function.inst_count()), uses_(function.inst_count()), slots_(function.inst_count(), none) {
  number();
  find_intervals();
  join_edges();
  place();
}

/// Positions: a block's parameters are made at its start; each instruction reads at its position and writes behind it.
void FrameSlots::number() {
  size_t blocks = function_.blocks.size();
  begin_.resize(blocks), end_.resize(blocks), predecessors_.resize(blocks), entered_.resize(blocks);
  values_.resize(function_.inst_count());
  uint32_t at = 0;
  for (const Block *block : function_.blocks) {
    begin_[block->id] = at;
    for (const Inst *param : block->params) {
      values_[param->id] = param;
      intervals_[param->id] = {at, at + 1};
    }
    for (const Inst *inst : block->insts) {
      at += 2;
      values_[inst->id] = inst;
      if (has_slot(*inst)) intervals_[inst->id] = {at + 1, at + 2};
    }
    at += 2;
    end_[block->id] = at++;
    for (const Edge &edge : block->end.edges)
      if (edge.target) predecessors_[edge.target->id].push_back(block);
    if (block->end.kind == TermKind::Try) entered_[block->end.edges[1].target->id].push_back(block->end.edges[0].target->region);
  }
}

template <typename Visit>
void FrameSlots::each_region_block(uint32_t region, Visit visit) {
  for (const Block *block : function_.blocks) {
    uint32_t in = block->region;
    while (in > region) in = function_.regions[in]; // A region has a higher number than those around it.
    if (in == region) visit(*block);
  }
}

void FrameSlots::find_intervals() {
  for (const Block *block : function_.blocks) {
    uint32_t at = begin_[block->id];
    for (const Inst *inst : block->insts) {
      at += 2;
      uint32_t position = may_overwrite_operands(*inst) ? at : at + 2;
      for (const Inst *arg : inst->args) use(arg, *block, position);
    }
    if (block->end.value) use(block->end.value, *block, end_[block->id]);
    for (size_t i = 0; i < 2; ++i)
      for (const Inst *arg : block->end.edges[i].args) {
        use(arg, *block, end_[block->id]);
        if (block->end.kind == TermKind::Try && i == 1 && has_slot(*arg)) // Passed on from anywhere in the region.
          each_region_block(block->end.edges[0].target->region, [&](const Block &in) { used_.emplace_back(arg->id, &in); });
      }
  }
  std::sort(used_.begin(), used_.end()); // By value: each is followed through a block once.
  for (auto [id, block] : used_) live_through(*values_[id], *block);
}

void FrameSlots::use(const Inst *value, const Block &block, uint32_t position) {
  ++uses_[value->id];
  if (!has_slot(*value)) return;
  intervals_[value->id].end = std::max(intervals_[value->id].end, position);
  if (value->block != &block) used_.emplace_back(value->id, &block);
}

/// The value lives at the block's start, so at the ends of those before it.
void FrameSlots::live_through(const Inst &value, const Block &block) {
  Interval &interval = intervals_[value.id];
  std::vector<const Block *> work{&block};
  while (!work.empty()) {
    const Block *next = work.back();
    work.pop_back();
    if (next == value.block || visited_[next->id] == value.id) continue;
    visited_[next->id] = value.id;
    interval.begin = std::min(interval.begin, begin_[next->id]);
    interval.end = std::max(interval.end, begin_[next->id] + 1);
    for (const Block *before : predecessors_[next->id]) {
      interval.end = std::max(interval.end, end_[before->id] + 1);
      work.push_back(before);
    }
    for (uint32_t region : entered_[next->id])
      each_region_block(region, [&](const Block &in) {
        interval.end = std::max(interval.end, end_[in.id] + 1);
        work.push_back(&in);
      });
  }
}

uint32_t FrameSlots::group_of(uint32_t id) {
  while (parent_[id] != id) id = parent_[id] = parent_[parent_[id]];
  return id;
}

void FrameSlots::join_edges() {
  groups_.resize(function_.inst_count());
  for (uint32_t id = 0; id < parent_.size(); ++id) {
    parent_[id] = id;
    if (!values_[id] || !has_slot(*values_[id])) continue;
    groups_[id].intervals = {intervals_[id]};
    groups_[id].begin = intervals_[id].begin, groups_[id].end = intervals_[id].end;
    groups_[id].size = size_of(values_[id]->type);
  }
  uint32_t slot = 0;
  for (const Inst *param : function_.entry()->params)
    if (has_slot(*param)) {
      groups_[param->id].fixed = true;
      groups_[param->id].slot = slot;
      slot += groups_[param->id].size;
    }
  count_ = slot;
  for (bool back : {true, false}) // A loop's own moves matter most.
    for (const Block *block : function_.blocks)
      for (const Edge &edge : block->end.edges) {
        if (!edge.target || (edge.target->id <= block->id) != back) continue;
        for (size_t i = 0; i < edge.args.size(); ++i)
          if (has_slot(*edge.args[i]) && has_slot(*edge.target->params[i])) join(*edge.args[i], *edge.target->params[i]);
      }
}

void FrameSlots::join(const Inst &from, const Inst &to) {
  constexpr size_t most_intervals = 64; // Each is compared with each.
  Group &a = groups_[group_of(from.id)], &b = groups_[group_of(to.id)];
  if (&a == &b || a.size != b.size || (a.fixed && b.fixed) || a.intervals.size() + b.intervals.size() > most_intervals) return;
  for (const Interval &left : a.intervals)
    for (const Interval &right : b.intervals)
      if (left.meets(right)) return;
  Group &kept = a.fixed ? a : b, &gone = a.fixed ? b : a;
  parent_[group_of((a.fixed ? to : from).id)] = group_of((a.fixed ? from : to).id);
  kept.intervals.insert(kept.intervals.end(), gone.intervals.begin(), gone.intervals.end());
  kept.begin = std::min(kept.begin, gone.begin), kept.end = std::max(kept.end, gone.end);
  gone.intervals.clear();
}

void FrameSlots::place() {
  std::vector<Group *> order;
  for (Group &group : groups_)
    if (!group.intervals.empty()) order.push_back(&group);
  std::stable_sort(order.begin(), order.end(), [](const Group *a, const Group *b) {
    return a->fixed != b->fixed ? a->fixed : a->begin < b->begin;
  });
  std::vector<uint32_t> free_from(count_, 0); // By slot: the position from which it is free.
  for (Group *group : order) {
    if (!group->fixed) {
      uint32_t slot = 0, run = 0;
      for (; run < group->size && slot < free_from.size(); ++slot) run = free_from[slot] <= group->begin ? run + 1 : 0;
      group->slot = slot - run;
      free_from.resize(std::max<size_t>(free_from.size(), group->slot + group->size), 0);
    }
    for (uint32_t i = 0; i < group->size; ++i) {
      uint32_t &end = free_from[group->slot + i];
      end = std::max(end, group->end);
    }
  }
  count_ = static_cast<uint32_t>(free_from.size());
  for (uint32_t id = 0; id < slots_.size(); ++id)
    if (values_[id] && has_slot(*values_[id])) slots_[id] = groups_[group_of(id)].slot;
}

} // namespace kiln
