#pragma once

#include "jit/branch_profile.h"

namespace kiln {

/// How often blocks and edges of interpreted code were run, as its branches tell.
class BlockCounts {
public:
  explicit BlockCounts(const Code &code);
  uint64_t of(const Block &block) const { return blocks_[block.id]; }
  /// Along `edges[which]` of the block's end.
  uint64_t of_edge(const Block &from, unsigned which) const;

private:
  std::vector<BranchCounts> branches_;
  std::vector<uint64_t> blocks_; // By id.
};

/// The blocks of the loop with this header, by id: those from which it is reached again.
std::vector<bool> blocks_of_loop(const KirFunction &function, const Block &header);

} // namespace kiln
