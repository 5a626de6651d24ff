#include "jit/baseline/slot_registers.h"

#include "jit/interpreter/frame_slots.h"

#include <algorithm>
#include <array>

namespace kiln {

namespace {

// rax, rcx, rdx, rsi, rdi, xmm0 and xmm1 are for the instructions themselves, rsp is the native frame's, rbx is the frame of
// slots, r15 counts down to the next look at the clock. Those that calls keep come first.
constexpr uint8_t general[] = {5, 12, 13, 14, 8, 9, 10, 11};
constexpr uint8_t xmm[] = {18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
constexpr uint8_t deepest = 6;

SlotRegisters::Set bit(uint8_t number) { return SlotRegisters::Set(1) << number; }

} // namespace

uint32_t several_slots(const Word *at) {
  switch (static_cast<Bytecode>(at->instruction.op)) {
  case Bytecode::Move2:
  case Bytecode::Text: return 2;
  case Bytecode::MoveMany:
  case Bytecode::PushMany:
  case Bytecode::Address: return at->instruction.c;
  case Bytecode::ReturnMany: return at->instruction.b;
  case Bytecode::Range:
  case Bytecode::RangeInclusive:
  case Bytecode::RangeHas:
  case Bytecode::RangeGet: return 3;
  case Bytecode::JumpIfInRange:
  case Bytecode::JumpUnlessInRange:
  case Bytecode::IndexText: return 2;
  case Bytecode::IndexMany:
  case Bytecode::SetIndexMany:
  case Bytecode::ElementMany:
  case Bytecode::LoadMany:
  case Bytecode::StoreMany: return static_cast<uint32_t>(at[1].integer);
  case Bytecode::Call: return FrameSlots::size_of(static_cast<const Routine *>(at[1].pointer)->specialisation->result);
  case Bytecode::CallCell: return at[1].slots[1];
  case Bytecode::Invoke: {
    const Inst &inst = *static_cast<const Invocation *>(at[1].pointer)->inst;
    if (inst.op == Op::CallDyn) return 1; // The cell to call.
    return FrameSlots::size_of(inst.type);
  }
  default: return 1;
  }
}

SlotRegisters::SlotRegisters(const Code &code, const InlinedCalls &inlined)
    : code_(code), inlined_(inlined), is_target_(code.words.size() + 1), loop_ends_(code.words.size() + 1), depths_(code.words.size() + 1),
      registers_(slots_with(code, inlined), none), as_integer_(registers_.size()), as_float_(registers_.size()), writes_(registers_.size()),
      is_constant_(registers_.size()), escapes_(registers_.size()), constants_(registers_.size()) {
  find_loops();
  count();
  choose();
}

void SlotRegisters::find_loops() {
  std::vector<int32_t> change(code_.words.size() + 2);
  for (uint32_t word = 0; word < code_.words.size(); word += words_of(&code_.words[word])) {
    auto distance = jump_distance(&code_.words[word]);
    if (!distance) continue;
    auto target = static_cast<uint32_t>(word + *distance);
    is_target_[target] = true;
    if (target > word) continue;
    if (!loop_ends_[target]) ++change[target], --change[word + 1];
    loop_ends_[target] = std::max(loop_ends_[target], word);
  }
  int32_t depth = 0;
  for (size_t word = 0; word < code_.words.size(); ++word) {
    depth += change[word];
    depths_[word] = static_cast<uint8_t>(std::min<int32_t>(depth, deepest));
  }
}

void SlotRegisters::count() {
  each_instruction(code_, inlined_, 0, UINT32_MAX, [&](uint32_t word, const Word *at) {
    uint64_t weight = uint64_t(1) << (3 * depths_[word]);
    each_access(at, [&](const SlotAccess &access) {
      if (access.is_write) {
        for (uint32_t i = 0; i < access.count; ++i) ++writes_[access.slot + i];
        return;
      }
      if (access.kind == SlotAccess::Integer) as_integer_[access.slot] += 2 * weight;
      if (access.kind == SlotAccess::Float) as_float_[access.slot] += 2 * weight;
      if (access.kind == SlotAccess::Either) as_integer_[access.slot] += weight;
    });
    switch (static_cast<Bytecode>(at->instruction.op)) {
    case Bytecode::Integer: is_constant_[at->instruction.a] = true, constants_[at->instruction.a] = static_cast<int16_t>(at->instruction.b); break;
    case Bytecode::Word: is_constant_[at->instruction.a] = true, constants_[at->instruction.a] = at[1].integer; break;
    case Bytecode::Address:
      for (uint32_t i = 0; i < at->instruction.c; ++i) escapes_[at->instruction.b + i] = true;
      break;
    default: break;
    }
  });
  // Arguments are written by the caller.
  uint32_t arguments = 0;
  for (const Type *type : code_.specialisation->params) arguments += FrameSlots::size_of(type);
  for (uint32_t slot = 0; slot < std::min(arguments, code_.frame_slots); ++slot) ++writes_[slot];
}

void SlotRegisters::choose() {
  std::vector<uint16_t> integers, floats;
  for (uint32_t slot = 0; slot < registers_.size(); ++slot) {
    if (escapes_[slot] || as_integer_[slot] + as_float_[slot] < 8) continue; // Not read in a loop.
    (as_float_[slot] > as_integer_[slot] ? floats : integers).push_back(static_cast<uint16_t>(slot));
  }
  auto give = [&](std::vector<uint16_t> &slots, std::span<const uint8_t> registers) {
    size_t count = std::min(slots.size(), registers.size());
    std::ranges::partial_sort(slots, slots.begin() + static_cast<ptrdiff_t>(count), std::greater(), [&](uint16_t slot) { return as_integer_[slot] + as_float_[slot]; });
    for (size_t i = 0; i < count; ++i) {
      registers_[slots[i]] = registers[i];
      slots_[registers[i]] = slots[i];
    }
  };
  give(integers, general);
  give(floats, xmm);
}

SlotRegisters::Set SlotRegisters::at_loop(uint32_t word) const {
  Set read = 0, kept = ~Set(0);
  each_instruction(code_, inlined_, word, loop_ends_[word], [&](uint32_t, const Word *at) {
    switch (static_cast<Bytecode>(at->instruction.op)) {
    case Bytecode::Call:
    case Bytecode::CallCell:
    case Bytecode::Invoke: kept = 0; break;
    case Bytecode::Math1:
    case Bytecode::Math2:
    case Bytecode::Apply1:
    case Bytecode::Apply2: kept &= kept_by_calls; break;
    default: break;
    }
    each_access(at, [&](const SlotAccess &access) {
      if (access.kind != SlotAccess::Several && !access.is_write && registers_[access.slot] != none) read |= bit(registers_[access.slot]);
    });
  });
  return read & kept;
}

} // namespace kiln
