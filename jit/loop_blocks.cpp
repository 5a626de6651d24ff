#include "jit/loop_blocks.h"

#include "jit/interpreter/bytecode.h"

namespace kiln {

namespace {

std::vector<std::vector<const Block *>> predecessors(const KirFunction &function) {
  std::vector<std::vector<const Block *>> found(function.blocks.size());
  for (const Block *block : function.blocks)
    for (const Edge &edge : block->end.edges)
      if (edge.target) found[edge.target->id].push_back(block);
  return found;
}

} // namespace

BlockCounts::BlockCounts(const Code &code) : branches_(branch_counts(code)), blocks_(branches_.size()) {
  auto before = predecessors(*code.kir);
  // A block that ends in no branch was run as often as it was reached. Twice: what repeats a loop comes after its header.
  for (int round = 0; round < 2; ++round)
    for (const Block *block : code.kir->blocks) {
      uint64_t &count = blocks_[block->id];
      if (block->end.kind == TermKind::Branch) {
        count = branches_[block->id].yes + branches_[block->id].no;
        continue;
      }
      count = block == code.kir->entry() ? std::max<uint64_t>(code.specialisation->routine->calls, 1) : 0;
      const Block *last = nullptr;
      for (const Block *from : before[block->id]) {
        if (from == last) continue; // Both of its edges lead here, and were added.
        last = from;
        for (unsigned which : {0, 1})
          if (from->end.edges[which].target == block) count += of_edge(*from, which);
      }
    }
}

uint64_t BlockCounts::of_edge(const Block &from, unsigned which) const {
  if (from.end.kind == TermKind::Branch) return which == 0 ? branches_[from.id].yes : branches_[from.id].no;
  return which == 0 ? blocks_[from.id] : 0; // Errors, which lead to the other one of a `try`, are not counted.
}

std::vector<bool> blocks_of_loop(const KirFunction &function, const Block &header) {
  auto before = predecessors(function);
  std::vector<bool> found(function.blocks.size());
  found[header.id] = true;
  std::vector<const Block *> work;
  for (const Block *from : before[header.id])
    if (from->id >= header.id) work.push_back(from);
  while (!work.empty()) {
    const Block *block = work.back();
    work.pop_back();
    if (found[block->id]) continue;
    found[block->id] = true;
    work.insert(work.end(), before[block->id].begin(), before[block->id].end());
  }
  return found;
}

} // namespace kiln
