#pragma once

#include "codegen/lower.h"

#include <unordered_map>
#include <vector>

namespace kiln {

struct Code;

/// By block id: what bytecode has counted of the block's branch, in all places where its test was written.
std::vector<BranchCounts> branch_counts(const Code &code);

/// For LowerContext: looks a function's counts up once.
class BranchProfile {
public:
  BranchCounts operator()(const Specialisation &specialisation, const Block &block);

private:
  std::unordered_map<const Code *, std::vector<BranchCounts>> counts_;
};

} // namespace kiln
