#pragma once

#include "codegen/kir.h"
#include "codegen/scope.h"

#include <initializer_list>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kiln {

/// Makes SSA with block arguments while the body is walked (Braun et al. 2013): a variable's use asks for the
/// definition that reaches it, and blocks get parameters where several do. A block is sealed when all edges to it are
/// known. Instructions are added to the current block. After a jump out, what follows is unreachable: it is built into
/// a block that nothing reaches, whose edges do not count, and that the finished function does not have.
class SsaBuilder {
public:
  /// `entry_op`: what a variable without assignment is at the entry: Unset, or Name in units.
  /// `entry_name`: what the variable is called where it is read at the entry.
  SsaBuilder(KirFunction &function, Op entry_op, std::function<std::string_view(const Variable &, Span)> entry_name);

  Block *new_block();
  /// One that belongs to no region.
  Block *new_outer_block();
  /// Goes on in the block, to which no more edges will come.
  void enter(Block *block);
  /// Goes on in a block that later edges lead back to; to be sealed after the last.
  void enter_loop(Block *header);
  void seal(Block *block);
  bool reachable() const { return reachable_; }

  Inst *add(Op op, Span span, std::span<Inst *const> args);
  Inst *add(Op op, Span span, std::initializer_list<Inst *> args = {}) { return add(op, span, std::span(args.begin(), args.size())); }
  Inst *add_param(Block *block, Span span, std::string_view name);

  // The ends of the current block. The next call is to `enter` another.
  void jump(Block *target, Span span, std::initializer_list<Inst *> args = {});
  void branch(Inst *condition, Span span, Block *yes, Block *no);
  void return_value(Inst *value, Span span);
  /// Enters a new region of blocks: an error in it goes on at the handler. New blocks belong to it until end_region().
  void begin_region(Span span, Block *handler);
  void end_region();
  /// Goes on with what nothing reaches: after break, continue, return.
  void enter_unreachable() { enter(new_block()); }

  void write(const Variable *variable, Inst *value);
  Inst *read(const Variable *variable, Span span);

  /// Removes parameters that only ever have one value, orders the blocks and numbers the instructions.
  void finish();

private:
  struct Pred {
    Block *block;
    Edge *edge;
  };
  struct State {
    std::vector<Pred> preds;
    bool sealed = false;
    std::vector<std::pair<const Variable *, Inst *>> incomplete; // Parameters made before the block was sealed.
  };
  struct Unfilled {
    Block *block;
    const Variable *variable;
    Inst *param;
  };

  State &state(const Block *block) { return states_[block->id]; }
  void add_edge(Block *from, Edge &edge, Block *target, std::initializer_list<Inst *> args);
  void define(const Variable *variable, const Block *block, Inst *value);
  Inst *defined(const Variable *variable, const Block *block) const;
  Inst *lookup(const Variable *variable, Block *block, Span span);
  Inst *at_entry(const Variable *variable, Block *block, Span span);
  void fill();

  Inst *resolve(Inst *value);
  void remove_trivial_params();
  void remove_dead_slots();
  Inst *only_value(const Block *block, const Inst *param);
  void drop_replaced_params(Block *block);
  void order_blocks();
  void merge_blocks();
  void resolve_uses();
  void add_prologue();
  void number_blocks();
  void renumber();

  KirFunction &function_;
  Op entry_op_;
  std::function<std::string_view(const Variable &, Span)> entry_name_;
  Block *current_ = nullptr;
  bool reachable_ = true;
  uint32_t region_ = 0;
  std::vector<State> states_; // By Block::id, which is the place in the storage until the blocks are ordered.
  std::unordered_map<uint64_t, Inst *> definitions_;
  std::vector<Unfilled> unfilled_;
  std::vector<Inst *> prologue_; // Reads of unset variables, for the entry's start.
  std::vector<Inst *> replaced_; // By Inst::id: the value that a trivial parameter always has.
};

/// Sets loop_header and loop_depth of the blocks, and the function's has_loop. Blocks are in reverse postorder.
void find_loops(KirFunction &function);

} // namespace kiln
