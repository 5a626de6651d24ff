#pragma once

#include "codegen/kir.h"

#include <compare>
#include <span>
#include <vector>

namespace kiln {

/// Where the values of a function lie in its frame: linear scan over live ranges (Poletto and Sarkar 1999), after values
/// that an edge passes on were joined with the parameters that take them, where they do not live at once.
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

  /// The range whose elements a loop's counter counts, or null. The slot of such a counter holds the element itself, not its
  /// number, and so does that of each RangeGet of it: they are one. It begins as the first element, and the Increment of it
  /// is left to the loop's jump.
  const Inst *counted_range(const Inst &counter) const { return counted_[counter.id]; }

  static uint32_t size_of(const Type *type);
  /// Whether the elements of a range are known to follow each other.
  static bool has_step_1(const Inst &range);
  /// Whether the operation reads all operands before it writes its result.
  static bool may_overwrite_operands(const Inst &inst);

private:
  struct Interval {
    uint32_t begin, end;
  };
  /// Values that share their slots.
  struct Group {
    uint32_t first_range = 0, range_count = 0; // In intervals_, in order.
    uint32_t begin = none, end = 0;
    uint32_t size = 0;
    uint32_t slot = none;
    bool fixed = false;
  };
  struct Use {
    uint32_t value, block, position;
    auto operator<=>(const Use &) const = default;
  };
  /// What is known of a block while the ranges of one value are found.
  struct BlockLiveness {
    uint32_t value = none;
    uint32_t last = 0; // Up to this position it lives.
    bool entered = false;
  };

  void number();
  void find_uses();
  void find_ranges();
  void find_counters();
  const Inst *counter_of(const Block &header) const;
  void join_edges();
  void join(const Inst &from, const Inst &to);
  void merge(Group &kept, Group &gone);
  std::span<const Interval> ranges_of(const Group &group) const { return std::span(intervals_).subspan(group.first_range, group.range_count); }
  void place();
  uint32_t group_of(uint32_t id);
  template <typename Visit>
  void each_region_block(uint32_t region, Visit visit);

  const KirFunction &function_;
  std::vector<uint32_t> begin_, end_;       // Positions, by block id.
  std::vector<std::vector<const Block *>> predecessors_;
  std::vector<std::vector<uint32_t>> entered_; // By block id: the region that the block is the handler of.
  std::vector<const Inst *> values_;        // By id.
  std::vector<uint32_t> defined_;           // By id: the position.
  std::vector<Use> used_;                   // By value.
  std::vector<BlockLiveness> liveness_;     // By block id.
  std::vector<uint32_t> parent_, uses_, slots_;
  std::vector<const Inst *> counted_;       // By id.
  std::vector<Group> groups_;               // By id of the value that stands for it.
  std::vector<Interval> intervals_;         // Of all groups.
  std::vector<Interval> merged_;            // While two are joined.
  std::vector<uint32_t> touched_, work_;    // Blocks, while the ranges of one value are found.
  uint32_t count_ = 0;
};

} // namespace kiln
