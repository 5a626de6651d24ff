#include "jit/interpreter/frame_slots.h"

#include "codegen/layout.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace kiln {

namespace {

bool has_slot(const Inst &inst) { return inst.op != Op::Const && !inst.type->is_empty(); }

} // namespace

uint32_t FrameSlots::size_of(const Type *type) {
  return static_cast<uint32_t>((layout_of(type).size + sizeof(uint64_t) - 1) / sizeof(uint64_t));
}

bool FrameSlots::has_step_1(const Inst &range) {
  if (range.op != Op::Range) return false;
  return range.args.size() < 3 || (range.args[2]->op == Op::Const && range.args[2]->constant.integer() == 1);
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
    : function_(function), defined_(function.inst_count()), parent_(function.inst_count()),
      uses_(function.inst_count()), slots_(function.inst_count(), none), counted_(function.inst_count()), groups_(function.inst_count()) {
  number();
  find_uses();
  find_ranges();
  find_counters();
  join_edges();
  place();
}

/// Positions: a block's parameters are made at its start; each instruction reads at its position and writes behind it.
void FrameSlots::number() {
  size_t blocks = function_.blocks.size();
  begin_.resize(blocks), end_.resize(blocks), predecessors_.resize(blocks), entered_.resize(blocks), liveness_.resize(blocks);
  values_.resize(function_.inst_count());
  uint32_t at = 0;
  for (const Block *block : function_.blocks) {
    begin_[block->id] = at;
    for (const Inst *param : block->params) values_[param->id] = param, defined_[param->id] = at;
    for (const Inst *inst : block->insts) {
      at += 2;
      values_[inst->id] = inst, defined_[inst->id] = at + 1;
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

void FrameSlots::find_uses() {
  auto use = [this](const Inst *value, const Block &block, uint32_t position) {
    ++uses_[value->id];
    if (has_slot(*value)) used_.push_back({value->id, block.id, position});
  };
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
          each_region_block(block->end.edges[0].target->region, [&](const Block &in) { used_.push_back({arg->id, in.id, end_[in.id] + 1}); });
      }
  }
  std::sort(used_.begin(), used_.end());
}

/// Each value is followed from its uses back to where it is made.
void FrameSlots::find_ranges() {
  auto use = used_.begin();
  for (const Inst *value : values_) {
    if (!value || !has_slot(*value)) continue;
    uint32_t id = value->id;
    touched_.assign(1, value->block->id);
    auto state = [&](uint32_t block) -> BlockLiveness & {
      BlockLiveness &known = liveness_[block];
      if (known.value != id) {
        known = {id, 0, false};
        if (block != value->block->id) touched_.push_back(block);
      }
      return known;
    };
    auto enter = [&](uint32_t block) {
      if (block != value->block->id && !state(block).entered) state(block).entered = true, work_.push_back(block);
    };
    state(value->block->id).last = defined_[id] + 1;
    for (; use != used_.end() && use->value == id; ++use) {
      BlockLiveness &known = state(use->block);
      known.last = std::max(known.last, use->position);
      enter(use->block);
    }
    auto leave = [&](uint32_t block) {
      state(block).last = end_[block] + 1;
      enter(block);
    };
    while (!work_.empty()) { // At the start of these blocks it lives.
      uint32_t block = work_.back();
      work_.pop_back();
      for (const Block *before : predecessors_[block]) leave(before->id);
      for (uint32_t region : entered_[block]) each_region_block(region, [&](const Block &in) { leave(in.id); });
    }
    std::sort(touched_.begin(), touched_.end());
    Group &group = groups_[id];
    group.first_range = static_cast<uint32_t>(intervals_.size());
    for (uint32_t block : touched_) {
      uint32_t begin = block == value->block->id ? defined_[id] : begin_[block], end = std::max(liveness_[block].last, begin + 1);
      if (intervals_.size() > group.first_range && intervals_.back().end >= begin)
        intervals_.back().end = end;
      else
        intervals_.push_back({begin, end});
    }
    group.range_count = static_cast<uint32_t>(intervals_.size()) - group.first_range;
    group.begin = intervals_[group.first_range].begin, group.end = intervals_.back().end;
    group.size = size_of(value->type);
  }
}

/// The counter of a loop that begins with the first element of a range of step 1, looks whether there is another before
/// each turn, and goes on by one jump.
const Inst *FrameSlots::counter_of(const Block &header) const {
  const Inst *test = header.end.value;
  if (header.end.kind != TermKind::Branch || test->op != Op::RangeHas || test->block != &header || uses_[test->id] != 1) return nullptr;
  const Inst *range = test->args[0], *counter = test->args[1];
  if (counter->op != Op::Param || counter->block != &header || range->block == &header || !has_step_1(*range) || &header == function_.entry()) return nullptr;
  for (const Inst *inst : header.insts)
    if (inst != test && inst->op != Op::Const) return nullptr;
  auto place = static_cast<size_t>(std::ranges::find(header.params, counter) - header.params.begin());
  const Inst *step = nullptr;
  for (const Block *before : predecessors_[header.id]) {
    if (before->end.kind != TermKind::Jump) return nullptr;
    const Inst *brought = before->end.edges[0].args[place];
    if (before->id < header.id) {
      if (brought->op != Op::Const || brought->constant.integer() != 0) return nullptr;
      continue;
    }
    if (step || brought->op != Op::Increment || brought->args[0] != counter || brought->block != before || uses_[brought->id] != 1) return nullptr;
    step = brought;
  }
  return step ? counter : nullptr;
}

void FrameSlots::find_counters() {
  std::vector<uint32_t> gets(function_.inst_count());
  for (const Inst *value : values_)
    if (value && value->op == Op::RangeGet) ++gets[value->args[1]->id];
  for (const Block *block : function_.blocks) {
    const Inst *counter = block->loop_header ? counter_of(*block) : nullptr;
    constexpr uint32_t test_and_step = 2;
    if (counter && uses_[counter->id] == gets[counter->id] + test_and_step) counted_[counter->id] = block->end.value->args[0];
  }
  for (const Inst *value : values_) { // Of another range: not its element.
    if (!value || value->op != Op::RangeGet) continue;
    const Inst *&range = counted_[value->args[1]->id];
    if (range != value->args[0]) range = nullptr;
  }
}

uint32_t FrameSlots::group_of(uint32_t id) {
  while (parent_[id] != id) id = parent_[id] = parent_[parent_[id]];
  return id;
}

void FrameSlots::join_edges() {
  std::iota(parent_.begin(), parent_.end(), 0);
  uint32_t slot = 0;
  for (const Inst *param : function_.entry()->params)
    if (has_slot(*param)) {
      groups_[param->id].fixed = true;
      groups_[param->id].slot = slot;
      slot += groups_[param->id].size;
    }
  count_ = slot;
  for (const Inst *value : values_) { // An element is where its counter is, from when the loop begins its turn to when it goes on.
    if (!value || value->op != Op::RangeGet || !counted_range(*value->args[1])) continue;
    merge(groups_[value->args[1]->id], groups_[value->id]);
    parent_[value->id] = value->args[1]->id;
  }
  for (bool back : {true, false}) // A loop's own moves matter most.
    for (const Block *block : function_.blocks)
      for (const Edge &edge : block->end.edges) {
        if (!edge.target || (edge.target->id <= block->id) != back) continue;
        for (size_t i = 0; i < edge.args.size(); ++i)
          if (has_slot(*edge.args[i]) && has_slot(*edge.target->params[i])) join(*edge.args[i], *edge.target->params[i]);
      }
}

void FrameSlots::join(const Inst &from, const Inst &to) {
  uint32_t kept_id = group_of(to.id), gone_id = group_of(from.id);
  if (groups_[gone_id].fixed) std::swap(kept_id, gone_id);
  Group &kept = groups_[kept_id], &gone = groups_[gone_id];
  if (kept_id == gone_id || kept.size != gone.size || gone.fixed) return;
  std::span<const Interval> of_kept = ranges_of(kept), of_gone = ranges_of(gone);
  for (auto a = of_kept.begin(), b = of_gone.begin(); a != of_kept.end() && b != of_gone.end();) {
    if (a->begin < b->end && b->begin < a->end) return;
    a->end <= b->end ? ++a : ++b;
  }
  merge(kept, gone);
  parent_[gone_id] = kept_id;
}

/// The ranges of both; those that meet become one.
void FrameSlots::merge(Group &kept, Group &gone) {
  std::span<const Interval> of_kept = ranges_of(kept), of_gone = ranges_of(gone);
  merged_.clear();
  std::merge(of_kept.begin(), of_kept.end(), of_gone.begin(), of_gone.end(), std::back_inserter(merged_),
             [](const Interval &a, const Interval &b) { return a.begin < b.begin; });
  kept.first_range = static_cast<uint32_t>(intervals_.size());
  for (const Interval &range : merged_) {
    if (intervals_.size() > kept.first_range && intervals_.back().end >= range.begin)
      intervals_.back().end = std::max(intervals_.back().end, range.end);
    else
      intervals_.push_back(range);
  }
  kept.range_count = static_cast<uint32_t>(intervals_.size()) - kept.first_range;
  kept.begin = std::min(kept.begin, gone.begin), kept.end = std::max(kept.end, gone.end);
  gone.range_count = 0;
}

void FrameSlots::place() {
  std::vector<Group *> order;
  for (Group &group : groups_)
    if (group.range_count) order.push_back(&group);
  std::sort(order.begin(), order.end(), [](const Group *a, const Group *b) {
    if (a->fixed != b->fixed) return a->fixed;
    return a->begin != b->begin ? a->begin < b->begin : a < b; // In one vector: by id.
  });
  struct Place {
    uint32_t free_from = 0; // A position.
    bool is_float = false;  // Baseline code keeps a slot in a register of one kind.
  };
  std::vector<Place> places(count_);
  for (Group *group : order) {
    bool is_float = values_[static_cast<size_t>(group - groups_.data())]->type->is(TypeKind::F64);
    if (!group->fixed) {
      uint32_t slot = 0, run = 0;
      for (; run < group->size && slot < places.size(); ++slot)
        run = places[slot].free_from <= group->begin && places[slot].is_float == is_float ? run + 1 : 0;
      group->slot = slot - run;
      places.resize(std::max<size_t>(places.size(), group->slot + group->size), {0, is_float});
    }
    for (uint32_t i = 0; i < group->size; ++i) {
      Place &place = places[group->slot + i];
      place = {std::max(place.free_from, group->end), is_float};
    }
  }
  count_ = static_cast<uint32_t>(places.size());
  for (uint32_t id = 0; id < slots_.size(); ++id)
    if (values_[id] && has_slot(*values_[id])) slots_[id] = groups_[group_of(id)].slot;
}

} // namespace kiln
