#pragma once

#include "codegen/liveness.h"
#include "codegen/lower_module.h"
#include "codegen/range_checks.h"
#include "codegen/range_intervals.h"

#include <llvm/IR/IRBuilder.h>

#include <array>
#include <map>
#include <set>

namespace kiln {

/// Lowers one function's typed KIR into the LLVM function made for it. Each KIR block becomes an LLVM block (and more
/// where checks split it), its parameters phis. A loop with a plan (range_checks.h) has no checks that the plan's
/// conditions cover. They are tested before it; when they do not hold, the function goes on in a continuation of its
/// own: another LLVM function, compiled when it is first entered, which is seldom. There planned loops are written in
/// two versions, one without those checks and one with all of them, which is where it is entered.
class FunctionLowering {
public:
  FunctionLowering(ModuleLowering &module, Specialisation &specialisation, const KirFunction &kir,
                   llvm::Function &function);
  void lower();

private:
  using Value = llvm::Value *;
  enum Version : uint8_t { Main, Checked }; // Checked: a planned loop with all its checks; in continuations only.

  // --- blocks and edges (lower_function.cpp) ---
  void enter_body(llvm::BasicBlock *entry);
  bool is_continuation() const { return specialisation_.entered != nullptr; }
  void make_blocks();
  void lower_block(const Block &block, Version version);
  void lower_terminator(const Block &block);
  void branch_to(const Edge &edge);
  llvm::BasicBlock *add_edge(const Edge &edge, llvm::BasicBlock *from);
  void remove_unreached_blocks();
  llvm::BasicBlock *new_block(const char *name);
  void set_value(const Inst *inst, Value value);
  Value value(const Inst *inst);
  Value arg(const Inst &inst, size_t i) { return value(inst.args[i]); }

  // --- planned loops: their conditions, and what happens when they do not hold (lower_loop.cpp) ---
  struct Bounds {
    Value low, high;
  };
  void lower_conditions(const LoopPlan &plan);
  void leave_for_continuation(const LoopPlan &plan);
  void enter_continuation(llvm::BasicBlock *entry);
  void require(Value condition);
  Value invariant_value(const LoopPlan &plan, const Inst *inst);
  Value initial_value(const LoopPlan &plan, const Inst *param);
  Value trip_count(const LoopPlan &plan);
  /// The operation, required not to overflow.
  Value exact(llvm::Intrinsic::ID operation, Value left, Value right);
  Bounds bounds_of(const LoopPlan &plan, const BoundExpr &expr);
  Bounds evaluate_bounds(const LoopPlan &plan, const BoundExpr &expr);
  void mark_rare_loop(llvm::BranchInst *latch);
  void join_definitions();

  // --- regions of try (lower_try.cpp) ---
  void outline_regions();
  void outline(uint32_t region, llvm::BranchInst *entry);
  std::vector<llvm::BasicBlock *> blocks_of(uint32_t region) const;

  // --- operations: the dispatcher (lower_inst.cpp) ---
  Value lower_inst(const Inst &inst);
  Value emit_constant(const Inst &inst);
  Value emit_tuple(const Type *type, std::span<Inst *const> elements);
  Value emit_field(const Inst &inst);
  Value emit_set_field(const Inst &inst);
  Value field_address(const Type *type, Value object, uint32_t index);
  Value emit_object_new(const Inst &inst);
  Value emit_object_get(const Inst &inst);
  Value emit_object_set(const Inst &inst);
  Value emit_cell_new(const Inst &inst);
  Value emit_cell_get(const Inst &inst);
  Value emit_cell_set(const Inst &inst);
  void set_cell_flag(const Type *element, Value cell, bool set);

  // --- unions and callables (lower_union.cpp) ---
  Value emit_union_new(const Inst &inst);
  Value union_test(const Type *type, Value value, uint32_t alternatives);
  Value union_get(const Type *type, Value value, uint32_t alternative);
  Value emit_retag(const Inst &inst);
  Value equal_unions(const Type *type, Value left, Value right);
  Value make_union(const Type *type, std::vector<Value> words);
  std::vector<Value> words_of(Value value);
  Value cast_word(Value word, llvm::Type *type);
  void to_words(const Type *type, Value value, size_t offset, std::vector<Value> &words);
  Value from_words(const Type *type, size_t offset, std::span<const Value> words);
  Value emit_callable_new(const Inst &inst);
  Value emit_call_indirect(const Inst &inst);

  // --- memory (lower_memory.cpp) ---
  /// A value at an address; `tag`: one tag for all of it (globals, cells), or null: by scalar kind.
  Value load(const Type *type, Value address, llvm::MDNode *tag = nullptr);
  void store(const Type *type, Value value, Value address, llvm::MDNode *tag = nullptr);
  Value to_memory_form(const Type *type, Value value);
  Value to_register_form(const Type *type, Value value);
  /// Room in the frame for the arguments of one runtime call; shared by all calls of the function. `which`: of several
  /// at once.
  Value scratch(size_t bytes, size_t offset = 0);
  Value spill(const Type *type, Value value, size_t offset = 0);
  /// Room in the frame for one value, for as long as the function runs.
  Value frame_place(const Type *type);
  Value spill_words(std::span<const Value> words);
  llvm::Metadata *number_metadata(size_t number);

  // --- numbers (lower_number.cpp, lower_divide.cpp, lower_compare.cpp, lower_convert.cpp) ---
  Value emit_unary(const Inst &inst);
  Value emit_binary(const Inst &inst);
  struct OverflowReport {
    Value left, right; // The operands to show.
    uint32_t code;     // As kiln_fail_overflow takes it.
  };
  static constexpr uint32_t abs_code = 254;
  Value checked_arithmetic(BinaryOp op, const Type *type, Value left, Value right, bool unchecked,
                           const OverflowReport &report);
  Value emit_float(const Inst &inst, Value left, Value right);
  Value emit_bits(const Inst &inst, Value left, Value right);
  Value emit_shift(const Inst &inst, Value left, Value count);
  Value emit_power(const Inst &inst, Value left, Value right);
  Value emit_floor_divide(const Inst &inst, Value left, Value right);
  Value emit_modulo(const Inst &inst, Value left, Value right);
  void check_divisor(const Inst &inst, Value left, Value right);
  Value emit_compare(const Inst &inst);
  Value compare_scalars(BinaryOp op, const Type *type, Value left, Value right);
  Value compare_mixed_integers(BinaryOp op, Value signed_value, Value unsigned_value);
  Value compare_integer_float(BinaryOp op, const Type *integer_type, Value integer, Value floating);
  Value equal(const Type *type, Value left, Value right);
  // Hashes (lower_hash.cpp).
  Value hash(const Type *type, Value value);
  Value mix(Value hash, Value word);
  Value hash_onto(Value hash, const Type *type, Value value);
  Value emit_convert(const Inst &inst);
  Value convert_plain(const Type *from, const Type *to, Value value);
  Value convert_checked(const Type *from, const Type *to, Value value, bool unchecked);
  Value convert_exact_float(const Type *from, const Type *to, Value value, bool unchecked);
  Value convert_truncating(const Type *from, const Type *to, Value value, bool unchecked);

  // --- checks (lower_check.cpp) ---
  /// Branches to a cold block that calls `function` when `failed` holds.
  void fail_if(Value failed, Runtime function, llvm::ArrayRef<Value> arguments);
  llvm::CallInst *call_runtime(Runtime function, llvm::ArrayRef<Value> arguments);
  Value widen(const Type *type, Value value);
  Value i32(uint32_t value) { return builder_.getInt32(value); }
  Value i64(int64_t value) { return builder_.getInt64(static_cast<uint64_t>(value)); }
  bool checks() const { return module_.context.options.checks; }
  bool is_covered(const Inst &inst);
  void inherit_known(const Block &block);
  void forget_extents(const Inst &inst);

  // --- arrays (lower_array.cpp, lower_array_new.cpp) ---
  Value header_field(Value array, MemoryRole role, uint32_t dimension = 0, bool constant = false);
  Value array_data(const Type *type, Value array);
  Value array_length(Value array);
  Value array_extent(const Type *type, Value array, uint32_t dimension);
  void set_array_length(Value array, Value length);
  Value element_address(const Type *type, Value data, Value linear);
  Value length_of(const Inst *base);
  Value checked_linear_index(const Inst &inst);
  Value emit_index(const Inst &inst);
  Value emit_set_index(const Inst &inst);
  Value emit_linear_get(const Inst &inst);
  Value emit_append(const Inst &inst);
  Value emit_pop(const Inst &inst);
  Value emit_dimension(const Inst &inst);
  Value dimensions_of(std::span<Inst *const> args, uint32_t rank);
  Value allocate_array(Runtime function, const Type *type, Value dimensions);
  Value emit_array_literal(const Inst &inst);
  Value emit_array_new(const Inst &inst);
  Value emit_fill(const Inst &inst);
  Value emit_comp_alloc(const Inst &inst);
  Value emit_comp_finish(const Inst &inst);

  // --- broadcasts (lower_broadcast.cpp) ---
  Value emit_linear_set(const Inst &inst);
  Value emit_array_raw(const Inst &inst);
  Value emit_common_shape(const Inst &inst);
  void emit_check_shapes(const Inst &inst);

  // --- ranges (lower_range.cpp) ---
  Value emit_range(const Inst &inst);
  Value range_part(const Inst *range, unsigned part);
  Value range_count(const Inst *range);
  Value count_elements(const Inst *range);
  Value emit_range_has(const Inst &inst);
  Value emit_range_get(const Inst &inst);
  Value emit_range_length(const Inst &inst);

  // --- calls (lower_call.cpp, lower_intrinsic.cpp) ---
  Value emit_call(const Inst &inst);
  // --- dynamic values (lower_dyn.cpp) ---
  Value emit_dyn_new(const Inst &inst);
  Value emit_dyn_get(const Inst &inst);
  Value emit_dyn_test(const Inst &inst);
  Value emit_call_dyn(const Inst &inst);
  Value find_cached(const Inst &inst, llvm::ArrayRef<Value> types);
  void emit_jump(const Inst &inst);
  llvm::CallInst *call_through_cell(const Specialisation &callee, llvm::ArrayRef<Value> arguments);
  llvm::AttributeList signature_attributes(const Specialisation &callee, unsigned first_argument);
  Value emit_call_extern(const Inst &inst);
  Value emit_intrinsic(const Inst &inst);
  Value emit_abs(const Inst &inst);
  Value emit_min_max(const Inst &inst, bool max);
  Value emit_sign(const Inst &inst);
  Value call_math(std::string_view name, const Type *type, llvm::ArrayRef<Value> operands);
  Value emit_slice(const Inst &inst);

  // --- text (lower_text.cpp) ---
  Value str_constant(std::string_view text);
  Value str_data(Value text) { return builder_.CreateExtractValue(text, 0); }
  Value str_length(Value text) { return builder_.CreateExtractValue(text, 1); }
  Value load_byte(Value data, Value index);
  Value emit_str_index(const Inst &inst);
  Value emit_str_view(Value text, Value first, Value last);
  Value equal_texts(Value left, Value right);
  Value emit_concat(std::span<Inst *const> parts);
  Value emit_format(const Inst &inst);
  void emit_write(const Inst &inst, bool as_line);
  void write_text(std::string_view text);

  ModuleLowering &module_;
  Specialisation &specialisation_;
  const KirFunction &kir_;
  llvm::Function &function_;
  llvm::IRBuilder<> builder_;
  RangeChecks range_checks_;
  Intervals intervals_;

  /// What needs no second check where it is known: index checks done (array, dimension, index) and arithmetic done
  /// (operator and operands). LLVM would find the same; finding it here costs less.
  struct Known {
    std::set<std::tuple<Value, uint32_t, Value>> indices;
    std::map<std::tuple<BinaryOp, Value, Value>, Value> arithmetic;
  };
  Known known_;
  std::array<std::vector<Known>, 2> known_after_; // By version and block id.
  std::vector<const Block *> sole_predecessors_;  // By block id; null when several edges lead there.

  Version version_ = Main;
  const LoopPlan *plan_ = nullptr; // While writing a block of a planned loop, in either version.
  struct BlockState {
    llvm::BasicBlock *llvm = nullptr;
    std::vector<llvm::PHINode *> phis; // As the parameters; null for those without bits.
    bool reached = false;
  };
  std::array<std::vector<BlockState>, 2> blocks_; // By version and block id.
  std::unordered_map<const Block *, BlockState> conditions_; // By a planned loop's header: the block before it.
  std::optional<Liveness> liveness_;                         // Found when it is first asked for.
  std::vector<bool> in_continuation_;                        // By block id, in a continuation: whether it is part of it.
  std::unordered_map<const Inst *, Value> entered_with_;     // In a continuation: arguments that are also made again.
  std::array<std::vector<Value>, 2> values_; // By version and instruction id.
  std::unordered_map<const Inst *, Value> range_counts_;
  std::unordered_map<const llvm::BasicBlock *, const LoopPlan *> loop_blocks_; // Of both versions.
  std::map<uint32_t, llvm::BranchInst *> region_entries_;           // The branch into each region, else to its handler.
  uint32_t region_ = 0;                                             // Of the block being written.
  std::vector<std::pair<uint32_t, llvm::BasicBlock *>> more_blocks_; // Those that are no KIR block's, with their regions.
  Value flag_ = nullptr;                                 // While writing a plan's conditions: those so far...
  std::unordered_map<const BoundExpr *, Bounds> bounds_; // ...and the bounds.
  llvm::AllocaInst *scratch_ = nullptr;
  size_t scratch_bytes_ = 0;
};

} // namespace kiln
