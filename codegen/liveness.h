#pragma once

#include "codegen/kir.h"

#include <vector>

namespace kiln {

/// What must be known to go on from the start of a block of typed KIR.
class Liveness {
public:
  explicit Liveness(const KirFunction &function);
  /// The block's parameters, then the values made before it that it or what follows it uses, by id. Constants and values
  /// without bits are not among them.
  std::vector<const Inst *> at(const Block &block) const;

private:
  const KirFunction &function_;
  size_t words_;               // Of a block's set.
  std::vector<uint64_t> live_; // Sets of instructions, by their ids, of one block after the other.
};

/// By block id: whether a block can be reached from this one (itself included).
std::vector<bool> reachable_from(const KirFunction &function, const Block &block);

} // namespace kiln
