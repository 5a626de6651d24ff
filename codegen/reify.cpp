#include "codegen/reify_body.h"

#include <cassert>

namespace kiln {

std::unique_ptr<KirFunction> reify(Inference &inference, Specialisation &specialisation) {
  return Reify(inference, specialisation).run();
}

namespace {

/// What the typed copy of a body will take: most instructions have one of their own there, with an operand.
size_t size_of_copy(const KirFunction &untyped) {
  return untyped.inst_count() * (sizeof(Inst) + sizeof(Inst *)) + untyped.blocks.size() * (sizeof(Block) + 2 * sizeof(Block *));
}

} // namespace

Reify::Reify(Inference &inference, Specialisation &specialisation)
    : inference_(inference), types_(inference.types()), specialisation_(specialisation), from_(*specialisation.function),
      result_(*specialisation.inferred), to_(std::make_unique<KirFunction>(size_of_copy(from_))) {}

std::unique_ptr<KirFunction> Reify::run() {
  to_->name = from_.name;
  to_->span = from_.span;
  to_->name_span = from_.name_span;
  to_->captures = from_.captures;
  to_->is_lambda = from_.is_lambda;
  to_->is_unit = from_.is_unit;
  to_->has_loop = from_.has_loop;
  to_->regions = from_.regions;
  to_->from_library = from_.from_library;
  to_->fused = from_.fused;
  to_->typed = true;
  to_->insts.reserve(from_.inst_count());
  map_.resize(from_.inst_count());
  make_blocks();
  for (const Block *block : from_.blocks)
    if (blocks_[block->id])
      copy_block(*block);
  for (size_t i = 0; i < to_->blocks.size(); ++i)
    to_->blocks[i]->id = static_cast<uint32_t>(i);
#ifndef NDEBUG
  std::string wrong = verify_kir(*to_);
  if (!wrong.empty())
    fprintf(stderr, "typed KIR of %s: %s\n%s", specialisation_.display.c_str(), wrong.c_str(), print_kir(*to_, inference_.sources()).c_str());
  assert(wrong.empty());
#endif
  return std::move(to_);
}

bool Reify::kept(const Inst *param) const {
  const Abstract &value = known(param);
  return value.usable() && !value.is(TypeKind::Error) && !value.is(TypeKind::Never);
}

void Reify::make_blocks() {
  blocks_.resize(from_.blocks.size());
  for (const Block *block : from_.blocks) {
    if (!result_.blocks[block->id].reached)
      continue;
    Block *made = blocks_[block->id] = to_->make_block();
    made->loop_depth = block->loop_depth;
    made->region = block->region;
    bool entry = block == from_.entry();
    for (const Inst *param : block->params) {
      if (!entry && (!kept(param) || known(param).constant))
        continue;
      Inst *copy = to_->make(Op::Param, param->span);
      copy->type = type_of(param);
      copy->name = param->name;
      copy->block = made;
      made->params.push_back(copy);
      map_[param->id] = copy;
    }
  }
}

void Reify::copy_block(const Block &from) {
  copied_ = &from;
  current_ = blocks_[from.id];
  to_->blocks.push_back(current_);
  current_->insts.reserve(from.insts.size());
  if (&from == from_.entry())
    for (auto [before, after] : result_.entry_conversions) {
      Inst *load = make(Op::LoadGlobal, concrete(before->type), from_.span);
      load->refer_to(before);
      Inst *store = make(Op::StoreGlobal, types_.none, from_.span, {convert(load, concrete(after->type), Mode::Store, from_.span)});
      store->refer_to(after);
    }
  for (const Inst *inst : from.insts) {
    emit(*inst);
    if (result_.blocks[from.id].end == inst->id) {
      current_->end.kind = TermKind::Unreachable;
      current_->end.span = inst->span;
      return;
    }
  }
  end_block(from);
}

void Reify::end_block(const Block &from) {
  const Terminator &end = from.end;
  Terminator &made = current_->end;
  made.span = end.span;
  auto [yes, no] = result_.blocks[from.id].taken;
  switch (end.kind) {
  case TermKind::None:
  case TermKind::Unreachable: made.kind = TermKind::Unreachable; return;
  case TermKind::Return: {
    Inst *value = use_as(end.value, concrete(specialisation_.result), Mode::Store); // May go on in another block.
    current_->end.kind = TermKind::Return;
    current_->end.value = value;
    current_->end.span = end.span;
    return;
  }
  case TermKind::Jump: fill_jump(end.edges[0], end.span); return;
  case TermKind::Try:
    made.kind = TermKind::Try;
    fill_edge(end.edges[0], 0);
    fill_edge(end.edges[1], 1);
    return;
  case TermKind::Branch:
    if (yes && no) {
      made.kind = TermKind::Branch;
      made.value = use(end.value);
      fill_edge(end.edges[0], 0);
      fill_edge(end.edges[1], 1);
      return;
    }
    fill_jump(end.edges[yes ? 0 : 1], end.span);
    return;
  }
}

std::vector<Inst *> Reify::edge_values(const Edge &from) {
  std::vector<Inst *> args;
  for (size_t i = 0; i < from.args.size(); ++i) {
    const Inst *param = from.target->params[i];
    if (map_[param->id])
      args.push_back(use_as(from.args[i], type_of(param), Mode::Store));
  }
  return args;
}

Block *Reify::edge_target(const Edge &from) {
  Block *target = blocks_[from.target->id];
  if (from.target->id <= copied_->id)
    target->loop_header = true;
  return target;
}

void Reify::fill_jump(const Edge &from, Span span) {
  std::vector<Inst *> args = edge_values(from); // May go on in another block.
  jump(edge_target(from), std::move(args), span);
}

/// A conversion that can fail or branches belongs to its edge alone: it gets a block of its own there.
void Reify::fill_edge(const Edge &from, int which) {
  bool apart = false;
  for (size_t i = 0; i < from.args.size(); ++i) {
    const Inst *param = from.target->params[i];
    if (!map_[param->id])
      continue;
    const Abstract &value = known(from.args[i]);
    apart |= !value.constant && value.type->is_integer() && known(param).type->is_float() &&
             store_conversion(value.type, known(param).type, {}, false) != Conversion::Exact;
    bool parts = value.type->is_record() || value.is(TypeKind::Union) || known(param).is(TypeKind::Union);
    apart |= parts && value.type != known(param).type;
  }
  Block *source = current_;
  if (!apart) {
    std::vector<Inst *> args = edge_values(from);
    source->end.edges[which] = {edge_target(from), std::move(args)};
    return;
  }
  Block *own = add_block(blocks_[from.target->id]->loop_depth);
  source->end.edges[which] = {own, {}};
  start(own);
  fill_jump(from, source->end.span);
  current_ = source;
}

// --- building blocks ---

const Type *Reify::concrete(const Type *type) const {
  switch (type->kind) {
  case TypeKind::Open: return types_.none;
  case TypeKind::Array: return types_.array(concrete(type->element()), type->rank);
  case TypeKind::Map: return types_.map(concrete(type->key()), type->mapped()->is(TypeKind::Open) ? types_.never : concrete(type->mapped())); // No set.
  case TypeKind::Cell: return types_.cell(concrete(type->element()), type->site);
  case TypeKind::Union: {
    std::vector<const Type *> alternatives;
    for (const Type *alternative : type->elements)
      alternatives.push_back(concrete(alternative));
    return types_.union_of(alternatives);
  }
  case TypeKind::Tuple:
  case TypeKind::Lambda: {
    std::vector<const Type *> elements;
    for (const Type *element : type->elements)
      elements.push_back(concrete(element));
    return type->is(TypeKind::Tuple) ? types_.tuple(elements, type->names) : types_.lambda(type->lambda, elements);
  }
  default: return type;
  }
}

Inst *Reify::make(Op op, const Type *type, Span span, std::span<Inst *const> args) {
  Inst *inst = to_->make(op, span, args);
  inst->type = type;
  inst->block = current_;
  current_->insts.push_back(inst);
  return inst;
}

Inst *Reify::make(Op op, const Type *type, const Inst &origin, std::span<Inst *const> args) {
  Inst *inst = make(op, type, origin.span, args);
  inst->op_span = origin.op_span;
  inst->binary_op = origin.binary_op;
  inst->unary_op = origin.unary_op;
  inst->name = origin.name;
  inst->index = origin.index;
  return inst;
}

Inst *Reify::constant(const Type *type, const Constant &value, Span span) {
  Inst *inst = make(Op::Const, type, span);
  inst->constant = value;
  return inst;
}

Inst *Reify::integer(int64_t value, Span span) { return constant(types_.i64, Constant::of_int(value), span); }

Inst *Reify::intrinsic(IntrinsicKind kind, const Type *type, const Inst &origin, std::span<Inst *const> args) {
  Inst *inst = make(Op::Intrinsic, type, origin, args);
  inst->intrinsic = kind;
  return inst;
}

Inst *Reify::use(const Inst *inst) {
  const Abstract &value = known(inst);
  if (value.constant)
    return constant(concrete(value.type), *value.constant, inst->span);
  if (!map_[inst->id]) // A value without bits: a function's name.
    return constant(concrete(value.type), {}, inst->span);
  return map_[inst->id];
}

Inst *Reify::use_as(const Inst *inst, const Type *type, Mode mode) {
  const Abstract &value = known(inst);
  if (value.constant && value.type != type)
    if (auto converted = convert_constant(*value.constant, value.type, type))
      return constant(type, *converted, inst->span);
  if (value.constant && type->is_union() && !value.is(TypeKind::Union)) {
    auto place = alternative_for(types_, value.type, type, value.constant, value.literal);
    return make(Op::UnionNew, type, inst->span, {use_as(inst, type->elements[*place], mode)});
  }
  return convert(use(inst), type, mode, inst->span);
}

Inst *Reify::convert_by(Inst *value, const Type *to, Conversion conversion, Span span) {
  if (value->type == to)
    return value;
  Inst *inst = make(Op::Convert, to, span, {value});
  inst->conversion = conversion;
  return inst;
}

Inst *Reify::convert(Inst *value, const Type *to, Mode mode, Span span) {
  const Type *from = value->type;
  if (from == to || to->is(TypeKind::Never))
    return value;
  if (from->is_union() || to->is_union())
    return convert_union(value, to, mode, span);
  if (to->is(TypeKind::Dyn)) {
    inference_.note_stored(from);
    return make(Op::DynNew, to, span, {value});
  }
  if (from->is_array())
    return value;
  if (to->is(TypeKind::Callable))
    return make_callable(value, to, span);
  if (from->is_record()) {
    std::vector<Inst *> elements;
    for (size_t i = 0; i < from->elements.size(); ++i) {
      Inst *element = make(Op::TupleGet, from->elements[i], span, {value});
      element->index = static_cast<uint32_t>(i);
      elements.push_back(convert(element, to->elements[i], mode, span));
    }
    return make(Op::Tuple, to, span, std::move(elements));
  }
  if (from->is(TypeKind::Bool))
    return convert_by(value, to, Conversion::Exact, span);
  std::optional<Conversion> conversion = store_conversion(from, to, {}, false);
  // Promotion rounds where a store would check.
  if (mode == Mode::Promote && from->is_integer() && to->is_float() && conversion != Conversion::Exact)
    conversion = Conversion::Rounding;
  if (!conversion)
    conversion = Conversion::Rounding;
  return convert_by(value, to, *conversion, span);
}

} // namespace kiln
