// Conditions that are part of a jump.
#include "codegen/liveness.h"
#include "jit/interpreter/function_assembler.h"

#include <bit>

namespace kiln {

namespace {

/// Whether values of the type compare as i64 in their slots.
bool compares_as_integer(const Type *type) { return type->is_scalar() && !type->is_float() && !type->is(TypeKind::U64); }

bool is_single_test(const Inst &test) {
  return test.args[0]->type->is_nullable_reference() || std::has_single_bit(test.index);
}

BinaryOp negated(BinaryOp op) {
  switch (op) {
  case BinaryOp::Less: return BinaryOp::GreaterEqual;
  case BinaryOp::LessEqual: return BinaryOp::Greater;
  case BinaryOp::Greater: return BinaryOp::LessEqual;
  case BinaryOp::GreaterEqual: return BinaryOp::Less;
  case BinaryOp::Equal: return BinaryOp::NotEqual;
  default: return BinaryOp::Equal;
  }
}

BinaryOp mirrored(BinaryOp op) {
  switch (op) {
  case BinaryOp::Less: return BinaryOp::Greater;
  case BinaryOp::LessEqual: return BinaryOp::GreaterEqual;
  case BinaryOp::Greater: return BinaryOp::Less;
  case BinaryOp::GreaterEqual: return BinaryOp::LessEqual;
  default: return op;
  }
}

bool can_fuse(const Inst &inst) {
  switch (inst.op) {
  case Op::Binary: {
    const Type *left = inst.args[0]->type, *right = inst.args[1]->type;
    if (!is_comparison(inst.binary_op) || inst.args[0]->op == Op::Const) return false;
    return (compares_as_integer(left) && compares_as_integer(right)) || (left->is(TypeKind::F64) && right == left);
  }
  case Op::RangeHas: return FrameSlots::has_step_1(*inst.args[0]);
  case Op::ArrayHas: return inst.args[0]->type->is_array();
  case Op::UnionTest: return is_single_test(inst);
  default: return false;
  }
}

} // namespace

/// The instruction that the block's branch asks, when nothing else does and nothing comes between.
const Inst *FunctionAssembler::fused_condition(const Block &block) const {
  const Inst *condition = block.end.value;
  if (block.end.kind != TermKind::Branch || condition->block != &block || slots_.uses(*condition) != 1) return nullptr;
  for (size_t i = block.insts.size(); i-- > 0;) {
    if (block.insts[i] == condition) return can_fuse(*condition) ? condition : nullptr;
    if (block.insts[i]->op != Op::Const) return nullptr;
  }
  return nullptr;
}

bool FunctionAssembler::takes_immediate(const Inst &inst, size_t operand) {
  if (operand != 1 || inst.op != Op::Binary || !immediate(inst.args[1])) return false;
  if (is_comparison(inst.binary_op)) return can_fuse(inst);
  if (inst.binary_op == BinaryOp::ShiftLeft || inst.binary_op == BinaryOp::ShiftRight) return inst.type->is(TypeKind::I64) || inst.type->is(TypeKind::U64);
  return inst.type->is(TypeKind::I64) && (inst.binary_op == BinaryOp::Add || inst.binary_op == BinaryOp::Subtract);
}

/// Jumps along the edge when the block's condition is `when`.
void FunctionAssembler::write_conditional_jump(const Block &block, bool when, const Edge &edge) {
  const Inst *condition = fused_condition(block);
  uint32_t begin, word;
  if (!condition) {
    uint16_t slot = use(block.end.value);
    begin = word = write(when ? Bytecode::JumpIf : Bytecode::JumpUnless, slot);
  } else {
    place(condition->span);
    if (condition->op == Op::Binary && condition->args[0]->type->is_float()) {
      jump_on_floats(*condition, when);
    } else if (condition->op == Op::Binary) {
      jump_on_integers(*condition, when);
    } else if (condition->op == Op::UnionTest) {
      jump_on_union(*condition, when);
    } else {
      uint16_t counter = use(condition->args[1]), base = use(condition->args[0]), last = static_cast<uint16_t>(base + 1);
      if (condition->op == Op::RangeHas && slots_.counted_range(*condition->args[1]))
        write(when ? Bytecode::JumpIfLess : Bytecode::JumpIfLessEqual, when ? counter : last, when ? last : counter);
      else if (condition->op == Op::RangeHas)
        write(when ? Bytecode::JumpIfInRange : Bytecode::JumpUnlessInRange, counter, base);
      else
        write(when ? Bytecode::JumpIfInArray : Bytecode::JumpUnlessInArray, counter, base);
    }
    begin = word = here() - 1;
    auto op = static_cast<Bytecode>(code_->words[begin].instruction.op);
    if (op != Bytecode::JumpIf && op != Bytecode::JumpUnless) {
      ++word;
      write_word({});
    }
  }
  write_counts(begin, block, when);
  bool direct = !has_moves(edge) && !is_back_edge(block, edge);
  jumps_.push_back({begin, word, edge.target, direct ? nullptr : &edge, &block});
}

/// The words where a jump at the end of the block, taken when its condition is `when`, is counted.
void FunctionAssembler::write_counts(uint32_t jump, const Block &block, bool when) {
  code_->branch_marks.push_back({jump, block.id, when});
  for (uint32_t i = 0; i < count_words; ++i) write_word({.integer = 0});
}

void FunctionAssembler::jump_on_integers(const Inst &comparison, bool when) {
  BinaryOp op = when ? comparison.binary_op : negated(comparison.binary_op);
  uint16_t left = use(comparison.args[0]);
  if (auto number = immediate(comparison.args[1])) {
    Bytecode jump = Bytecode::JumpIfEqualImmediate;
    if (op == BinaryOp::Less) jump = Bytecode::JumpIfLessImmediate;
    if (op == BinaryOp::LessEqual) jump = Bytecode::JumpIfLessEqualImmediate;
    if (op == BinaryOp::Greater) jump = Bytecode::JumpIfGreaterImmediate;
    if (op == BinaryOp::GreaterEqual) jump = Bytecode::JumpIfGreaterEqualImmediate;
    if (op == BinaryOp::NotEqual) jump = Bytecode::JumpIfNotEqualImmediate;
    write(jump, left, static_cast<uint16_t>(*number));
    return;
  }
  uint16_t right = use(comparison.args[1]);
  if (op == BinaryOp::Greater || op == BinaryOp::GreaterEqual) op = mirrored(op), std::swap(left, right);
  Bytecode jump = Bytecode::JumpIfEqual;
  if (op == BinaryOp::Less) jump = Bytecode::JumpIfLess;
  if (op == BinaryOp::LessEqual) jump = Bytecode::JumpIfLessEqual;
  if (op == BinaryOp::NotEqual) jump = Bytecode::JumpIfNotEqual;
  write(jump, left, right);
}

/// A NaN is neither less nor not less: the jump is taken when the comparison does not hold, not when the opposite does.
void FunctionAssembler::jump_on_floats(const Inst &comparison, bool when) {
  BinaryOp op = comparison.binary_op;
  uint16_t left = use(comparison.args[0]), right = use(comparison.args[1]);
  if (op == BinaryOp::Greater || op == BinaryOp::GreaterEqual) op = mirrored(op), std::swap(left, right);
  if (op == BinaryOp::NotEqual) op = BinaryOp::Equal, when = !when;
  Bytecode jump;
  if (op == BinaryOp::Less)
    jump = when ? Bytecode::JumpIfLessFloat : Bytecode::JumpUnlessLessFloat;
  else if (op == BinaryOp::LessEqual)
    jump = when ? Bytecode::JumpIfLessEqualFloat : Bytecode::JumpUnlessLessEqualFloat;
  else
    jump = when ? Bytecode::JumpIfEqualFloat : Bytecode::JumpUnlessEqualFloat;
  write(jump, left, right);
}

void FunctionAssembler::jump_on_union(const Inst &test, bool when) {
  uint16_t value = use(test.args[0]);
  if (test.args[0]->type->is_nullable_reference()) {
    bool holds = (test.index == 1) == when; // Jump when it is the reference?
    write(holds ? Bytecode::JumpIf : Bytecode::JumpUnless, value);
    return;
  }
  write(when ? Bytecode::JumpIfEqualImmediate : Bytecode::JumpIfNotEqualImmediate, value, static_cast<uint16_t>(std::countr_zero(test.index)));
}

} // namespace kiln
