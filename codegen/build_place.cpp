// Assignment to elements and fields: `a[i, j] = v`, `p.x += v`, `ps[i].a.b = v`.
#include "codegen/build_body.h"

#include <algorithm>

namespace kiln {

/// Root and indices are evaluated once, before the value.
void BodyBuilder::assign_place(const Pattern &target, const AssignStmt &statement) {
  Place place = open_place(target);
  if (!statement.compound) return store_place(place, build(statement.value));
  Inst *before = place.base;
  for (Place::Step &step : place.steps) before = read_step(before, step);
  store_place(place, emit_binary(statement.op, statement.span, statement.op_span, before, build(statement.value)));
}

BodyBuilder::Place BodyBuilder::open_place(const Pattern &target) {
  Place place{target.place, nullptr, {}, target.span};
  while (place.root->kind == ExprKind::Index || place.root->kind == ExprKind::Field) {
    place.steps.push_back({place.root, {}, nullptr});
    place.root = left_operand(place.root);
  }
  std::reverse(place.steps.begin(), place.steps.end());
  place.base = build(place.root);
  for (Place::Step &step : place.steps)
    if (const IndexExpr *index = as<IndexExpr>(step.expr))
      for (const Expr *of : index->indices) step.indices.push_back(build(of));
  return place;
}

/// Where the step leads through a map, its key is looked up the first time only.
Inst *BodyBuilder::read_step(Inst *base, Place::Step &step) {
  std::vector<Inst *> args = {base};
  args.insert(args.end(), step.indices.begin(), step.indices.end());
  const FieldExpr *field = as<FieldExpr>(step.expr);
  if (!field && !step.found) step.found = ssa_.add(Op::Find, step.expr->span, args);
  Inst *read = ssa_.add(field ? Op::Field : Op::Index, step.expr->span, args);
  read->refer_to(step.found);
  if (field) {
    read->name = keep(field->name.text);
    read->op_span = field->name.span;
  }
  return read;
}

/// What the steps lead through is read when the value is there, which may have changed it; then the new value of each is
/// stored in the one before, up to the root or an array: a struct in it has its new field there at once.
void BodyBuilder::store_place(Place &place, Inst *value) {
  for (const Place::Step &step : place.steps)
    if (step.expr->kind == ExprKind::Index && step.indices.empty()) return; // Reported by the parser.
  const NameExpr *variable = updated_variable(place.steps.back().expr);
  bool is_local = variable && context_.resolution.variable(variable);
  bool has_root = is_local || (variable && context_.resolution.is_stored_global(variable));
  if (variable) place.base = build(variable);
  std::vector<Inst *> bases = {place.base};
  for (size_t i = 0; i + 1 < place.steps.size(); ++i) bases.push_back(read_step(bases.back(), place.steps[i]));

  bool writes_back = false;
  for (size_t i = place.steps.size(); i-- > 0; writes_back = true) {
    const Place::Step &step = place.steps[i];
    std::vector<Inst *> args = {bases[i]};
    args.insert(args.end(), step.indices.begin(), step.indices.end());
    args.push_back(value);
    const FieldExpr *field = as<FieldExpr>(step.expr);
    value = ssa_.add(field ? Op::SetField : Op::SetIndex, step.expr->span, args);
    value->writes_back = writes_back;
    value->refer_to(step.found);
    if (!field) return;
    value->name = keep(field->name.text);
    value->op_span = field->name.span;
    value->stored = i > 0 || has_root;
  }
  if (has_root) write_back(*variable, place.span, value);
}

void BodyBuilder::write_back(const NameExpr &root, Span span, Inst *value) {
  Variable *variable = context_.resolution.variable(&root);
  if (variable && !variable->cell) return write(variable, value, span);
  Inst *store = variable ? ssa_.add(Op::CellSet, span, {ssa_.read(variable, span), value})
                         : ssa_.add(Op::StoreGlobal, span, {value});
  store->name = variable ? keep(root.name) : key_of(root.name, root.span);
  store->writes_back = true;
}

} // namespace kiln
