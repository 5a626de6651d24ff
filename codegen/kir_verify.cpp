#include "codegen/kir.h"

#include <fmt/format.h>

#include <unordered_set>

namespace kiln {

namespace {

enum class Stage : uint8_t { untyped, typed, both };

Stage stage(Op op) {
  static constexpr Stage stages[] = {
#define KILN_OP(name, stage) Stage::stage,
#include "codegen/kir_ops.def"
  };
  return stages[static_cast<size_t>(op)];
}

size_t edge_count(const Terminator &end) {
  switch (end.kind) {
  case TermKind::Jump: return 1;
  case TermKind::Branch:
  case TermKind::Try: return 2;
  case TermKind::None:
  case TermKind::Return:
  case TermKind::Unreachable: return 0;
  }
  return 0;
}

class Verifier {
public:
  explicit Verifier(const KirFunction &function) : function_(function) {}
  std::string verify();

private:
  template <typename... Args>
  void fail(fmt::format_string<Args...> format, Args &&...args) {
    if (problem_.empty()) // The first is the cause, most of the time.
      problem_ = fmt::format("{}: ", function_.name) + fmt::format(format, std::forward<Args>(args)...);
  }
  void check_places();
  void check_edges();
  void check_order();
  void find_dominators();
  void number_dominator_tree();
  bool dominates(const Block *a, const Block *b) const;
  void check_use(const Inst *value, const Block *block, size_t position, std::string_view user);
  void check_uses();
  void check_inst(const Inst &inst);

  const KirFunction &function_;
  std::string problem_;
  std::vector<size_t> position_;                  // By Inst::id: its place in its block, from 1; parameters 0.
  std::vector<const Inst *> owner_;               // By Inst::id: the instruction that a block holds.
  std::vector<std::vector<const Block *>> preds_; // By Block::id.
  std::vector<uint32_t> dominator_;               // By Block::id: the immediate one.
  std::vector<uint32_t> first_, last_;            // By Block::id: the range of its part of the dominator tree.
};

std::string Verifier::verify() {
  if (function_.blocks.empty()) return function_.name + ": no blocks";
  check_places();
  if (problem_.empty()) check_edges();
  if (problem_.empty()) check_order();
  if (problem_.empty()) {
    find_dominators();
    number_dominator_tree();
    check_uses();
  }
  if (!problem_.empty()) return problem_;
  for (const KirParam &param : function_.params)
    if (param.default_value)
      if (std::string inner = verify_kir(*param.default_value); !inner.empty()) return inner;
  for (const auto &lambda : function_.lambdas)
    if (std::string inner = verify_kir(*lambda); !inner.empty()) return inner;
  return {};
}

/// Every instruction stands in one place and knows it.
void Verifier::check_places() {
  position_.resize(function_.inst_count());
  owner_.resize(function_.inst_count());
  auto place = [this](const Inst *inst, const Block *block, size_t position) {
    if (!inst) return fail("b{} holds a null", block->id);
    if (inst->id >= owner_.size()) return fail("%{} is not of this function", inst->id);
    if (owner_[inst->id]) return fail("%{} stands in two places", inst->id);
    if (inst->block != block) return fail("%{} does not know that it is in b{}", inst->id, block->id);
    if ((inst->op == Op::Param) != (position == 0))
      return fail("%{} is {} among the {}", inst->id, to_string(inst->op),
                  position == 0 ? "parameters" : "instructions");
    owner_[inst->id] = inst;
    position_[inst->id] = position;
    check_inst(*inst);
  };
  for (size_t i = 0; i < function_.blocks.size(); ++i) {
    const Block *block = function_.blocks[i];
    if (block->id != i) fail("b{} stands at {}", block->id, i);
    for (const Inst *param : block->params) place(param, block, 0);
    for (size_t k = 0; k < block->insts.size(); ++k) place(block->insts[k], block, k + 1);
  }
  size_t expected = function_.params.size() + function_.captures.size();
  if (!function_.typed && function_.entry()->params.size() != expected)
    fail("the entry has {} parameters, not {}", function_.entry()->params.size(), expected);
}

void Verifier::check_inst(const Inst &inst) {
  if (stage(inst.op) == (function_.typed ? Stage::untyped : Stage::typed))
    fail("%{}: {} is not for {} KIR", inst.id, to_string(inst.op), function_.typed ? "typed" : "untyped");
  if (function_.typed && (!inst.type || inst.type->is(TypeKind::Open))) fail("%{} has no type", inst.id);
  size_t least = 0, most = SIZE_MAX;
  auto exactly = [&](size_t count) { least = most = count; };
  switch (inst.op) {
  case Op::Param:
  case Op::Const:
  case Op::Name:
  case Op::Unset:
  case Op::EmptyArray:
  case Op::Caught:
  case Op::LoadGlobal: exactly(0); break;
  case Op::Unary:
  case Op::CellGet:
  case Op::Format:
  case Op::StoreGlobal:
  case Op::Field:
  case Op::Is:
  case Op::Narrow:
  case Op::NoCase:
  case Op::DynNew:
  case Op::DynGet:
  case Op::DynTest:
  case Op::UnionNew:
  case Op::UnionTest:
  case Op::UnionGet:
  case Op::Retag:
  case Op::Coerce:
  case Op::IterStart:
  case Op::Iterable:
  case Op::CompDone:
  case Op::SlotNew:
  case Op::SlotGet:
  case Op::Destructure:
  case Op::Convert:
  case Op::TupleGet:
  case Op::ObjectGet:
  case Op::Increment:
  case Op::LambdaGet: exactly(1); break;
  case Op::Binary:
  case Op::SetField:
  case Op::TupleSet:
  case Op::ObjectSet:
  case Op::CellSet:
  case Op::SlotSet:
  case Op::CompAppend:
  case Op::IterHas:
  case Op::IterGet:
  case Op::IterNext:
  case Op::RangeHas:
  case Op::RangeGet:
  case Op::ArrayHas:
  case Op::LinearGet: exactly(2); break;
  case Op::CellNew: most = 1; break;
  case Op::Range: least = 2, most = 3; break;
  case Op::Find:
  case Op::Index: least = 2; break;
  case Op::SetIndex: least = 3; break;
  case Op::Tuple: least = inst.type && inst.type->is(TypeKind::Struct) ? 0 : 1; break;
  case Op::Array:
  case Op::Concat:
  case Op::Call:
  case Op::CallMethod:
  case Op::CallLibrary:
  case Op::CompNew:
  case Op::CompAlloc: least = 1; break;
  case Op::CompFinish: least = 2; break;
  case Op::Lambda:
    if (!inst.function())
      fail("%{}: a Lambda without a function", inst.id);
    else
      exactly(inst.function()->captures.size());
    break;
  case Op::CallableNew:
    if (!inst.callee()) fail("%{}: a CallableNew without a callee", inst.id);
    exactly(1);
    break;
  case Op::CallIndirect: least = 1; break;
  case Op::CallDyn:
    if (!inst.site()) fail("%{}: a CallDyn without a site", inst.id);
    least = 1;
    break;
  case Op::CallDirect:
    if (!inst.callee()) fail("%{}: a CallDirect without a callee", inst.id);
    break;
  case Op::CallExtern:
    if (!inst.external()) fail("%{}: a CallExtern without a function", inst.id);
    break;
  case Op::Broadcast:
    if (!inst.function()) fail("%{}: a Broadcast without an operation", inst.id);
    break;
  case Op::BroadcastStore: least = 1; break;
  case Op::LinearSet: exactly(3); break;
  case Op::Map:
  case Op::Intrinsic:
  case Op::ObjectNew:
  case Op::ArrayRaw:
  case Op::ArrayNew: break;
  }
  if (inst.args.size() < least || inst.args.size() > most)
    fail("%{}: {} with {} operands", inst.id, to_string(inst.op), inst.args.size());
}

void Verifier::check_edges() {
  preds_.resize(function_.blocks.size());
  for (const Block *block : function_.blocks) {
    if (block->end.kind == TermKind::None) fail("b{} has no end", block->id);
    if ((block->end.kind == TermKind::Branch || block->end.kind == TermKind::Return) && !block->end.value)
      fail("the end of b{} has no value", block->id);
    for (size_t i = 0; i < edge_count(block->end); ++i) {
      const Edge &edge = block->end.edges[i];
      if (!edge.target || edge.target->id >= function_.blocks.size() ||
          function_.blocks[edge.target->id] != edge.target)
        return fail("b{} leads to a block that is not of this function", block->id);
      if (edge.args.size() != edge.target->params.size())
        fail("b{} gives b{} {} values for {} parameters", block->id, edge.target->id, edge.args.size(),
             edge.target->params.size());
      preds_[edge.target->id].push_back(block);
    }
    if (block->end.kind == TermKind::Try && function_.regions[block->end.edges[0].target->region] != block->region)
      fail("b{} does not enter a region", block->id);
  }
  if (!preds_[0].empty()) fail("b{} leads to the entry", preds_[0][0]->id);
}

/// Reverse postorder: only loop headers have edges from later blocks, and every block is reached from an earlier one.
void Verifier::check_order() {
  for (const Block *block : function_.blocks) {
    bool from_earlier = block->id == 0, from_later = false;
    for (const Block *pred : preds_[block->id]) (pred->id < block->id ? from_earlier : from_later) = true;
    if (!from_earlier) fail("b{} is not reached from an earlier block", block->id);
    if (from_later != block->loop_header)
      fail("b{} is {} loop header", block->id, from_later ? "not marked as a" : "no");
    for (const Block *pred : preds_[block->id])
      if (pred->end.kind == TermKind::Try && preds_[block->id].size() > 1)
        fail("b{} is entered by a try and in other ways", block->id);
    if (block->loop_header && block->loop_depth == 0) fail("b{} is a loop header of depth 0", block->id);
  }
}

/// Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm".
void Verifier::find_dominators() {
  dominator_.assign(function_.blocks.size(), UINT32_MAX);
  dominator_[0] = 0;
  auto intersect = [this](uint32_t a, uint32_t b) {
    while (a != b) (a > b ? a : b) = dominator_[a > b ? a : b];
    return a;
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t id = 1; id < function_.blocks.size(); ++id) {
      uint32_t found = UINT32_MAX;
      for (const Block *pred : preds_[id])
        if (dominator_[pred->id] != UINT32_MAX) found = found == UINT32_MAX ? pred->id : intersect(found, pred->id);
      if (found != dominator_[id]) dominator_[id] = found, changed = true;
    }
  }
}

/// Numbers the dominator tree in preorder, so that what a block dominates is a range.
void Verifier::number_dominator_tree() {
  size_t count = function_.blocks.size();
  first_.assign(count, 0);
  std::vector<uint32_t> size(count, 1), next(count, 1);
  for (size_t id = count; id-- > 1;) // A dominator comes before what it dominates.
    size[dominator_[id]] += size[id];
  for (size_t id = 1; id < count; ++id) {
    uint32_t parent = dominator_[id];
    first_[id] = first_[parent] + next[parent];
    next[parent] += size[id];
  }
  last_.resize(count);
  for (size_t id = 0; id < count; ++id) last_[id] = first_[id] + size[id] - 1;
}

bool Verifier::dominates(const Block *a, const Block *b) const {
  return first_[a->id] <= first_[b->id] && first_[b->id] <= last_[a->id];
}

void Verifier::check_use(const Inst *value, const Block *block, size_t position, std::string_view user) {
  if (!value) return fail("{} in b{} uses a null", user, block->id);
  if (value->id >= owner_.size() || owner_[value->id] != value)
    return fail("{} in b{} uses %{}, which is in no block", user, block->id, value->id);
  bool defined = value->block == block ? position_[value->id] < position : dominates(value->block, block);
  if (!defined) fail("{} in b{} uses %{} where it is not defined", user, block->id, value->id);
}

void Verifier::check_uses() {
  for (const Block *block : function_.blocks) {
    for (size_t i = 0; i < block->insts.size(); ++i)
      for (const Inst *arg : block->insts[i]->args)
        check_use(arg, block, i + 1, fmt::format("%{}", block->insts[i]->id));
    size_t end = block->insts.size() + 1;
    if (block->end.value) check_use(block->end.value, block, end, "the end");
    for (size_t i = 0; i < edge_count(block->end); ++i)
      for (const Inst *arg : block->end.edges[i].args) check_use(arg, block, end, "an edge");
  }
}

} // namespace

std::string verify_kir(const KirFunction &function) { return Verifier(function).verify(); }

} // namespace kiln
