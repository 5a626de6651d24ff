// Unions and callables in typed KIR: tests, branches over alternatives, conversions.
#include "codegen/reify_body.h"

#include <algorithm>

namespace kiln {

// --- blocks in the middle of one ---

Block *Reify::add_block(uint32_t loop_depth) {
  Block *block = to_->make_block();
  block->loop_depth = loop_depth;
  block->region = current_->region;
  return block;
}

void Reify::start(Block *block) {
  to_->blocks.push_back(block);
  current_ = block;
}

void Reify::jump(Block *target, std::vector<Inst *> args, Span span) {
  current_->end.kind = TermKind::Jump;
  current_->end.span = span;
  current_->end.edges[0] = {target, std::move(args)};
}

void Reify::branch(Inst *condition, Block *yes, Block *no, Span span) {
  current_->end.kind = TermKind::Branch;
  current_->end.span = span;
  current_->end.value = condition;
  current_->end.edges[0] = {yes, {}};
  current_->end.edges[1] = {no, {}};
}

Inst *Reify::add_param(Block *block, const Type *type, Span span) {
  Inst *param = to_->make(Op::Param, span);
  param->type = type;
  param->block = block;
  block->params.push_back(param);
  return param;
}

// --- tests ---

Inst *Reify::test(Inst *value, uint32_t alternatives, Span span) {
  Inst *made = make(Op::UnionTest, types_.boolean, span, {value});
  made->index = alternatives;
  return made;
}

Inst *Reify::get(Inst *value, uint32_t alternative, Span span) {
  const Type *type = value->type->elements[alternative];
  if (type->is(TypeKind::None))
    return constant(type, {}, span);
  Inst *made = make(Op::UnionGet, type, span, {value});
  made->index = alternative;
  return made;
}

Inst *Reify::emit_narrow(const Inst &inst) {
  Inst *whole = use(inst.args[0]);
  const Type *left = type_of(&inst);
  if (left == whole->type || left->is(TypeKind::Never))
    return whole;
  if (whole->type->is(TypeKind::Dyn)) {
    Inst *made = make(Op::DynGet, left, inst.span, {whole});
    made->unchecked = true; // Behind the test.
    return made;
  }
  if (!left->is_union())
    return get(whole, *whole->type->place_of(left), inst.span);
  return make(Op::Retag, left, inst.span, {whole});
}

// --- dispatch ---

/// The operation once for each combination of alternatives, behind tests; the results meet in a block after them.
void Reify::emit_dispatch(const Inst &inst, Dispatch &dispatch) {
  std::vector<Inst *> wholes;
  for (const Inst *operand : dispatch.operands)
    wholes.push_back(use(operand));
  Block *merge = add_block(current_->loop_depth);
  const Type *type = type_of(&inst);
  Inst *result = add_param(merge, type, inst.span);
  size_t next = 0;
  auto choose = [&](auto &self, size_t i) -> void {
    if (i == wholes.size())
      return emit_case(inst, dispatch, dispatch.cases[next++], merge);
    const Inst *operand = dispatch.operands[i];
    size_t count = wholes[i]->type->elements.size();
    for (uint32_t k = 0; k < count; ++k) {
      Block *no = nullptr;
      if (k + 1 < count) {
        Block *yes = add_block(current_->loop_depth);
        no = add_block(current_->loop_depth);
        branch(test(wholes[i], 1u << k, inst.span), yes, no, inst.span);
        start(yes);
      }
      map_[operand->id] = get(wholes[i], k, inst.span);
      self(self, i + 1);
      if (no)
        start(no);
    }
  };
  choose(choose, 0);
  for (size_t i = 0; i < wholes.size(); ++i)
    map_[dispatch.operands[i]->id] = wholes[i];
  map_[inst.id] = nullptr;
  if (type->is(TypeKind::Never)) // No case comes back.
    return;
  start(merge);
  map_[inst.id] = result;
}

void Reify::emit_case(const Inst &inst, Dispatch &dispatch, Dispatch::Case &chosen, Block *merge) {
  auto exchange = [&] { // The operands' values with the case's, and back.
    for (size_t i = 0; i < dispatch.operands.size(); ++i)
      std::swap(result_.values[dispatch.operands[i]->id], chosen.operands[i]);
    std::swap(result_.values[inst.id], chosen.result);
  };
  const Type *type = type_of(&inst);
  exchange();
  map_[inst.id] = nullptr;
  if (chosen.plan)
    result_.plans[inst.id] = *chosen.plan;
  if (chosen.global)
    result_.globals[inst.id] = chosen.global;
  emit_one(inst);
  if (known(&inst).is(TypeKind::Never)) {
    current_->end.kind = TermKind::Unreachable;
    current_->end.span = inst.span;
  } else {
    Inst *value = use_as(&inst, type, Mode::Store);
    jump(merge, {value}, inst.span);
  }
  result_.plans.erase(inst.id);
  result_.globals.erase(inst.id);
  exchange();
}

// --- conversions ---

bool Reify::converts_by_branches(const Type *from, const Type *to) {
  if (!from->is_union() || from == to)
    return false;
  return !to->is_union() || std::any_of(from->elements.begin(), from->elements.end(),
                                        [to](const Type *alternative) { return !to->place_of(alternative); });
}

Inst *Reify::convert_union(Inst *value, const Type *to, Mode mode, Span span) {
  const Type *from = value->type;
  if (!from->is_union()) {
    uint32_t place = *alternative_for(types_, from, to, {}, false);
    return make(Op::UnionNew, to, span, {convert(value, to->elements[place], mode, span)});
  }
  if (!converts_by_branches(from, to))
    return make(Op::Retag, to, span, {value});
  Block *merge = add_block(current_->loop_depth);
  Inst *result = add_param(merge, to, span);
  for (uint32_t k = 0; k < from->elements.size(); ++k) {
    Block *no = nullptr;
    if (k + 1 < from->elements.size()) {
      Block *yes = add_block(current_->loop_depth);
      no = add_block(current_->loop_depth);
      branch(test(value, 1u << k, span), yes, no, span);
      start(yes);
    }
    Inst *converted = convert(get(value, k, span), to, mode, span);
    jump(merge, {converted}, span);
    if (no)
      start(no);
  }
  start(merge);
  return result;
}

Inst *Reify::make_callable(Inst *value, const Type *to, Span span) {
  Inst *cell = make(Op::CellNew, types_.cell(value->type), span, {value});
  Inst *made = make(Op::CallableNew, to, span, {cell});
  made->refer_to(&inference_.specialise_callable(value->type, to));
  return made;
}

} // namespace kiln
