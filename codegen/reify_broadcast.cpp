#include "codegen/reify_broadcast.h"

#include <algorithm>

namespace kiln {

Inst *Reify::emit_broadcast(const Inst &inst) {
  return BroadcastLoop(*this, inst, &result_.plans.at(inst.id), nullptr).run();
}

void Reify::emit_broadcast_store(const Inst &inst) {
  auto plan = result_.plans.find(inst.id);
  BroadcastLoop(*this, inst, plan == result_.plans.end() ? nullptr : &plan->second, use(inst.args[0])).run();
}

BroadcastLoop::BroadcastLoop(Reify &reify, const Inst &inst, const CallPlan *plan, Inst *target)
    : reify_(reify), types_(reify.types_), inst_(inst), plan_(plan), target_(target),
      depth_(reify.current_->loop_depth) {
  for (size_t i = target ? 1 : 0; i < inst.args.size(); ++i) {
    Inst *value = reify.use(inst.args[i]);
    const Type *type = value->type;
    uint32_t rank = type->is_array() ? type->rank : type->is(TypeKind::Range) ? 1 : 0;
    operands_.push_back({value, rank, {}, {}});
    rank_ = std::max(rank_, rank);
  }
  const Type *made = plan ? reify.concrete(plan->result) : types_.none;
  if (target)
    rank_ = target->type->rank, element_type_ = target->type->element();
  else
    element_type_ = made->is(TypeKind::Never) ? types_.none : made;
}

Inst *BroadcastLoop::run() {
  if (rank_ == 0) {
    std::vector<Inst *> values;
    for (const Operand &operand : operands_) values.push_back(operand.value);
    return operate(values);
  }
  // Elements that a store would overwrite before they are read are copied first.
  for (Operand &operand : operands_)
    if (target_ && operand.rank > 0 && operand.value != target_ && operand.value->type->is_array() &&
        operand.value->type->element() == target_->type->element())
      operand.value = reify_.intrinsic(IntrinsicKind::Apart, operand.value->type, inst_, {target_, operand.value});
  if (target_) operands_.insert(operands_.begin(), {target_, rank_, {}, {}}); // Its shape counts; visit() passes it over.
  find_extents();

  auto full = [this](const Operand &operand) { return operand.rank == 0 || operand.rank == rank_; };
  auto another = [this](const Operand &operand) { return operand.rank > 0 && operand.value != first_array().value; };
  bool may_be_in_step = std::ranges::all_of(operands_, full);
  bool may_be_nested = !may_be_in_step || std::ranges::any_of(operands_, another);
  Block *done = new_block(depth_), *nested = may_be_nested ? new_block(depth_) : nullptr;
  bool has_value = !target_ && !element_type_->is(TypeKind::None);
  const Type *type = has_value ? types_.array(element_type_, rank_) : types_.none;
  Inst *value = has_value ? reify_.to_->make(Op::Param, inst_.span) : nullptr;
  if (value) value->type = type, value->block = done, done->params.push_back(value);
  if (may_be_in_step) {
    if (nested) branch_unless_in_step(nested);
    run_in_step(done);
  } else {
    jump(nested);
  }
  if (nested) {
    enter(nested);
    run_nested(done);
  }
  enter(done);
  if (!target_ && plan_ && plan_->result->is(TypeKind::Never)) { // There were no elements to stop at.
    Constant message = Constant::of_text("a broadcast of an operation that never gives a value had no elements");
    Inst *text = reify_.constant(types_.str, message, inst_.span);
    return reify_.intrinsic(IntrinsicKind::Error, types_.never, inst_, {text});
  }
  return value ? value : reify_.constant(types_.none, {}, inst_.span);
}

// --- shapes ---

const BroadcastLoop::Operand &BroadcastLoop::first_array() const {
  return *std::ranges::find_if(operands_, [](const Operand &operand) { return operand.rank > 0; });
}

void BroadcastLoop::find_extents() {
  for (Operand &operand : operands_)
    for (uint32_t d = 0; d < operand.rank; ++d) {
      bool plain = operand.rank == 1;
      std::vector<Inst *> args{operand.value};
      if (!plain) args.push_back(reify_.integer(d, inst_.span));
      Inst *extent =
          reify_.intrinsic(plain ? IntrinsicKind::Length : IntrinsicKind::Dimension, types_.i64, inst_, args);
      extent->unchecked = true;
      operand.extents.push_back(extent);
    }
}

void BroadcastLoop::branch_unless_in_step(Block *nested) {
  const Operand &first = first_array();
  for (const Operand &operand : operands_) {
    if (operand.value == first.value) continue;
    for (uint32_t d = 0; d < operand.rank; ++d) {
      Block *same = new_block(depth_);
      branch(compare(BinaryOp::Equal, operand.extents[d], first.extents[d]), same, nested);
      enter(same);
    }
  }
}

Inst *BroadcastLoop::make_result(const std::vector<Inst *> &extents) {
  if (target_) return target_;
  if (element_type_->is(TypeKind::None)) return nullptr;
  return reify_.make(Op::ArrayRaw, types_.array(element_type_, rank_), inst_, extents);
}

// --- loops ---

void BroadcastLoop::run_in_step(Block *done) {
  const Operand &first = first_array();
  Inst *result = make_result(first.extents);
  Inst *length = rank_ == 1 ? first.extents[0] : reify_.intrinsic(IntrinsicKind::Length, types_.i64, inst_, {first.value});
  Block *header = new_block(depth_ + 1, true), *body = new_block(depth_ + 1), *exit = new_block(depth_);
  jump(header, {zero()});
  enter(header);
  Inst *k = reify_.add_param(header, types_.i64, inst_.span);
  branch(compare(BinaryOp::Less, k, length), body, exit);
  enter(body);
  if (visit(result, k, [k](const Operand &) { return k; }))
    jump(header, {next(k)});
  else
    header->loop_header = false;
  enter(exit);
  jump(done, done->params.empty() ? std::vector<Inst *>{} : std::vector{result});
}

void BroadcastLoop::run_nested(Block *done) {
  std::vector<Inst *> words, extents;
  for (const Operand &operand : operands_) {
    if (operand.rank == 0) continue;
    words.push_back(reify_.integer(operand.rank, inst_.span));
    words.insert(words.end(), operand.extents.begin(), operand.extents.end());
  }
  if (target_) {
    reify_.intrinsic(IntrinsicKind::CheckShapes, types_.none, inst_, std::move(words));
    extents = operands_.front().extents;
  } else {
    std::vector<const Type *> parts(rank_, types_.i64);
    Inst *shape = reify_.intrinsic(IntrinsicKind::CommonShape, types_.tuple(parts), inst_, std::move(words));
    for (uint32_t d = 0; d < rank_; ++d) {
      Inst *extent = reify_.make(Op::TupleGet, types_.i64, inst_, {shape});
      extent->index = d;
      extents.push_back(extent);
    }
  }
  Inst *one = reify_.integer(1, inst_.span);
  for (Operand &operand : operands_)
    for (Inst *extent : operand.extents)
      operand.strides.push_back(reify_.convert_by(compare(BinaryOp::NotEqual, extent, one), types_.i64, Conversion::Exact,
                                                  inst_.span));
  Inst *result = make_result(extents);

  // One loop inside the other; each knows the place in its operands so far.
  std::vector<Block *> headers, exits;
  std::vector<Inst *> counters;
  Inst *place = nullptr;
  for (uint32_t d = 0; d < rank_; ++d) {
    headers.push_back(new_block(depth_ + d + 1, true));
    exits.push_back(new_block(depth_ + d));
    Block *body = new_block(depth_ + d + 1);
    jump(headers[d], {zero()});
    enter(headers[d]);
    Inst *k = reify_.add_param(headers[d], types_.i64, inst_.span);
    counters.push_back(k);
    branch(compare(BinaryOp::Less, k, extents[d]), body, exits[d]);
    enter(body);
    auto add = [&](Inst *before, Inst *extent, Inst *index) {
      return before ? arithmetic(BinaryOp::Add, arithmetic(BinaryOp::Multiply, before, extent), index) : index;
    };
    place = add(place, extents[d], k);
    for (Operand &operand : operands_) {
      uint32_t skipped = rank_ - operand.rank; // Dimensions that it does not have.
      if (operand.rank == 0 || d < skipped) continue;
      Inst *index = arithmetic(BinaryOp::Multiply, k, operand.strides[d - skipped]);
      operand.place = add(operand.place, operand.extents[d - skipped], index);
    }
  }
  bool goes_on = visit(result, place, [](const Operand &operand) { return operand.place; });
  for (uint32_t d = rank_; d-- > 0;) {
    if (goes_on || d + 1 < rank_)
      jump(headers[d], {next(counters[d])});
    else
      headers[d]->loop_header = false;
    enter(exits[d]);
  }
  jump(done, done->params.empty() ? std::vector<Inst *>{} : std::vector{result});
}

// --- one element ---

Inst *BroadcastLoop::element(const Operand &operand, Inst *k) {
  if (operand.rank == 0) return operand.value;
  if (operand.value->type->is(TypeKind::Range)) return reify_.make(Op::RangeGet, types_.i64, inst_, {operand.value, k});
  return reify_.make(Op::LinearGet, operand.value->type->element(), inst_, {operand.value, k});
}

Inst *BroadcastLoop::operate(const std::vector<Inst *> &elements) {
  if (!plan_) return elements.front();
  Inst *made = reify_.make(Op::CallDirect, reify_.concrete(plan_->result), inst_, elements);
  made->refer_to(plan_->callee);
  return made;
}

template <typename Index>
bool BroadcastLoop::visit(Inst *result, Inst *k, Index index) {
  std::vector<Inst *> elements;
  for (size_t i = target_ ? 1 : 0; i < operands_.size(); ++i) elements.push_back(element(operands_[i], index(operands_[i])));
  Inst *value = operate(elements);
  if (value->type->is(TypeKind::Never)) {
    reify_.current_->end.kind = TermKind::Unreachable;
    reify_.current_->end.span = inst_.span;
    return false;
  }
  if (!result) return true;
  bool scalar_itself = !plan_ && operands_.back().rank == 0; // What is known of it decides how it converts.
  Inst *stored = scalar_itself ? reify_.use_as(inst_.args.back(), element_type_, Reify::Mode::Store)
                               : reify_.convert(value, element_type_, Reify::Mode::Store, inst_.span);
  reify_.make(Op::LinearSet, types_.none, inst_, {result, k, stored});
  return true;
}

// --- blocks ---

Block *BroadcastLoop::new_block(uint32_t depth, bool header) {
  Block *block = reify_.add_block(depth);
  block->loop_header = header;
  reify_.to_->has_loop |= header;
  return block;
}

Inst *BroadcastLoop::arithmetic(BinaryOp op, Inst *left, Inst *right) {
  Inst *made = reify_.make(Op::Binary, types_.i64, inst_, {left, right});
  made->binary_op = op;
  made->unchecked = true; // Places in arrays that exist.
  return made;
}

Inst *BroadcastLoop::compare(BinaryOp op, Inst *left, Inst *right) {
  Inst *made = reify_.make(Op::Binary, types_.boolean, inst_, {left, right});
  made->binary_op = op;
  return made;
}

} // namespace kiln
