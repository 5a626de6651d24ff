#include "codegen/tail_call.h"

#include <algorithm>

namespace kiln {

namespace {

/// Whether nothing but the return of its value follows.
bool is_last(const Block &block, const Inst &inst) {
  const Block *at = &block;
  const Inst *value = &inst;
  auto next = std::ranges::find(block.insts, &inst) + 1;
  while (std::all_of(next, at->insts.end(), [](const Inst *other) { return other->op == Op::Const; })) {
    bool nothing = value->type->is_empty();
    if (at->end.kind == TermKind::Return) return nothing || at->end.value == value;
    const Edge &edge = at->end.edges[0];
    if (at->end.kind != TermKind::Jump || edge.target->id <= at->id) return false;
    auto brought = std::ranges::find(edge.args, value);
    if (!nothing && brought == edge.args.end()) return false;
    if (!nothing) value = edge.target->params[static_cast<size_t>(brought - edge.args.begin())];
    at = edge.target;
    next = at->insts.begin();
  }
  return false;
}

} // namespace

bool is_jump(const Specialisation &specialisation, const Block &block, const Inst &inst) {
  if (inst.op != Op::CallDirect || block.region != 0) return false;
  const Specialisation &callee = *inst.callee();
  if (callee.constants.empty() && &callee != &specialisation) return false;
  return callee.function == specialisation.function && callee.params == specialisation.params &&
         callee.result == specialisation.result && is_last(block, inst);
}

} // namespace kiln
