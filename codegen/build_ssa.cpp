#include "codegen/build_ssa.h"

#include <algorithm>
#include <cassert>

namespace kiln {

namespace {

uint64_t key(const Variable *variable, const Block *block) { return uint64_t(variable->index) << 32 | block->id; }

size_t edge_count(const Block *block) {
  switch (block->end.kind) {
  case TermKind::Jump: return 1;
  case TermKind::Branch:
  case TermKind::Try: return 2;
  case TermKind::None:
  case TermKind::Return:
  case TermKind::Unreachable: return 0;
  }
  return 0;
}

} // namespace

SsaBuilder::SsaBuilder(KirFunction &function, Op entry_op, std::function<std::string_view(const Variable &, Span)> entry_name)
    : function_(function), entry_op_(entry_op), entry_name_(std::move(entry_name)) {
  current_ = new_block();
  seal(current_);
}

Block *SsaBuilder::new_block() {
  Block *block = function_.make_block();
  block->id = static_cast<uint32_t>(states_.size());
  block->region = region_;
  states_.emplace_back();
  return block;
}

Block *SsaBuilder::new_outer_block() {
  Block *block = new_block();
  block->region = 0;
  return block;
}

void SsaBuilder::enter(Block *block) {
  enter_loop(block);
  seal(block);
}

void SsaBuilder::enter_loop(Block *header) {
  current_ = header;
  reachable_ = !state(header).preds.empty();
}

Inst *SsaBuilder::add(Op op, Span span, std::span<Inst *const> args) {
  Inst *inst = function_.make(op, span, args);
  inst->block = current_;
  current_->insts.push_back(inst);
  return inst;
}

Inst *SsaBuilder::add_param(Block *block, Span span, std::string_view name) {
  Inst *param = function_.make(Op::Param, span);
  param->name = name;
  param->block = block;
  param->index = static_cast<uint32_t>(block->params.size());
  block->params.push_back(param);
  return param;
}

void SsaBuilder::add_edge(Block *from, Edge &edge, Block *target, std::initializer_list<Inst *> args) {
  edge.target = target;
  edge.args = args;
  state(target).preds.push_back({from, &edge});
}

void SsaBuilder::jump(Block *target, Span span, std::initializer_list<Inst *> args) {
  if (!reachable_) return;
  current_->end.kind = TermKind::Jump;
  current_->end.span = span;
  add_edge(current_, current_->end.edges[0], target, args);
}

void SsaBuilder::branch(Inst *condition, Span span, Block *yes, Block *no) {
  if (!reachable_) return;
  current_->end.kind = TermKind::Branch;
  current_->end.span = span;
  current_->end.value = condition;
  add_edge(current_, current_->end.edges[0], yes, {});
  add_edge(current_, current_->end.edges[1], no, {});
}

void SsaBuilder::begin_region(Span span, Block *handler) {
  function_.regions.push_back(region_);
  region_ = static_cast<uint32_t>(function_.regions.size() - 1);
  Block *body = new_block();
  if (reachable_) {
    current_->end.kind = TermKind::Try;
    current_->end.span = span;
    add_edge(current_, current_->end.edges[0], body, {});
    add_edge(current_, current_->end.edges[1], handler, {});
  }
  enter(body);
}

void SsaBuilder::end_region() { region_ = function_.regions[region_]; }

void SsaBuilder::return_value(Inst *value, Span span) {
  current_->end.kind = TermKind::Return;
  current_->end.span = span;
  current_->end.value = value;
}

// --- variables ---

void SsaBuilder::define(const Variable *variable, const Block *block, Inst *value) {
  definitions_[key(variable, block)] = value;
}

Inst *SsaBuilder::defined(const Variable *variable, const Block *block) const {
  auto found = definitions_.find(key(variable, block));
  return found == definitions_.end() ? nullptr : found->second;
}

void SsaBuilder::write(const Variable *variable, Inst *value) {
  value->literal = false; // What a variable holds has a type of its own: it no longer takes its neighbour's.
  define(variable, current_, value);
}

Inst *SsaBuilder::read(const Variable *variable, Span span) {
  Inst *value = lookup(variable, current_, span);
  fill();
  return value;
}

/// The definition that reaches the block's end as it now is. Does not recurse (programs have long chains of blocks):
/// a parameter made here waits in `unfilled_` for its values.
Inst *SsaBuilder::lookup(const Variable *variable, Block *block, Span span) {
  std::vector<Block *> passed;
  Inst *value = nullptr;
  for (;;) {
    if ((value = defined(variable, block))) break;
    State &at = state(block);
    if (at.sealed && at.preds.size() == 1) {
      passed.push_back(block);
      block = at.preds[0].block;
      continue;
    }
    if (!at.sealed) {
      value = add_param(block, span, variable->name);
      at.incomplete.emplace_back(variable, value);
    } else if (at.preds.empty()) {
      value = at_entry(variable, block, span);
    } else {
      value = add_param(block, span, variable->name);
      unfilled_.push_back({block, variable, value});
    }
    define(variable, block, value);
    break;
  }
  for (Block *between : passed) define(variable, between, value);
  return value;
}

Inst *SsaBuilder::at_entry(const Variable *variable, Block *block, Span span) {
  Inst *value = function_.make(entry_op_, span);
  value->name = entry_name_(*variable, span);
  value->fresh = entry_op_ == Op::Name; // Not an unknown name when it is missing: unset.
  value->block = block;
  if (block->id == 0) prologue_.push_back(value);
  return value;
}

void SsaBuilder::fill() {
  while (!unfilled_.empty()) {
    Unfilled next = unfilled_.back();
    unfilled_.pop_back();
    for (size_t i = 0; i < state(next.block).preds.size(); ++i) {
      Pred pred = state(next.block).preds[i];
      Inst *value = lookup(next.variable, pred.block, next.param->span);
      if (pred.edge->args.size() <= next.param->index) pred.edge->args.resize(next.param->index + 1);
      pred.edge->args[next.param->index] = value;
    }
  }
}

void SsaBuilder::seal(Block *block) {
  State &at = state(block);
  assert(!at.sealed);
  at.sealed = true;
  for (auto [variable, param] : at.incomplete) unfilled_.push_back({block, variable, param});
  at.incomplete.clear();
  fill();
}

// --- finishing ---

void SsaBuilder::finish() {
  remove_trivial_params();
  order_blocks();
  remove_dead_slots();
  merge_blocks();
  resolve_uses();
  add_prologue();
  number_blocks();
  find_loops(function_);
  if (function_.has_loop) {
    order_blocks(); // Again, as loops are known now.
    number_blocks();
  }
  renumber();
}

Inst *SsaBuilder::resolve(Inst *value) {
  while (Inst *other = replaced_[value->id]) {
    if (Inst *further = replaced_[other->id]) replaced_[value->id] = further;
    value = other;
  }
  return value;
}

/// The one value other than itself that the parameter takes on all edges, or null.
Inst *SsaBuilder::only_value(const Block *block, const Inst *param) {
  Inst *only = nullptr;
  for (const Pred &pred : state(block).preds) {
    Inst *value = resolve(pred.edge->args[param->index]);
    if (value == param || value == only) continue;
    if (only) return nullptr;
    only = value;
  }
  return only;
}

/// In sweeps, as one that goes may make others trivial: mostly in the order of the text, so that few sweeps are needed.
void SsaBuilder::remove_trivial_params() {
  replaced_.resize(function_.inst_count());
  std::vector<Inst *> params;
  for (Block &block : function_.block_storage)
    if (!state(&block).preds.empty()) // Else the entry, or unreachable.
      params.insert(params.end(), block.params.begin(), block.params.end());
  for (bool changed = true; changed;) {
    changed = false;
    std::erase_if(params, [&](Inst *param) {
      Inst *value = only_value(param->block, param);
      replaced_[param->id] = value;
      changed |= value != nullptr;
      return value != nullptr;
    });
  }
  for (Block &block : function_.block_storage) drop_replaced_params(&block);
}

void SsaBuilder::drop_replaced_params(Block *block) {
  if (state(block).preds.empty()) return;
  std::vector<Inst *> kept;
  for (Inst *param : block->params)
    if (!replaced_[param->id]) kept.push_back(param);
  for (const Pred &pred : state(block).preds) {
    std::vector<Inst *> args;
    for (Inst *param : kept) args.push_back(resolve(pred.edge->args[param->index]));
    pred.edge->args = std::move(args);
  }
  block->params = std::move(kept);
  for (uint32_t i = 0; i < block->params.size(); ++i) block->params[i]->index = i;
}

/// Reverse postorder, without recursion: a loop's blocks before those after the loop, a branch's true side first.
void SsaBuilder::order_blocks() {
  std::vector<Block *> postorder;
  std::vector<bool> seen(function_.block_storage.size());
  std::vector<std::pair<Block *, size_t>> path; // Each with the number of its edges still to follow.
  auto visit = [&](Block *block) {
    if (seen[block->id]) return;
    seen[block->id] = true;
    path.emplace_back(block, edge_count(block));
  };
  // What is visited first comes last.
  auto next_edge = [](const Block *block, size_t left) -> size_t {
    const Edge *edges = block->end.edges;
    bool swapped = edge_count(block) == 2 && edges[0].target->loop_depth < edges[1].target->loop_depth;
    return swapped ? 2 - left : left - 1;
  };
  visit(&function_.block_storage.front());
  while (!path.empty()) {
    auto &[block, left] = path.back();
    if (left == 0) {
      postorder.push_back(block);
      path.pop_back();
      continue;
    }
    const Edge &edge = block->end.edges[next_edge(block, left)];
    --left;
    visit(edge.target);
  }
  function_.blocks.assign(postorder.rbegin(), postorder.rend());
}

/// Joins a block with the one after it where nothing else leads there.
void SsaBuilder::merge_blocks() {
  std::vector<Block *> kept;
  std::vector<bool> gone(function_.block_storage.size());
  for (Block *block : function_.blocks) {
    if (gone[block->id]) continue;
    kept.push_back(block);
    while (block->end.kind == TermKind::Jump && state(block->end.edges[0].target).preds.size() == 1) {
      Block *next = block->end.edges[0].target; // Its parameters had one value, so it has none.
      if (next->region != block->region) break;
      for (Inst *inst : next->insts) inst->block = block;
      block->insts.insert(block->insts.end(), next->insts.begin(), next->insts.end());
      block->end = std::move(next->end);
      gone[next->id] = true;
    }
  }
  function_.blocks = std::move(kept);
}

void SsaBuilder::resolve_uses() {
  for (Block *block : function_.blocks) {
    for (Inst *inst : block->insts)
      for (Inst *&arg : inst->args) arg = resolve(arg);
    if (block->end.value) block->end.value = resolve(block->end.value);
  }
}

/// A slot whose content no handler needs goes, and with it the parameters that were there for its sake.
void SsaBuilder::remove_dead_slots() {
  auto is_slot = [](const Inst *inst) {
    return inst->op == Op::SlotNew || inst->op == Op::SlotSet || inst->op == Op::SlotGet;
  };
  std::vector<bool> live(function_.inst_count());
  std::vector<Inst *> work;
  std::unordered_map<const Inst *, std::vector<Inst *>> sets; // By slot.
  auto mark = [&](Inst *inst) {
    inst = resolve(inst);
    if (!live[inst->id]) live[inst->id] = true, work.push_back(inst);
  };
  for (Block *block : function_.blocks) {
    for (Inst *inst : block->insts) {
      if (inst->op == Op::SlotSet) sets[inst->args[0]].push_back(inst);
      if (!is_slot(inst)) mark(inst);
    }
    if (block->end.value) mark(block->end.value);
  }
  if (sets.empty()) return;
  while (!work.empty()) {
    Inst *inst = work.back();
    work.pop_back();
    for (Inst *arg : inst->args) mark(arg);
    if (inst->op == Op::SlotNew) // Live through a SlotGet.
      for (Inst *set : sets[inst]) mark(set);
    if (inst->op == Op::Param)
      for (const Pred &pred : state(inst->block).preds) mark(pred.edge->args[inst->index]);
  }
  for (Block *block : function_.blocks) {
    std::erase_if(block->insts, [&](const Inst *inst) { return is_slot(inst) && !live[inst->id]; });
    if (block == function_.entry()) continue;
    for (size_t i = block->params.size(); i-- > 0;) {
      if (live[block->params[i]->id]) continue;
      block->params.erase(block->params.begin() + static_cast<std::ptrdiff_t>(i));
      for (const Pred &pred : state(block).preds)
        pred.edge->args.erase(pred.edge->args.begin() + static_cast<std::ptrdiff_t>(i));
    }
    for (uint32_t i = 0; i < block->params.size(); ++i) block->params[i]->index = i;
  }
}

void SsaBuilder::add_prologue() {
  if (prologue_.empty()) return;
  std::vector<bool> used(function_.inst_count());
  for (const Block *block : function_.blocks) {
    for (const Inst *inst : block->insts)
      for (const Inst *arg : inst->args) used[arg->id] = true;
    if (block->end.value) used[block->end.value->id] = true;
    for (size_t i = 0; i < edge_count(block); ++i)
      for (const Inst *arg : block->end.edges[i].args) used[arg->id] = true;
  }
  std::erase_if(prologue_, [&used](const Inst *inst) { return !used[inst->id]; });
  std::vector<Inst *> &insts = function_.entry()->insts;
  insts.insert(insts.begin(), prologue_.begin(), prologue_.end());
}

void SsaBuilder::number_blocks() {
  for (uint32_t id = 0; id < function_.blocks.size(); ++id) function_.blocks[id]->id = id;
}

/// Keeps only what is reachable, numbered in order.
void SsaBuilder::renumber() {
  std::vector<Inst *> &insts = function_.insts;
  insts.clear();
  for (const Block *block : function_.blocks) {
    insts.insert(insts.end(), block->params.begin(), block->params.end());
    insts.insert(insts.end(), block->insts.begin(), block->insts.end());
  }
  for (uint32_t id = 0; id < insts.size(); ++id) insts[id]->id = id;
}

void find_loops(KirFunction &function) {
  function.has_loop = false;
  for (Block *block : function.blocks) block->loop_header = false, block->loop_depth = 0;
  std::vector<std::vector<Block *>> preds(function.blocks.size());
  for (Block *block : function.blocks)
    for (size_t i = 0; i < edge_count(block); ++i) {
      Block *target = block->end.edges[i].target;
      preds[target->id].push_back(block);
      if (block->id >= target->id) target->loop_header = function.has_loop = true;
    }
  std::vector<uint32_t> in_loop(function.blocks.size(), UINT32_MAX); // The last header whose loop has the block.
  for (Block *header : function.blocks) {
    if (!header->loop_header) continue;
    // The natural loop: what reaches a back edge without passing the header.
    std::vector<Block *> work = {header};
    in_loop[header->id] = header->id;
    while (!work.empty()) {
      Block *block = work.back();
      work.pop_back();
      ++block->loop_depth;
      for (Block *pred : preds[block->id]) {
        if (in_loop[pred->id] == header->id || (block == header && pred->id < header->id)) continue;
        in_loop[pred->id] = header->id;
        work.push_back(pred);
      }
    }
  }
}

} // namespace kiln
