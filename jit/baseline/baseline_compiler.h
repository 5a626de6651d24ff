#pragma once

#include "jit/baseline/baseline.h"
#include "jit/baseline/slot_registers.h"

#include <xbyak/xbyak.h>

#include <deque>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace kiln {

/// Writes the machine code of one function. What a slot's register holds is tracked from instruction to instruction: it
/// is used while it is sure to hold the slot's value. A result goes to its slot's memory at the end of a stretch of code without
/// jumps at the latest, and where the stretch is left before that. So the interpreter can take over anywhere with no more than the
/// instruction's address: where a check fails, it runs the instruction again and makes the error.
class BaselineCompiler : Xbyak::CodeGenerator {
public:
  BaselineCompiler(const Code &code, const InlinedCalls &inlined, std::span<unsigned char> buffer);
  /// Null when there is no memory for machine code.
  std::unique_ptr<BaselineCode> run();

  /// The code, where it was written: for print_baseline().
  std::span<const unsigned char> write_all();
  /// Where the instruction at each word begins.
  const std::map<uint32_t, size_t> &starts() const { return starts_; }
  /// Bytes that the function's code may take, and what it inlines.
  static size_t most_bytes(const Code &code, const InlinedCalls &inlined);

private:
  using Set = SlotRegisters::Set;
  using Integer2 = void (CodeGenerator::*)(const Xbyak::Operand &, const Xbyak::Operand &);
  using Immediate2 = void (CodeGenerator::*)(const Xbyak::Operand &, uint32_t);
  using Float2 = void (CodeGenerator::*)(const Xbyak::Xmm &, const Xbyak::Operand &);
  using Jump = void (CodeGenerator::*)(const Xbyak::Label &, LabelType);

  void write(const Word *at);
  void write_step(const Word *at);
  void write_inlined(const InlinedCall &call);
  bool write_value(const Word *at, Bytecode op);
  bool write_integers(const Word *at, Bytecode op);
  bool write_floats(const Word *at, Bytecode op);
  bool write_comparison(const Word *at, Bytecode op);
  bool write_jump(const Word *at, Bytecode op);
  bool write_array(const Word *at, Bytecode op);
  bool write_memory(const Word *at, Bytecode op);
  bool write_call(const Word *at, Bytecode op);

  // Slots.
  Xbyak::Address place(uint32_t slot) const { return qword[rbx + slot * 8]; }
  /// The slot's memory, with its value.
  Xbyak::Address at(uint32_t slot) {
    if (registers_.of(slot) != SlotRegisters::none) write_back(Set(1) << registers_.of(slot));
    return place(slot);
  }
  /// Into their slots, of these registers those that they do not have yet.
  void write_back(Set registers);
  void save_slots(Set registers);
  bool has_general(uint32_t slot) const { return registers_.of(slot) < SlotRegisters::first_xmm; }
  bool has_xmm(uint32_t slot) const { return registers_.of(slot) != SlotRegisters::none && !has_general(slot); }
  bool is_valid(uint32_t slot) const { return registers_.of(slot) != SlotRegisters::none && valid_ >> registers_.of(slot) & 1; }
  Xbyak::Reg64 general(uint32_t slot) const { return Xbyak::Reg64(registers_.of(slot)); }
  Xbyak::Xmm xmm(uint32_t slot) const { return Xbyak::Xmm(registers_.of(slot) - SlotRegisters::first_xmm); }
  void set_written(uint32_t slot);
  void set_valid(uint32_t slot) { valid_ |= Set(1) << registers_.of(slot); }
  void forget(uint32_t slot, uint32_t count = 1);
  /// The slot's value, where an instruction said it: the only one that writes to the slot, or the last before this one.
  std::optional<int64_t> known(uint32_t slot) const;
  void note_constants(const Word *at);
  void load(Set registers);
  /// The slot's value in a register: its own, or the one given.
  Xbyak::Reg64 integer(uint32_t slot, const Xbyak::Reg64 &otherwise);
  Xbyak::Xmm floating(uint32_t slot, const Xbyak::Xmm &otherwise);
  void load_integer(const Xbyak::Reg64 &to, uint32_t slot);
  void load_float(const Xbyak::Xmm &to, uint32_t slot);
  /// Where a result of the slot is made, and what ends its making.
  Xbyak::Reg64 result(uint32_t slot) const { return has_general(slot) ? general(slot) : rax; }
  Xbyak::Reg64 result(uint32_t to, uint32_t left, uint32_t right) const;
  Xbyak::Xmm float_result(uint32_t slot) const { return has_xmm(slot) ? xmm(slot) : xmm0; }
  void store(uint32_t slot, const Xbyak::Reg64 &value);
  void store(uint32_t slot, const Xbyak::Xmm &value);
  /// Calls `with` with the slot's register, memory or, if it fits, immediate.
  void combine(Integer2 with, Immediate2 with_immediate, const Xbyak::Reg64 &left, uint32_t right);
  void combine(Float2 with, const Xbyak::Xmm &left, uint32_t right);

  /// Into the register that is returned: the result's, or another where an operand is still in that one.
  Xbyak::Reg64 compute(uint32_t to, uint32_t left, uint32_t right, Integer2 with, Immediate2 with_immediate, bool commutes);
  Xbyak::Reg64 multiply(uint32_t to, uint32_t left, uint32_t right);
  void divide(const Word *at, bool modulo);
  void range_has(const Word *at);
  void compute(uint32_t to, uint32_t left, uint32_t right, Float2 with, bool commutes);
  void compare(uint32_t left, uint32_t right);
  void compare_floats(uint32_t left, uint32_t right);
  void copy(const Xbyak::Reg64 &to, size_t to_slot, const Xbyak::Reg64 &from, size_t from_slot, size_t count);
  /// The element's data in rcx and its index in a register; the interpreter makes the error.
  Xbyak::Reg64 checked_index(const Word *at, uint32_t array, uint32_t index);
  Xbyak::Reg64 checked_indices(const Word *at, uint32_t array, uint32_t first, uint32_t second);
  void load_element(uint32_t to, const Xbyak::Address &from);
  void store_element(const Xbyak::Address &to, uint32_t from);

  // Control.
  void jump(const Word *target, Jump with);
  void write_equal_jump(const Word *at, bool when);
  void write_loop(const Word *at, Bytecode op);
  Xbyak::Label &leave(const Word *at);
  void save(const Word *at);
  void call(const void *function);
  uint32_t word_of(const Word *at) const { return static_cast<uint32_t>(at - code_.words.data()); }
  size_t address_of(const Xbyak::Label &label) const { return static_cast<size_t>(label.getAddress() - getCode()); }

  struct Cold { // Code written behind the rest.
    const Word *at;
    Xbyak::Label label, back;
    enum : uint8_t { Leave, LeaveInlined, Return, Resume, Grow } kind;
    Set registers; // Leave, LeaveInlined: to be written back; others: to be loaded.
    const InlinedCall *call = nullptr; // LeaveInlined and Return.
  };
  void write_cold(Cold &cold);

  const Code &code_;
  const InlinedCalls &inlined_;
  const SlotRegisters registers_;
  const InlinedCall *inlining_ = nullptr; // Whose steps are being written...
  const Word *origin_ = nullptr;          // ...and where the step's instruction came from.
  std::map<const InlinedCall *, const Cold *> returns_; // Where the interpreter comes back from it.
  static constexpr Set unreached = ~Set(0);
  Set valid_ = 0;
  Set unwritten_ = 0; // Those of the valid ones whose slots do not have the value.
  bool defers_ = false; // Whether the results of this instruction may wait.
  std::vector<Set> incoming_;         // By word: what is valid on all the jumps there that were written.
  std::vector<Set> loops_;            // By word: what is valid wherever a loop begins.
  std::vector<Xbyak::Label> labels_;  // By word: of those that are jumped to.
  std::vector<Xbyak::Label> repeats_; // By word: where a loop begins again.
  std::vector<int64_t> constants_;     // By slot...
  std::vector<uint32_t> constants_of_; // ...where that is this stretch of code that no jump leads into.
  uint32_t stretch_ = 1;
  std::deque<Cold> cold_;
  std::map<uint32_t, size_t> starts_;
};

} // namespace kiln
