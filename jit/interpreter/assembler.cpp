// Blocks, edges and loops.
#include "jit/interpreter/assembler.h"

#include "codegen/layout.h"
#include "codegen/liveness.h"
#include "codegen/tail_call.h"
#include "jit/interpreter/function_assembler.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace kiln {

namespace {

constexpr uint32_t most_slots = 60000;   // An instruction names one by 16 bits.
constexpr size_t most_kept_constants = 200;
constexpr size_t small_header = 12;      // A loop's test of so many instructions is written again where it repeats.
constexpr uint32_t not_written = ~uint32_t(0);

} // namespace

std::unique_ptr<Code> assemble(Specialisation &specialisation, const KirFunction &kir, const AssemblyContext &context) {
  return FunctionAssembler(specialisation, kir, context).run();
}

FunctionAssembler::FunctionAssembler(Specialisation &specialisation, const KirFunction &kir, const AssemblyContext &context)
    : specialisation_(specialisation), kir_(kir), context_(context), slots_(kir), code_(std::make_unique<Code>()),
      reached_(reachable_from(kir, *kir.entry())), block_words_(kir.blocks.size(), not_written),
      loops_(kir.blocks.size(), not_written) {
  code_->specialisation = &specialisation;
  code_->kir = &kir;
}

std::unique_ptr<Code> FunctionAssembler::run() {
  if (slots_.count() > most_slots) return nullptr;
  find_constants();
  code_->handlers.assign(kir_.regions.size(), 0);
  write_entry();
  std::vector<const Block *> order;
  for (const Block *block : kir_.blocks)
    if (reached_[block->id]) order.push_back(block);
  for (size_t i = 0; i < order.size() && possible_; ++i) {
    next_ = i + 1 < order.size() ? order[i + 1] : nullptr;
    write_block(*order[i]);
  }
  next_ = nullptr;
  if (possible_) finish();
  return possible_ ? std::move(code_) : nullptr;
}

/// Constants that loops use are put into slots once, where the function begins; cells that stay in the frame get room.
void FunctionAssembler::find_constants() {
  for (const Block *block : kir_.blocks) {
    if (!reached_[block->id]) continue;
    for (const Inst *inst : block->insts) {
      if (inst->op == Op::CellNew && inst->in_frame) {
        frame_cells_[inst] = static_cast<uint16_t>(slots_.count() + kept_);
        kept_ += std::max(FrameSlots::size_of(inst->type->element()), 1u);
      }
      if (block->loop_depth == 0) continue;
      for (size_t i = 0; i < inst->args.size(); ++i) {
        const Inst *arg = inst->args[i];
        if (arg->op != Op::Const || arg->type->is_empty() || takes_immediate(*inst, i)) continue;
        if (constants_.size() >= most_kept_constants) continue;
        uint32_t size = FrameSlots::size_of(arg->type);
        if (constants_.try_emplace({bits_of(*arg), size}, slots_.count() + kept_).second) kept_ += size;
      }
    }
  }
}

void FunctionAssembler::write_entry() {
  for (const auto &[key, slot] : constants_) {
    Word data, length;
    data.integer = static_cast<int64_t>(key.first.first), length.integer = static_cast<int64_t>(key.first.second);
    write(key.second == 2 ? Bytecode::Text : Bytecode::Word, slot);
    write_word(data);
    if (key.second == 2) write_word(length);
  }
  code_->constants_end = here();
}

void FunctionAssembler::write_block(const Block &block) {
  block_words_[block.id] = here();
  write_body(block);
}

void FunctionAssembler::write_body(const Block &block) {
  if (code_->region_marks.empty() || code_->region_marks.back().region != block.region)
    code_->region_marks.push_back({here(), block.region});
  const Inst *fused = fused_condition(block);
  const Inst *folded = block.end.kind == TermKind::Jump ? folded_increment(block, block.end.edges[0]) : nullptr;
  const Inst *product = nullptr; // Waits for the sum that follows.
  for (size_t i = 0; i < block.insts.size(); ++i) {
    const Inst *inst = block.insts[i];
    if (inst->op == Op::Const || inst == fused || inst == folded) continue;
    if (size_t written = write_field(block, i)) {
      i += written - 1;
      continue;
    }
    if (is_fused_product(block, i)) {
      product = inst;
      continue;
    }
    place(inst->span);
    scratch_used_ = 0;
    if (is_jump(specialisation_, block, *inst)) {
      Word routine;
      routine.pointer = &context_.routine(*inst->callee());
      write_call(Bytecode::Again, 0, routine, inst->args);
      return;
    }
    if (product)
      write_product(*std::exchange(product, nullptr), *inst);
    else
      write_inst(*inst);
    if (inst->type->is(TypeKind::Never)) return; // What follows in the block is dead.
  }
  place(block.end.span);
  scratch_used_ = 0;
  write_terminator(block);
}

void FunctionAssembler::write_terminator(const Block &block) {
  switch (block.end.kind) {
  case TermKind::Jump:
  case TermKind::Try: write_edge(block, block.end.edges[0]); break;
  case TermKind::Branch: write_branch(block); break;
  case TermKind::Return: write_return(block); break;
  case TermKind::Unreachable:
  case TermKind::None: break;
  }
}

void FunctionAssembler::write_return(const Block &block) {
  const Inst *value = block.end.value;
  uint32_t size = value && !specialisation_.result->is_empty() ? FrameSlots::size_of(value->type) : 0;
  if (size == 1)
    write(Bytecode::Return, use(value));
  else
    write(Bytecode::ReturnMany, size ? use(value) : 0, static_cast<uint16_t>(size));
}

/// Falls through to one of the edges: to a block that follows, else to that of `true`, unless this is the test of a loop
/// that goes on by a jump back.
void FunctionAssembler::write_branch(const Block &block) {
  const Edge &yes = block.end.edges[0], &no = block.end.edges[1];
  bool no_follows = !has_moves(no) && no.target == next_;
  bool repeats = block_words_[yes.target->id] != not_written && !has_moves(yes);
  if (no_follows || repeats) {
    write_conditional_jump(block, true, yes);
    write_edge(block, no);
  } else {
    write_conditional_jump(block, false, no);
    write_edge(block, yes);
  }
}

void FunctionAssembler::write_edge(const Block &from, const Edge &edge) {
  if (is_back_edge(from, edge)) return write_back_edge(from, edge);
  write_moves(edge);
  if (edge.target != next_) write_jump(*edge.target);
}

void FunctionAssembler::write_jump(const Block &target) {
  jumps_.push_back({here(), here(), &target});
  write(Bytecode::Jump);
}

/// Whether a header is nothing but the test of a loop over a range of step 1, or over an array.
bool FunctionAssembler::is_counted(const Block &header) const {
  const Inst *test = fused_condition(header);
  if (!test || (test->op != Op::RangeHas && test->op != Op::ArrayHas) || test->args[1]->block != &header) return false;
  if (test->op == Op::RangeHas && !slots_.counted_range(*test->args[1])) return false;
  return test->args[1]->op == Op::Param && !has_moves(header.end.edges[0]) && header.end.edges[0].target != &header &&
         std::ranges::all_of(header.insts, [&](const Inst *inst) { return inst == test || inst->op == Op::Const; });
}

/// The step of a counted loop, if it is all that becomes of the counter on this edge: part of the loop's instruction.
const Inst *FunctionAssembler::folded_increment(const Block &from, const Edge &edge) const {
  if (!is_back_edge(from, edge) || !is_counted(*edge.target) || from.end.kind != TermKind::Jump) return nullptr;
  const Inst *counter = fused_condition(*edge.target)->args[1];
  for (size_t i = 0; i < edge.args.size(); ++i) {
    const Inst *step = edge.args[i];
    if (edge.target->params[i] != counter) continue;
    bool folds = step->op == Op::Increment && step->args[0] == counter && step->block == &from && slots_.uses(*step) == 1 &&
                 (slots_.counted_range(*counter) || slots_.of(*step) == slots_.of(*counter));
    return folds ? step : nullptr;
  }
  return nullptr;
}

void FunctionAssembler::write_back_edge(const Block &from, const Edge &edge) {
  const Block &header = *edge.target;
  uint16_t loop = loop_of(header);
  if (const Inst *step = folded_increment(from, edge)) {
    write_moves(edge, step);
    const Inst *test = fused_condition(header);
    scratch_used_ = 0;
    bool range = test->op == Op::RangeHas;
    jumps_.push_back({here(), here() + 1, header.end.edges[0].target});
    uint16_t base = use(test->args[0]);
    uint32_t next = write(range ? Bytecode::NextBelow : Bytecode::NextInArray, result(*test->args[1]), range ? static_cast<uint16_t>(base + 1) : base, loop);
    write_word({});
    write_counts(next, header, true);
    code_->loops[loop].end = here();
    return write_edge(header, header.end.edges[1]);
  }
  write_moves(edge);
  write(Bytecode::Loop, loop);
  code_->loops[loop].end = here();
  auto counted = std::ranges::count_if(header.insts, [](const Inst *inst) { return inst->op != Op::Const; });
  if (header.end.kind != TermKind::Branch || static_cast<size_t>(counted) > small_header || is_back_edge(header, header.end.edges[0]) ||
      is_back_edge(header, header.end.edges[1]))
    return write_jump(header);
  write_body(header);
  if (code_->region_marks.back().region != from.region) code_->region_marks.push_back({here(), from.region});
}

uint16_t FunctionAssembler::loop_of(const Block &header) {
  uint32_t &place = loops_[header.id];
  if (place == not_written) {
    place = static_cast<uint32_t>(code_->loops.size());
    InterpretedLoop &loop = code_->loops.emplace_back();
    loop.header = &header;
    loop.begin = block_words_[header.id];
  }
  if (place > most_slots) possible_ = false;
  return static_cast<uint16_t>(place);
}

bool FunctionAssembler::has_moves(const Edge &edge) const {
  for (size_t i = 0; i < edge.args.size(); ++i) {
    uint32_t to = slots_.of(*edge.target->params[i]);
    if (to != FrameSlots::none && slots_.of(*edge.args[i]) != to) return true;
  }
  return false;
}

/// All at once: a slot that is read is not written before; a cycle goes through a slot of its own.
void FunctionAssembler::write_moves(const Edge &edge, const Inst *left_out) {
  struct Step {
    uint32_t to, from;
  };
  std::vector<Step> steps;
  std::vector<std::pair<const Inst *, uint32_t>> constants;
  for (size_t i = 0; i < edge.args.size(); ++i) {
    const Inst *arg = edge.args[i];
    uint32_t to = slots_.of(*edge.target->params[i]);
    if (to == FrameSlots::none || arg == left_out) continue;
    const Inst *range = slots_.counted_range(*edge.target->params[i]);
    if (arg->op == Op::Const && !range) {
      constants.emplace_back(arg, to);
      continue;
    }
    uint32_t from = slots_.of(range ? *range : *arg); // A counter begins as the first element.
    for (uint32_t word = 0; from != to && word < FrameSlots::size_of(arg->type); ++word) steps.push_back({to + word, from + word});
  }
  while (!steps.empty()) {
    auto free = std::ranges::find_if(steps, [&](const Step &step) {
      return std::ranges::none_of(steps, [&](const Step &other) { return other.from == step.to && &other != &step; });
    });
    if (free == steps.end()) { // Cycles only: one of the values moves aside.
      scratch_used_ = 0;
      uint16_t aside = scratch(1);
      uint32_t saved = steps.front().from;
      move(aside, static_cast<uint16_t>(saved), 1);
      for (Step &step : steps)
        if (step.from == saved) step.from = aside;
      continue;
    }
    move(static_cast<uint16_t>(free->to), static_cast<uint16_t>(free->from), 1);
    steps.erase(free);
  }
  for (auto [constant, to] : constants) write_constant(*constant, static_cast<uint16_t>(to));
}

/// Edges that are jumped to, handlers, and distances.
void FunctionAssembler::finish() {
  auto land = [&](const Target &jump) { return static_cast<int32_t>(here() - jump.instruction); };
  auto set_distance = [&](const Target &jump, int32_t distance) {
    Word &word = code_->words[jump.word];
    if (jump.word == jump.instruction)
      word.instruction.set_distance(distance);
    else
      word.integer = distance;
  };
  for (size_t i = 0; i < jumps_.size(); ++i) { // Writing an edge may add jumps.
    Target jump = jumps_[i];
    if (jump.edge) {
      set_distance(jump, land(jump));
      if (code_->region_marks.back().region != jump.from->region) code_->region_marks.push_back({here(), jump.from->region});
      place(jump.from->end.span);
      write_edge(*jump.from, *jump.edge);
    }
  }
  for (const Block *block : kir_.blocks) {
    if (!reached_[block->id] || block->end.kind != TermKind::Try) continue;
    code_->handlers[block->end.edges[0].target->region] = here();
    if (code_->region_marks.back().region != block->region) code_->region_marks.push_back({here(), block->region});
    place(block->end.span);
    write_edge(*block, block->end.edges[1]);
  }
  for (const Target &jump : jumps_)
    if (!jump.edge) set_distance(jump, static_cast<int32_t>(block_words_[jump.block->id]) - static_cast<int32_t>(jump.instruction));
  code_->frame_slots = slots_.count() + kept_ + scratch_most_;
  if (code_->frame_slots + header_slots > most_slots) possible_ = false;
  for (uint32_t call : calls_) code_->words[call].instruction.c = static_cast<uint16_t>(code_->frame_slots + header_slots);
  code_->slots.resize(kir_.inst_count(), Code::no_slot);
  code_->less.resize(kir_.inst_count(), Code::no_slot);
  for (const Inst *inst : kir_.insts)
    if (uint32_t slot = slots_.of(*inst); slot != FrameSlots::none) {
      code_->slots[inst->id] = static_cast<uint16_t>(slot);
      if (const Inst *range = slots_.counted_range(*inst)) code_->less[inst->id] = static_cast<uint16_t>(slots_.of(*range));
    }
}

// --- words ---

uint32_t FunctionAssembler::write(Bytecode op, uint16_t a, uint16_t b, uint16_t c) {
  Word word;
  word.instruction = {static_cast<uint16_t>(op), a, b, c};
  write_word(word);
  return here() - 1;
}

void FunctionAssembler::place(Span span) {
  if (code_->places.empty() || !(code_->places.back().span == span)) code_->places.push_back({here(), span});
}

void FunctionAssembler::move(uint16_t to, uint16_t from, uint32_t count) {
  if (to == from || count == 0) return;
  if (count == 1)
    write(Bytecode::Move, to, from);
  else if (count == 2)
    write(Bytecode::Move2, to, from);
  else
    write(Bytecode::MoveMany, to, from, static_cast<uint16_t>(count));
}

/// What a constant's slots hold.
std::pair<uint64_t, uint64_t> FunctionAssembler::bits_of(const Inst &constant) {
  const Constant &value = constant.constant;
  switch (value.kind()) {
  case Constant::None: return {};
  case Constant::Bool: return {value.integer() != 0, 0};
  case Constant::Int:
    if (constant.type->is(TypeKind::F64)) return {std::bit_cast<uint64_t>(static_cast<double>(value.integer())), 0};
    if (constant.type->is(TypeKind::F32)) return {std::bit_cast<uint32_t>(static_cast<float>(value.integer())), 0};
    return {static_cast<uint64_t>(value.integer()), 0};
  case Constant::Float:
    if (constant.type->is(TypeKind::F32)) return {std::bit_cast<uint32_t>(static_cast<float>(value.floating())), 0};
    return {std::bit_cast<uint64_t>(value.floating()), 0};
  case Constant::Str: return {reinterpret_cast<uint64_t>(value.text().data()), value.text().size()};
  }
  return {};
}

void FunctionAssembler::write_constant(const Inst &constant, uint16_t to) {
  auto [data, length] = bits_of(constant);
  Word word;
  word.integer = static_cast<int64_t>(data);
  if (constant.type->is(TypeKind::Str)) {
    write(Bytecode::Text, to);
    write_word(word);
    word.integer = static_cast<int64_t>(length);
    write_word(word);
  } else if (word.integer == static_cast<int16_t>(word.integer)) {
    write(Bytecode::Integer, to, static_cast<uint16_t>(word.integer));
  } else {
    write(Bytecode::Word, to);
    write_word(word);
  }
}

uint16_t FunctionAssembler::scratch(uint32_t count) {
  uint32_t slot = slots_.count() + kept_ + scratch_used_;
  scratch_used_ += count;
  scratch_most_ = std::max(scratch_most_, scratch_used_);
  if (slot + count > most_slots) possible_ = false;
  return static_cast<uint16_t>(slot);
}

uint16_t FunctionAssembler::use(const Inst *inst) {
  if (inst->type->is_empty()) return 0;
  if (inst->op != Op::Const) return static_cast<uint16_t>(slots_.of(*inst));
  uint32_t size = FrameSlots::size_of(inst->type);
  if (auto kept = constants_.find({bits_of(*inst), size}); kept != constants_.end()) return kept->second;
  uint16_t slot = scratch(size);
  write_constant(*inst, slot);
  return slot;
}

uint16_t FunctionAssembler::result(const Inst &inst) const {
  uint32_t slot = slots_.of(inst);
  return slot == FrameSlots::none ? 0 : static_cast<uint16_t>(slot);
}

std::optional<int16_t> FunctionAssembler::immediate(const Inst *inst) {
  if (inst->op != Op::Const || !inst->type->is_scalar() || inst->type->is_float() || inst->type->is(TypeKind::U64)) return std::nullopt;
  int64_t value = inst->constant.integer();
  if (value != static_cast<int16_t>(value)) return std::nullopt;
  return static_cast<int16_t>(value);
}

} // namespace kiln
