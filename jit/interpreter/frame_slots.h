#pragma once

#include "codegen/kir.h"

#include <vector>

namespace kiln {

/// Where the values of a function lie in its frame: linear scan over live intervals (Poletto and Sarkar 1999), after
/// values that an edge passes on were joined with the parameters that take them.
class FrameSlots {
public:
  explicit FrameSlots(const KirFunction &function);

  static constexpr uint32_t none = ~uint32_t(0);
  /// The first slot of a value; none for those without bits, for constants, and for what is never used.
  uint32_t of(const Inst &inst) const { return slots_[inst.id]; }
  /// Slots in all.
  uint32_t count() const { return count_; }
  /// How often a value is used.
  uint32_t uses(const Inst &inst) const { return uses_[inst.id]; }

  static uint32_t size_of(const Type *type);
  /// Whether the operation reads all operands before it writes its result.
  static bool may_overwrite_operands(const Inst &inst);

private:
  struct Interval {
    uint32_t begin, end;
    bool meets(const Interval &other) const { return begin < other.end && other.begin < end; }
  };
  /// Values that share their slots.
  struct Group {
    std::vector<Interval> intervals;
    uint32_t begin = none, end = 0;
    uint32_t size = 0;
    uint32_t slot = none;
    bool fixed = false;
  };

  void number();
  void find_intervals();
  void use(const Inst *value, const Block &block, uint32_t position);
  void live_through(const Inst &value, const Block &block);
  void join_edges();
  void join(const Inst &from, const Inst &to);
  void place();
  uint32_t group_of(uint32_t id);
  template <typename Visit>
  void each_region_block(uint32_t region, Visit visit);

  const KirFunction &function_;
  std::vector<uint32_t> begin_, end_;       // Positions, by block id.
  std::vector<std::vector<const Block *>> predecessors_;
  std::vector<std::vector<uint32_t>> entered_; // By block id: the region that the block is the handler of.
  std::vector<const Inst *> values_;        // By id.
  std::vector<Interval> intervals_;         // By id.
  std::vector<std::pair<uint32_t, const Block *>> used_; // Values and blocks other than theirs that use them.
  std::vector<uint32_t> visited_;           // By block id: the value that was last followed through it.
  std::vector<uint32_t> parent_, uses_, slots_;
  std::vector<Group> groups_;
  uint32_t count_ = 0;
};

} // namespace kiln
