// Types of broadcasts: the operation is specialised for the elements of its operands.
#include "codegen/body_inference.h"

#include <algorithm>

namespace kiln {

Abstract BodyInference::broadcast_element(const Inst &inst, size_t first_operand, uint32_t &rank) {
  std::vector<const Type *> elements;
  for (size_t i = first_operand; i < inst.args.size(); ++i) {
    const Type *type = settle(value(inst.args[i]).type);
    bool unknown = is_open(type) || (settle_open_ && type->is_array() && type->element()->is(TypeKind::None));
    if (unknown) {
      if (settle_open_)
        diagnostics_.report<Diag::OpenArray>(inst.args[i]->span).help("give it one where it is made, as in `[f64]()`");
      return error_value(inst);
    }
    if (type->is_array())
      rank = std::max(rank, type->rank), type = type->element();
    else if (type->is(TypeKind::Range))
      rank = std::max(rank, 1u), type = types_.i64;
    elements.push_back(type);
  }
  if (!inst.function())
    return of(elements.front(), inst);
  Specialisation &operation = inference_.specialise(*inst.function(), elements);
  specialisation_.callees.push_back(&operation);
  for (const Diagnostic &error : operation.errors)
    diagnostics_.add(error);
  CallPlan &made = plan(inst);
  made = {};
  made.kind = CallPlan::Direct;
  made.callee = &operation;
  made.operands = elements;
  made.result = operation.result;
  return of(operation.result, inst);
}

Abstract BodyInference::rule_broadcast(const Inst &inst) {
  uint32_t rank = 0;
  Abstract element = broadcast_element(inst, 0, rank);
  if (rank == 0 || element.is(TypeKind::Error) || element.is(TypeKind::Never) || element.is(TypeKind::None))
    return element;
  return of(types_.array(element.type, rank), inst);
}

Abstract BodyInference::rule_broadcast_store(const Inst &inst) {
  const Abstract &target = value(inst.args[0]);
  if (!target.type->is_array()) {
    diagnostics_.report<Diag::BroadcastTarget>(inst.op_span, ".=", target.type)
        .help(target.is(TypeKind::Str) ? "strings do not change; build a new one" : "to assign a variable write `=`");
    return error_value(inst);
  }
  uint32_t rank = 0;
  Abstract element = broadcast_element(inst, 1, rank);
  if (element.is(TypeKind::Error))
    return element;
  if (rank > target.type->rank) {
    diagnostics_.report<Diag::BroadcastRank>(inst.span, types_.array(element.type, rank), target.type);
    return error_value(inst);
  }
  const Inst *last = inst.args.back();
  if (!inst.function() && value(last).type == element.type) // A scalar: what is known of it decides how it converts.
    element = value(last);
  if (raise_open(target.type, element, inst.span) || element.is(TypeKind::Never))
    return of(types_.none, inst);
  if (!convertible(element, target.type->element())) {
    report_store(inst, element, target.type->element(), "an element");
    return error_value(inst);
  }
  return of(types_.none, inst);
}

} // namespace kiln
