// Structs, classes and maps: construction and fields.
#include "codegen/reify_body.h"

namespace kiln {

Inst *Reify::emit_construct(const Inst &inst, const CallPlan &plan) {
  if (plan.result->is(TypeKind::Map)) return emit_new_map(concrete(plan.result), inst);
  std::vector<Inst *> fields;
  add_operands(inst, plan, fields);
  bool is_class = plan.result->is(TypeKind::Class);
  return make(is_class ? Op::ObjectNew : Op::Tuple, plan.result, inst, std::move(fields));
}

/// An empty map: all of its fields are empty arrays and zeros.
Inst *Reify::emit_new_map(const Type *type, const Inst &origin) {
  std::vector<Inst *> fields;
  for (const Type *field : type->fields)
    fields.push_back(field->is_array() ? make(Op::ArrayNew, field, origin.span) : integer(0, origin.span));
  return make(Op::ObjectNew, type, origin.span, std::move(fields));
}

/// `stores`: of the function that stores an entry.
Inst *Reify::emit_map(const Inst &inst, const CallPlan *stores) {
  const Type *type = type_of(&inst);
  Inst *map = emit_new_map(type, inst);
  for (size_t i = 0; i < inst.args.size(); i += 2) {
    Inst *key = use_as(inst.args[i], type->key(), Mode::Store);
    Inst *stored = use_as(inst.args[i + 1], type->mapped(), Mode::Store);
    make(Op::CallDirect, types_.none, inst.args[i]->span, {map, key, stored})->refer_to(stores->callee);
  }
  return map;
}

Inst *Reify::get_part(Inst *base, uint32_t part, const Inst &origin) {
  Op op = base->type->is_object() ? Op::ObjectGet : Op::TupleGet;
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
  bool is_object = base->type->is_object();
  Inst *made = make(is_object ? Op::ObjectSet : Op::TupleSet, is_object ? types_.none : base->type, inst.span, {base, stored});
  made->index = part;
  return is_object ? base : made;
}

} // namespace kiln
