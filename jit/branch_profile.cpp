#include "jit/branch_profile.h"

#include "jit/interpreter/bytecode.h"

namespace kiln {

std::vector<BranchCounts> branch_counts(const Code &code) {
  std::vector<BranchCounts> counts(code.kir->blocks.size());
  for (const Code::BranchMark &mark : code.branch_marks) {
    const Word *jump = &code.words[mark.word];
    const Word *counted = jump + words_of(jump) - count_words;
    auto passed = static_cast<uint64_t>(counted[0].integer), taken = static_cast<uint64_t>(counted[1].integer);
    counts[mark.block].yes += mark.when ? taken : passed;
    counts[mark.block].no += mark.when ? passed : taken;
  }
  return counts;
}

BranchCounts BranchProfile::operator()(const Specialisation &specialisation, const Block &block) {
  const Specialisation &counted = specialisation.continues ? *specialisation.continues : specialisation;
  const Code *code = counted.routine ? counted.routine->code.get() : nullptr;
  if (!code || code->kir->blocks[block.id] != &block) return {};
  auto [found, is_new] = counts_.try_emplace(code);
  if (is_new) found->second = branch_counts(*code);
  return found->second[block.id];
}

} // namespace kiln
