#pragma once

#include "jit/baseline/inlined_call.h"

namespace kiln {

/// Which slots of a function, and of what is inlined in it, baseline code also keeps in registers: those that its inner loops read most often. A register
/// belongs to one slot throughout the function. The slot in memory always has the value as well, so a register may be
/// forgotten at any time.
class SlotRegisters {
public:
  SlotRegisters(const Code &code, const InlinedCalls &inlined);

  /// Registers as a set: bit n is general register n, bit 16 + n is xmm n, by their numbers in x86-64's encoding.
  using Set = uint32_t;
  static constexpr uint8_t none = 0xff, first_xmm = 16;
  /// Those that a C function leaves as they are.
  static constexpr Set kept_by_calls = 1u << 5 | 1u << 12 | 1u << 13 | 1u << 14;

  /// The bit of a slot's register, or none.
  uint8_t of(uint32_t slot) const { return registers_[slot]; }
  /// The slot of a register.
  uint16_t slot_of(uint8_t bit) const { return slots_[bit]; }
  /// Whether the slot's address is taken: others may write to it.
  bool escapes(uint32_t slot) const { return escapes_[slot]; }
  /// The value of a slot that is written once, by an instruction that holds it.
  std::optional<int64_t> constant(uint32_t slot) const {
    return writes_[slot] == 1 && is_constant_[slot] && !escapes_[slot] ? std::optional(constants_[slot]) : std::nullopt;
  }

  bool is_target(uint32_t word) const { return is_target_[word]; }
  /// Whether a jump goes back to the word.
  bool is_loop(uint32_t word) const { return loop_ends_[word] != 0; }
  /// The registers that hold their slots' values wherever the loop at a word begins or begins again.
  Set at_loop(uint32_t word) const;

private:
  void find_loops();
  void count();
  void choose();

  const Code &code_;
  const InlinedCalls &inlined_;
  std::vector<bool> is_target_;
  std::vector<uint32_t> loop_ends_; // By word: that of the last jump back to it.
  std::vector<uint8_t> depths_;     // By word: loops around it.
  std::vector<uint8_t> registers_;  // By slot.
  std::vector<uint64_t> as_integer_, as_float_; // By slot: reads, weighted.
  std::vector<uint32_t> writes_;
  std::vector<bool> is_constant_, escapes_;
  std::vector<int64_t> constants_;
  uint16_t slots_[32] = {};
};

/// How an instruction uses a slot, or several that follow each other.
struct SlotAccess {
  enum Kind : uint8_t { Integer, Float, Either, Several } kind;
  bool is_write;
  uint32_t slot, count;
};
/// Calls `visit` with each SlotAccess of an instruction.
template <typename Visit>
void each_access(const Word *at, Visit visit);

/// How many slots an operand of kind M or W stands for: an instruction has only one such size.
uint32_t several_slots(const Word *at);

template <typename Visit>
void each_access(const Word *at, Visit visit) {
  using enum SlotAccess::Kind;
  std::string_view letters = operation_of(*at).operands;
  const uint16_t fields[] = {at->instruction.a, at->instruction.b, at->instruction.c};
  for (size_t i = 0; i < letters.size(); ++i) {
    uint32_t slot = fields[i];
    switch (letters[i]) {
    case 'd': visit(SlotAccess{Integer, true, slot, 1}); break;
    case 'x': visit(SlotAccess{Float, true, slot, 1}); break;
    case 'm': visit(SlotAccess{Either, true, slot, 1}); break;
    case 's':
    case 'o': visit(SlotAccess{Integer, false, slot, 1}); break;
    case 'f': visit(SlotAccess{Float, false, slot, 1}); break;
    case 'w': visit(SlotAccess{Either, false, slot, 1}); break;
    case 'M': visit(SlotAccess{Several, true, slot, several_slots(at)}); break;
    case 'W': visit(SlotAccess{Several, false, slot, several_slots(at)}); break;
    default: break;
    }
  }
  auto op = static_cast<Bytecode>(at->instruction.op);
  if (op == Bytecode::MultiplyAdd || op == Bytecode::MultiplySubtract) visit(SlotAccess{Float, false, at[1].slots[0], 1});
  if (op == Bytecode::IndexWord2 || op == Bytecode::SetIndexWord2) visit(SlotAccess{Integer, false, at[1].slots[0], 1});
  if (op == Bytecode::CallCell) visit(SlotAccess{Integer, false, at[1].slots[0], 1});
  if (op == Bytecode::NextBelow || op == Bytecode::NextInArray) visit(SlotAccess{Integer, false, at->instruction.a, 1});
  if (is_call(*at))
    for (unsigned i = 0; i < at->instruction.b; ++i) visit(SlotAccess{Either, false, at[2].slots[i], 1});
  if (op == Bytecode::Invoke) {
    auto &invocation = *static_cast<const Invocation *>(at[1].pointer);
    visit(SlotAccess{Several, true, invocation.result, several_slots(at)});
  }
}

} // namespace kiln
