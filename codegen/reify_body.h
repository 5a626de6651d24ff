#pragma once

#include "codegen/reify.h"

namespace kiln {

/// Copies one inferred body into typed KIR.
class Reify {
public:
  Reify(Inference &inference, Specialisation &specialisation);
  std::unique_ptr<KirFunction> run();

private:
  friend class BroadcastLoop;
  /// Why a value changes its type: an operator's operands are promoted; a store must keep the value.
  enum class Mode : uint8_t { Promote, Store };

  void make_blocks();
  void copy_block(const Block &from);
  void end_block(const Block &from);
  void fill_jump(const Edge &from, Span span);
  void fill_edge(const Edge &from, int which);
  std::vector<Inst *> edge_values(const Edge &from);
  Block *edge_target(const Edge &from);

  // Instructions: `emit` also sees to unions; `emit_one` dispatches over the operations.
  void emit(const Inst &inst);
  void emit_one(const Inst &inst);
  Inst *emit_unary(const Inst &inst);
  Inst *emit_binary(const Inst &inst);
  Inst *emit_power(const Inst &inst, const OperatorTypes &rule);
  Inst *multiply(Inst *a, Inst *b, const Inst &origin);
  Inst *emit_array(const Inst &inst);
  Inst *emit_index(const Inst &inst);
  Inst *emit_set_index(const Inst &inst);
  Inst *emit_name(const Inst &inst);
  Inst *emit_iterate(const Inst &inst, Op op, const Inst *iterable, const Inst *state);
  Inst *emit_comprehension(const Inst &inst);
  // Structs and classes (reify_struct.cpp).
  Inst *emit_construct(const Inst &inst, const CallPlan &plan);
  Inst *get_part(Inst *base, uint32_t part, const Inst &origin);
  Inst *emit_new_map(const Type *type, const Inst &origin);
  Inst *emit_map(const Inst &inst, const CallPlan *stores);
  Inst *emit_field(const Inst &inst);
  Inst *emit_set_field(const Inst &inst);
  bool is_written_back(const Inst &inst) const;
  Inst *emit_broadcast(const Inst &inst);
  void emit_broadcast_store(const Inst &inst);
  // Calls (reify_call.cpp).
  Inst *emit_plan(const Inst &inst, const CallPlan &plan);
  Inst *emit_direct(const Inst &inst, const CallPlan &plan);
  Inst *emit_negated(const Inst &inst, const CallPlan &plan);
  Inst *callee_value(const Inst &inst, const CallPlan &plan);
  /// The parameters' values, from the arguments and the default values, behind those that are in `args`.
  void add_operands(const Inst &inst, const CallPlan &plan, std::vector<Inst *> &args);
  // Dynamic values (reify_dyn.cpp).
  Inst *emit_dyn_test(const Inst &inst);
  Inst *emit_call_dyn(const Inst &inst);
  // Unions (reify_union.cpp).
  Inst *emit_narrow(const Inst &inst);
  void emit_dispatch(const Inst &inst, Dispatch &dispatch);
  void emit_case(const Inst &inst, Dispatch &dispatch, Dispatch::Case &chosen, Block *merge);
  Inst *test(Inst *value, uint32_t alternatives, Span span);
  Inst *get(Inst *value, uint32_t alternative, Span span);
  // Blocks that an operation or conversion needs: `start` goes on in one, after a jump or branch.
  Block *add_block(uint32_t loop_depth);
  Inst *add_param(Block *block, const Type *type, Span span);
  void start(Block *block);
  void jump(Block *target, std::vector<Inst *> args, Span span);
  void branch(Inst *condition, Block *yes, Block *no, Span span);
  static bool converts_by_branches(const Type *from, const Type *to);
  Inst *convert_union(Inst *value, const Type *to, Mode mode, Span span);
  Inst *make_callable(Inst *value, const Type *to, Span span);

  // Building blocks.
  const Abstract &known(const Inst *inst) const { return result_.values[inst->id]; }
  const Type *type_of(const Inst *inst) const { return concrete(known(inst).type); }
  const Type *concrete(const Type *type) const;
  bool kept(const Inst *param) const;
  /// The typed instruction of an untyped one, or a Const where its value is known.
  Inst *use(const Inst *inst);
  Inst *use_as(const Inst *inst, const Type *type, Mode mode);
  Inst *convert(Inst *value, const Type *to, Mode mode, Span span);
  Inst *convert_by(Inst *value, const Type *to, Conversion conversion, Span span);
  Inst *make(Op op, const Type *type, Span span, std::span<Inst *const> args);
  Inst *make(Op op, const Type *type, Span span, std::initializer_list<Inst *> args = {}) {
    return make(op, type, span, std::span(args.begin(), args.size()));
  }
  Inst *make(Op op, const Type *type, const Inst &origin, std::span<Inst *const> args);
  Inst *make(Op op, const Type *type, const Inst &origin, std::initializer_list<Inst *> args = {}) {
    return make(op, type, origin, std::span(args.begin(), args.size()));
  }
  Inst *constant(const Type *type, const Constant &constant, Span span);
  Inst *integer(int64_t value, Span span);
  Inst *intrinsic(IntrinsicKind kind, const Type *type, const Inst &origin, std::span<Inst *const> args);
  Inst *intrinsic(IntrinsicKind kind, const Type *type, const Inst &origin, std::initializer_list<Inst *> args) {
    return intrinsic(kind, type, origin, std::span(args.begin(), args.size()));
  }

  Inference &inference_;
  TypeTable &types_;
  Specialisation &specialisation_;
  const KirFunction &from_;
  InferenceResult &result_; // While a case of a dispatch is written, its operands' values are that case's.
  std::unique_ptr<KirFunction> to_;
  std::vector<Inst *> map_;        // By untyped instruction.
  std::vector<Block *> blocks_;    // By untyped block; null when not reached.
  std::unordered_map<uint32_t, std::vector<Inst *>> extents_; // By CompNew.
  const Block *copied_ = nullptr; // The untyped block...
  Block *current_ = nullptr;      // ...and where its copy is written.
};

} // namespace kiln
