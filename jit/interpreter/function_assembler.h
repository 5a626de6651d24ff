#pragma once

#include "jit/interpreter/assembler.h"
#include "jit/interpreter/frame_slots.h"
#include "jit/interpreter/numbers.h"

#include <map>
#include <optional>

namespace kiln {

/// Writes the bytecode of one function: a block after another; edges that move values and are jumped to are written
/// behind them.
class FunctionAssembler {
public:
  FunctionAssembler(Specialisation &specialisation, const KirFunction &kir, const AssemblyContext &context);
  std::unique_ptr<Code> run();

private:
  // Blocks and edges (assembler.cpp).
  void find_constants();
  void write_entry();
  void write_block(const Block &block);
  void write_body(const Block &block);
  void write_terminator(const Block &block);
  void write_return(const Block &block);
  void write_branch(const Block &block);
  void write_edge(const Block &from, const Edge &edge);
  void write_back_edge(const Block &from, const Edge &edge);
  void write_jump(const Block &target);
  void write_moves(const Edge &edge, const Inst *left_out = nullptr);
  bool has_moves(const Edge &edge) const;
  bool is_back_edge(const Block &from, const Edge &edge) const { return edge.target->id <= from.id; }
  bool is_counted(const Block &header) const;
  const Inst *folded_increment(const Block &from, const Edge &edge) const;
  uint16_t loop_of(const Block &header);
  void finish();

  // Conditions (assemble_branch.cpp).
  const Inst *fused_condition(const Block &block) const;
  void write_conditional_jump(const Block &block, bool when, const Edge &edge);
  void write_counts(uint32_t jump, const Block &block, bool when);
  void jump_on_integers(const Inst &comparison, bool when);
  void jump_on_floats(const Inst &comparison, bool when);
  void jump_on_union(const Inst &test, bool when);

  // Instructions (assemble_inst.cpp).
  void write_inst(const Inst &inst);
  bool write_value(const Inst &inst);
  bool write_memory(const Inst &inst);
  bool write_array(const Inst &inst);
  size_t write_field(const Block &block, size_t place);
  void write_push(const Inst &inst);
  bool write_union(const Inst &inst);
  bool write_number(const Inst &inst);
  bool write_comparison(const Inst &inst);
  bool write_intrinsic(const Inst &inst);
  bool is_fused_product(const Block &block, size_t place) const;
  void write_product(const Inst &product, const Inst &sum);
  void write_cell(const Inst &inst);
  void write_call(Bytecode op, uint16_t result, Word target, std::span<Inst *const> args, std::optional<uint16_t> first = {});
  void write_invocation(const Inst &inst);

  // Words.
  uint32_t here() const { return static_cast<uint32_t>(code_->words.size()); }
  uint32_t write(Bytecode op, uint16_t a = 0, uint16_t b = 0, uint16_t c = 0);
  void write_word(Word word) { code_->words.push_back(word); }
  void write_pointer(const void *pointer) {
    Word word;
    word.pointer = pointer;
    write_word(word);
  }
  void apply(Apply1 function, const Inst &inst);
  void apply(Apply2 function, const Inst &inst);
  void write_constant(const Inst &constant, uint16_t to);
  void move(uint16_t to, uint16_t from, uint32_t count);
  /// The slot of an operand: a constant is put into one.
  uint16_t use(const Inst *inst);
  uint16_t result(const Inst &inst) const;
  uint16_t scratch(uint32_t count);
  static std::optional<int16_t> immediate(const Inst *inst);
  static bool takes_immediate(const Inst &inst, size_t operand);
  static std::pair<uint64_t, uint64_t> bits_of(const Inst &constant);
  void place(Span span);

  Specialisation &specialisation_;
  const KirFunction &kir_;
  const AssemblyContext &context_;
  FrameSlots slots_;
  std::unique_ptr<Code> code_;
  bool possible_ = true;
  std::vector<bool> reached_;
  std::vector<uint32_t> block_words_; // By block id: where it begins.
  std::vector<uint32_t> loops_;       // By block id: a header's place in Code::loops.
  const Block *next_ = nullptr;       // What is written after the block being written.
  struct Target {
    uint32_t instruction, word; // The jump, and the word that holds its distance.
    const Block *block;         // Where it goes: to a block...
    const Edge *edge = nullptr; // ...or first along an edge.
    const Block *from = nullptr;
  };
  std::vector<Target> jumps_;
  std::vector<uint32_t> calls_; // Words whose c is to be where the callee's frame begins.
  std::map<std::pair<std::pair<uint64_t, uint64_t>, uint32_t>, uint16_t> constants_; // By bits and slots: of loops, kept in the frame.
  std::map<const Inst *, uint16_t> frame_cells_;
  uint32_t kept_ = 0, scratch_used_ = 0, scratch_most_ = 0; // Slots.
};

} // namespace kiln
