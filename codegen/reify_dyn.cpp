// Dynamic values in typed KIR.
#include "codegen/reify_body.h"
#include "codegen/type_resolve.h"

namespace kiln {

Inst *Reify::emit_dyn_test(const Inst &inst) {
  Inst *made = make(Op::DynTest, types_.boolean, inst, {use(inst.args[0])});
  Diagnostics reported; // By inference.
  TypeResolver resolver(types_, inference_.names(), reported, from_.from_library);
  made->count = inst.count;
  if (inst.type_expr())
    made->refer_to(resolver.resolve(inst.type_expr()));
  else if (inst.count == 0)
    made->refer_to(types_.none);
  return made;
}

/// The site's operands without the constants, and what comes back as the type that is known of it.
Inst *Reify::emit_call_dyn(const Inst &inst) {
  std::vector<DynSite::Operand> operands;
  std::vector<Inst *> args;
  for (const Inst *arg : inst.args) {
    const Abstract &value = known(arg);
    operands.push_back({concrete(value.type), value.constant, value.literal});
    if (!value.constant)
      args.push_back(use(arg));
  }
  Inst *made = make(Op::CallDyn, types_.dyn, inst, args);
  made->refer_to(&inference_.dyn_site(inst, specialisation_, std::move(operands)));
  const Type *result = result_.dynamic.at(inst.id);
  if (result->is(TypeKind::Dyn))
    return made;
  if (result->is(TypeKind::None))
    return constant(types_.none, {}, inst.span);
  return make(Op::DynGet, result, inst, {made});
}

} // namespace kiln
