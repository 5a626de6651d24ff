// Structs and classes: construction and fields.
#include "codegen/reify_body.h"

namespace kiln {

Inst *Reify::emit_construct(const Inst &inst, const CallPlan &plan) {
  std::vector<Inst *> fields;
  add_operands(inst, plan, fields);
  bool is_class = plan.result->is(TypeKind::Class);
  return make(is_class ? Op::ObjectNew : Op::Tuple, plan.result, inst, std::move(fields));
}

Inst *Reify::get_part(Inst *base, uint32_t part, const Inst &origin) {
  Op op = base->type->is(TypeKind::Class) ? Op::ObjectGet : Op::TupleGet;
  Inst *made = make(op, base->type->parts()[part], origin.span, {base});
  made->index = part;
  return made;
}

Inst *Reify::emit_field(const Inst &inst) {
  return get_part(use(inst.args[0]), *type_of(inst.args[0])->part(inst.name), inst);
}

/// Whether an instruction only puts back what has not changed: an object whose field was assigned.
bool Reify::is_written_back(const Inst &inst) const {
  return inst.writes_back && result_.keeps_base(*inst.args.back());
}

Inst *Reify::emit_set_field(const Inst &inst) {
  Inst *base = use(inst.args[0]);
  if (is_written_back(inst))
    return base;
  uint32_t part = *base->type->part(inst.name);
  Inst *stored = use_as(inst.args[1], base->type->parts()[part], Mode::Store);
  bool is_class = base->type->is(TypeKind::Class);
  Inst *made = make(is_class ? Op::ObjectSet : Op::TupleSet, is_class ? types_.none : base->type, inst.span, {base, stored});
  made->index = part;
  return is_class ? base : made;
}

} // namespace kiln
